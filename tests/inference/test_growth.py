import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.inference.scope.growth import GROWTH_COLUMNS, Series, growth, write_growth
from pitscape.inference.scope.octants import OCTANTS, azimuths, octant_of, sectors

UTM = GeoBox((101, 101), Affine(10, 0, 500_000 - 505, 0, -10, 4_900_505), "EPSG:32650")  # on the central meridian
DEGREES = GeoBox((101, 101), Affine(1e-4, 0, 117 - 50.5e-4, 0, -1e-4, 44 + 50.5e-4), "EPSG:4326")
MINED, VEGETATED, UNOBSERVED = 0, 2, 255


def followed(folder: Path, epochs: Sequence[np.ndarray], grid: GeoBox = UTM, *, least_ha: float = 0.2) -> Series:
    with ExitStack() as stack:
        maps = []
        for number, ids in enumerate(epochs):
            save_class_map(folder / f"{number}.tif", ids, grid, load_legend())
            maps.append(stack.enter_context(open_class_map(folder / f"{number}.tif")))
        return growth(maps, [str(number) for number in range(len(epochs))], least_ha=least_ha)


def land(*mined: tuple[slice, slice]) -> np.ndarray:
    ids = np.full((101, 101), VEGETATED, np.uint8)
    for place in mined:
        ids[place] = MINED
    return ids


START = (slice(48, 53), slice(48, 53))  # its centroid is the middle of cell (50, 50)
EAST = (slice(48, 53), slice(53, 63))
NORTH = (slice(38, 48), slice(48, 53))


@pytest.mark.parametrize("grid", [UTM, DEGREES])
def test_growth_goes_where_the_new_land_lies(grid: GeoBox, tmp_path: Path) -> None:
    series = followed(tmp_path, [land(), land(START), land(START, EAST), land(START, EAST, NORTH)], grid)
    opening, east, north = series.pairs
    assert (opening.opening, opening.direction) == (True, None)
    assert (east.direction, north.direction) == ("E", "N")
    assert east.azimuth_deg == pytest.approx(90, abs=0.5)
    assert min(north.azimuth_deg, 360 - north.azimuth_deg) < 0.5
    assert series.origin == pytest.approx((117, 44 if grid is DEGREES else series.origin[1]), abs=1e-9)


def test_the_mean_vector_is_that_of_hand_calculation(tmp_path: Path) -> None:
    ids = land(START)
    ids[50, 60], ids[60, 50], ids[40, 50] = MINED, MINED, MINED  # one cell east, one south, one north
    (pair,) = followed(tmp_path, [land(START), ids], least_ha=0).pairs
    assert pair.concentration == pytest.approx(1 / 3, abs=1e-3)
    assert pair.azimuth_deg == pytest.approx(90, abs=0.1)
    assert [round(km2 * 1e4, 2) for km2 in pair.octants_km2] == [1, 0, 1, 0, 1, 0, 0, 0]


def test_land_that_grows_on_all_sides_has_no_clear_direction(tmp_path: Path) -> None:
    pair = followed(tmp_path, [land(START), land((slice(40, 61), slice(40, 61)))]).pairs[0]
    assert pair.concentration < 0.01
    assert pair.direction is None


def test_no_new_land_has_no_direction(tmp_path: Path) -> None:
    pair = followed(tmp_path, [land(START), land(START)]).pairs[0]
    assert (pair.new_km2, pair.direction) == (0, None)
    assert math.isnan(pair.azimuth_deg)


def test_land_mined_again_is_not_new(tmp_path: Path) -> None:
    series = followed(tmp_path, [land(START), land(START, EAST), land(START), land(START, EAST)])
    assert [round(pair.new_km2 * 1e4) for pair in series.pairs] == [50, 0, 0]
    assert series.since_first is not None
    assert series.since_first.new_km2 == pytest.approx(series.pairs[0].new_km2)


def test_land_first_seen_when_mined_is_told_and_not_counted(tmp_path: Path) -> None:
    first = land(START)
    first[EAST] = UNOBSERVED
    pair = followed(tmp_path, [first, land(START, EAST)]).pairs[0]
    assert pair.new_km2 == 0
    assert pair.first_seen_km2 == pytest.approx(50e-4, rel=1e-2)


def test_specks_before_the_mine_opens_do_not_set_its_place(tmp_path: Path) -> None:
    speck = (slice(90, 93), slice(5, 8))  # 0.09 ha far away, and one cell within the pit to come
    inside = (slice(50, 51), slice(60, 61))
    series = followed(tmp_path, [land(speck, inside), land(START), land(START, EAST)])
    assert series.first == "1"
    assert series.origin == pytest.approx((117, series.origin[1]), abs=1e-9)
    opening, east = series.pairs
    assert (opening.opening, east.direction) == (True, "E")
    assert east.new_km2 == pytest.approx(49e-4, rel=1e-2)


def test_maps_without_mined_land_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1\.tif: no land is mined at any epoch"):
        followed(tmp_path, [land(), land()])


def test_the_table_adds_up(tmp_path: Path) -> None:
    series = followed(tmp_path, [land(START), land(START, EAST)])
    write_growth(tmp_path / "growth.csv", series)
    lines = (tmp_path / "growth.csv").read_text().splitlines()
    assert lines[0] == ",".join(GROWTH_COLUMNS)
    rows = [line.split(",") for line in lines[1:]]
    assert [row[2] for row in rows] == list(OCTANTS)
    assert sum(float(row[3]) for row in rows) == pytest.approx(series.pairs[0].new_km2)
    assert sum(float(row[4]) for row in rows) == pytest.approx(1)


@given(st.floats(0, 360, exclude_max=True))
def test_an_azimuth_lies_within_22_5_degrees_of_its_octant(azimuth: float) -> None:
    middle = 45 * int(octant_of(np.array([azimuth]))[0])
    assert abs((azimuth - middle + 180) % 360 - 180) <= 22.5


@pytest.mark.parametrize("grid", [UTM, DEGREES])
def test_sectors_on_the_plane_agree_with_geodesic_octants(grid: GeoBox) -> None:
    everywhere = np.ones(grid.shape, np.bool_)
    geodesic = octant_of(azimuths(everywhere, grid, (50.5, 50.5))).reshape(grid.shape)
    sides = (10.0, 10.0) if grid is UTM else (8.03, 11.11)
    assert (sectors(grid, (50.5, 50.5), sides) == geodesic).mean() > 0.99

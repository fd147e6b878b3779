"""Transitions between epochs: by hand, against pandas, and their laws."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from shapely.geometry import box
from small_scenes import UTM, grid

from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.inference.areas.change import ZoneChange, zone_changes
from pitscape.inference.areas.epochs import Target, open_epochs
from pitscape.inference.areas.persistence import Persistence
from pitscape.inference.areas.proportions import class_areas
from pitscape.inference.areas.zones import Zone
from pitscape.ready_map import write_ready_map

WEST, NORTH = 585420, 5652250
CODES = {1: "forest", 2: "scrub", 3: "agriculture", 4: "open", 5: "urban", 6: "industrial"}
CODES |= {7: "mine and dump sites", 8: "inland water"}
ZAMORA = Path(__file__).parents[2] / "configs" / "legends" / "zamora.yaml"


def saved(folder: Path, maps: Sequence[object], grids: Sequence[GeoBox] | None = None) -> list[Path]:
    """Maps of the years 2001, 2002 ..."""
    paths = []
    for number, ids in enumerate(maps):
        pixels = np.asarray(ids, np.uint8)
        paths.append(folder / f"map_{2001 + number}.tif")
        save_class_map(paths[-1], pixels, grids[number] if grids else grid(*pixels.shape), load_legend())
    return paths


def changes(
    paths: list[Path],
    zones: Sequence[Zone] = (Zone("all"),),
    rule: Persistence | None = None,
    target: Target | None = None,
) -> list[ZoneChange]:
    with open_epochs(paths, target=target) as epochs:
        return zone_changes(epochs, zones, rule=rule)


def test_two_maps_by_hand(tmp_path: Path) -> None:
    """Eight cells of some 100 m2; one of them unobserved after. Mined: 1 stays, 2 gained, 1 lost: net 1, swap 2."""
    before = [[0, 0, 2, 2], [2, 2, 3, 0]]
    after = [[0, 2, 0, 0], [2, 3, 3, 255]]
    [found] = changes(saved(tmp_path, [before, after]))
    [table] = found.raw
    assert table.cells.tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [2, 0, 1, 1], [0, 0, 0, 1]]
    cell = found.observed_km2 / 7
    mined, occupied, vegetated, water = (
        [part / cell for part in (c.persistence, c.gain, c.loss, c.net, c.swap)] for c in table.by_class()
    )
    assert mined == pytest.approx([1, 2, 1, 1, 2], rel=1e-6)
    assert occupied == [0, 0, 0, 0, 0]
    assert vegetated == pytest.approx([1, 1, 3, -2, 2], rel=1e-6)
    assert water == pytest.approx([1, 1, 0, 1, 0], rel=1e-6, abs=1e-9)
    assert [table.changed / cell, table.quantity / cell, table.allocation / cell] == pytest.approx([4, 2, 2])
    assert found.unobserved_km2 == pytest.approx(cell)
    assert cell == pytest.approx(1e-4 / 0.9996**2, rel=2e-4)


def test_zones_count_parts_of_cells(tmp_path: Path) -> None:
    """A zone of half the first column of cells, beyond the map by as much."""
    paths = saved(tmp_path, [[[0, 2], [2, 2]], [[2, 0], [2, 2]]])
    [found] = changes(paths, [Zone("edge", box(WEST - 5, NORTH - 20, WEST + 5, NORTH))])
    assert found.raw[0].cells[0, 2] == 0.5
    assert found.raw[0].cells[2].tolist() == [0, 0, 0.5, 0]
    assert found.outside_km2 == pytest.approx(found.observed_km2, rel=1e-6)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_laws_of_transitions(tmp_path_factory: pytest.TempPathFactory, seed: int, epochs: int) -> None:
    rng = np.random.default_rng(seed)
    maps = rng.choice(np.array([0, 1, 2, 3, 255]), (epochs, 40, 50), p=[0.3, 0.2, 0.3, 0.15, 0.05])
    folder = tmp_path_factory.mktemp("laws")
    left, right = box(WEST, NORTH - 400, WEST + 123, NORTH), box(WEST + 123, NORTH - 400, WEST + 500, NORTH)
    rule = Persistence(2, 2)
    whole, one, other = changes(saved(folder, maps), [Zone("all"), Zone("l", left), Zone("r", right)], rule)
    common = np.where((maps == 255).any(axis=0), 255, maps)
    masked = (folder / "masked").resolve()
    masked.mkdir()
    for number, path in enumerate(saved(masked, common)):
        with open_class_map(path) as classes:
            km2 = [row.area_km2 for row in class_areas(classes)]
        for table in whole.raw:
            margin = table.before == number, table.after == number
            for axis in (1 - i for i in (0, 1) if margin[i]):
                np.testing.assert_allclose(table.km2.sum(axis=axis), km2, rtol=1e-9)
    for tables in (whole.raw, whole.filtered):
        for table in tables:
            for each in table.by_class():
                assert each.net == each.gain - each.loss
                assert each.gain + each.loss == pytest.approx(abs(each.net) + each.swap)
            assert table.quantity + table.allocation == pytest.approx(table.changed)
            assert sum(each.net for each in table.by_class()) == pytest.approx(0, abs=1e-12)
    for table, a, b in zip(whole.raw, one.raw, other.raw, strict=True):
        np.testing.assert_allclose(a.km2 + b.km2, table.km2, rtol=1e-7, atol=1e-9 * whole.observed_km2)


def test_permuted_classes_permute_the_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    maps, order = rng.integers(0, 4, (2, 30, 30)), np.array([2, 0, 3, 1])
    [found] = changes(saved(tmp_path, maps))
    [other] = changes(saved(tmp_path / "p", order[maps]))
    np.testing.assert_array_equal(other.raw[0].km2[np.ix_(order, order)], found.raw[0].km2)


def test_flicker_by_hand(tmp_path: Path) -> None:
    """Cells: steady; a flicker to water; a lasting change; a change at the last epoch; one not seen once."""
    maps = [[[2, 2, 2, 2, 2]], [[2, 3, 0, 2, 0]], [[2, 2, 0, 2, 255]], [[2, 2, 0, 1, 0]]]
    [found] = changes(saved(tmp_path, maps), rule=Persistence(2, 2))
    cell = found.observed_km2 / 4
    assert [pair.cells.tolist() for pair in found.raw[:1]] == [[[0] * 4, [0] * 4, [1, 0, 2, 1], [0] * 4]]
    assert [pair.cells[2].tolist() for pair in found.filtered] == [
        [1, 0, 3, 0],
        [0, 0, 3, 0],
        [0, 1, 2, 0],
        [1, 1, 2, 0],
    ]
    assert found.flicker_km2 == pytest.approx(cell)
    assert found.unconfirmed_km2 == pytest.approx(cell)
    assert found.unobserved_km2 == pytest.approx(cell)


def test_filtered_maps_give_the_filtered_table(tmp_path: Path) -> None:
    maps = np.random.default_rng(5).choice(np.array([0, 1, 2, 255]), (4, 20, 20), p=[0.3, 0.3, 0.35, 0.05])
    written = np.empty((4, 20, 20), np.uint8)

    def write(ids: NDArray[np.uint8], row: int, column: int) -> None:
        written[:, row : row + ids.shape[1], column : column + ids.shape[2]] = ids

    with open_epochs(saved(tmp_path, maps)) as epochs:
        [found] = zone_changes(epochs, rule=Persistence(2, 3), write=write)
    [again] = changes(saved(tmp_path / "f", written))
    for one, other in zip(found.filtered, again.raw, strict=True):
        np.testing.assert_array_equal(one.cells, other.cells)


def test_coarser_maps_take_the_most_frequent_class(tmp_path: Path) -> None:
    """Four cells of 10 m to one of 20 m: three vegetated and a mined one are vegetated; two hidden ones hide nothing."""
    coarse = GeoBox((1, 3), Affine(20, 0, WEST, 0, -20, NORTH), UTM)
    fine = [[2, 2, 0, 0, 255, 255], [2, 0, 0, 0, 255, 0]]
    paths = saved(tmp_path, [fine, [[0, 0, 2]]], [grid(2, 6), coarse])
    [found] = changes(paths, target="coarsest")
    assert found.raw[0].cells[2, 0] == found.raw[0].cells[0, 0] == 1
    assert found.raw[0].cells.sum() == 2  # a quarter of the third was observed
    [first] = changes(paths, target="first")
    assert first.raw[0].cells.tolist()[0] == [5, 0, 1, 0]  # each fine cell as the coarse one around it
    assert first.raw[0].cells.sum() == 9


def test_maps_of_one_place_in_two_crs_agree(tmp_path: Path) -> None:
    """The same block of mined land in UTM and in degrees: what differs are cells at its edge."""
    fine = np.full((200, 200), 2, np.uint8)
    fine[50:150, 50:150] = 0
    lon, lat = rasterio.warp.transform(UTM, "EPSG:4326", [WEST + 500, WEST + 1500], [NORTH - 500, NORTH - 1500])
    side = 1e-4
    where = GeoBox((180, 320), Affine(side, 0, lon[0] - 0.008, 0, -side, lat[0] + 0.004), "EPSG:4326")
    other = np.full(where.shape, 2, np.uint8)
    rasterio.warp.reproject(
        fine,
        other,
        src_transform=grid(200, 200).affine,
        src_crs=UTM,
        dst_transform=where.affine,
        dst_crs="EPSG:4326",
        init_dest_nodata=False,
        resampling=rasterio.warp.Resampling.nearest,
    )
    [found] = changes(saved(tmp_path, [fine, other], [grid(200, 200), where]), target="first")
    mined = found.raw[0].by_class()[0]
    assert mined.before == pytest.approx(1 / 0.9996**2, rel=2e-4)
    assert mined.gain + mined.loss < 0.03 * mined.before


@pytest.mark.parametrize(
    ("shapes", "names", "problem"),
    [
        ([(2, 2)], [], "is one map"),
        ([(2, 2), (2, 3)], [], "another grid"),
        ([(2, 2), (2, 2)], ["a"], "names 1 epochs of 2"),
        ([(2, 2), (2, 2)], ["a", "a"], "two maps are of epoch 'a'"),
        ([(2, 2), (2, 2)], ["2003", "2001"], "in order of time"),
    ],
)
def test_maps_that_do_not_go_together_are_refused(
    tmp_path: Path, shapes: list[tuple[int, int]], names: list[str], problem: str
) -> None:
    paths = saved(tmp_path, [np.zeros(shape) for shape in shapes])
    with pytest.raises(InputError, match=problem), open_epochs(paths, names=names):
        pass


def codes_of(path: Path) -> NDArray[np.uint8]:
    with rasterio.open(path) as dataset:
        codes: NDArray[np.uint8] = dataset.read(1).ravel()
    return codes


def test_zamora_mines_against_a_count_by_pandas(reference_data: Path, tmp_path: Path) -> None:
    """Land-cover maps of Zamora (Olivares, doi 10.30897/ijegeo.734872): every table equals pandas' on the raw codes."""
    legend, years = load_legend(ZAMORA), (1986, 1998, 2003, 2016)
    sources = [reference_data / "zamora_lulc" / f"lulc_{year}_30m.tif" for year in years]
    paths = [tmp_path / path.name for path in sources]
    for source, path in zip(sources, paths, strict=True):
        write_ready_map(source, path, legend, CODES)
    with open_epochs(paths, names=[str(year) for year in years]) as epochs:
        [found] = zone_changes(epochs)
    raw = [codes_of(path) for path in sources]
    seen = np.logical_and.reduce([codes != 0 for codes in raw])
    for table in found.raw:
        before, after = (pd.Series(raw[n][seen]).map(CODES) for n in (table.before, table.after))
        counted = pd.crosstab(before, after).reindex(index=legend.names, columns=legend.names, fill_value=0)
        np.testing.assert_array_equal(table.cells, counted.to_numpy())
    assert found.observed_km2 == pytest.approx(seen.sum() * 900 / 1e6, rel=1e-3)  # the scale of UTM zone 19

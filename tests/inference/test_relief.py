from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from small_scenes import grid

from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.inference.outlines.elevation import open_elevation
from pitscape.inference.outlines.extents import class_extents
from pitscape.inference.outlines.mines import numbered_mines
from pitscape.inference.outlines.reference_surface import fit_surface
from pitscape.inference.outlines.relief import with_relief

SHAPE = (120, 160)
PIT, DUMP, PLANT = (slice(30, 60), slice(30, 70)), (slice(20, 50), slice(100, 130)), (slice(80, 95), slice(60, 75))
"""1200, 900 and 225 cells of 10 m."""


def land(*, noise: float = 0.5, curved: bool = True) -> NDArray[np.float64]:
    """A hillside that falls 2 % to the east, with a valley, and a pit 40 m deep, a dump 15 m high and a level plant."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] + 0.5
    heights = 1200 - 0.2 * x + 0.1 * y + (0.002 * (y - 60) ** 2 if curved else 0)
    heights += np.random.default_rng(0).normal(scale=noise, size=SHAPE)
    heights[PIT] -= 40
    heights[DUMP] += 15
    return heights


def class_map(folder: Path) -> Path:
    ids = np.full(SHAPE, 2, np.uint8)
    ids[PIT] = ids[DUMP] = ids[PLANT] = 0
    save_class_map(folder / "m.tif", ids, grid(*SHAPE), load_legend())
    return folder / "m.tif"


def written(path: Path, values: NDArray[np.floating], where: GeoBox | None = None, **more: object) -> Path:
    where = where or grid(*values.shape)
    profile = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", driver="GTiff", crs=str(where.crs), transform=where.affine, **profile, **more) as to:
        to.write(values.astype(np.float32), 1)
    return path


def relief_of(
    folder: Path, *, relief_m: float | None = None, ring_m: float = 300, **rasters: object
) -> geopandas.GeoDataFrame:
    """Rows of pit, dump and plant, by falling area."""
    with open_class_map(class_map(folder)) as classes, open_elevation(classes.grid, **rasters) as elevation:
        table = class_extents(classes, "mined", epoch="")
        return with_relief(table, classes, elevation, relief_m=relief_m, ring_m=ring_m)


def test_pit_dump_and_level_land_are_told_apart(tmp_path: Path) -> None:
    """Heights and volumes are those put in: 1200 cells x 100 m2 x 40 m are 4.8 million m3."""
    table = relief_of(tmp_path, dem=written(tmp_path / "d.tif", land()))
    assert table["kind"].tolist() == ["pit", "dump", "level"]
    np.testing.assert_allclose(table["median_relief_m"], [-40, 15, 0], atol=0.3)
    np.testing.assert_allclose(table["reference_nmad_m"], 0.5, rtol=0.1)
    np.testing.assert_allclose(table["relief_m"], 3 * table["reference_nmad_m"])
    assert table["pit_share"].tolist() == pytest.approx([1, 0, 0], abs=0.01)
    assert table["dump_share"].tolist() == pytest.approx([0, 1, 0], abs=0.01)
    ground = 1 / 0.9996**2  # of the scale of UTM, to a part in a thousand
    assert table["volume_below_mm3"][0] == pytest.approx(4.8 * ground, rel=0.01)
    assert table["volume_above_mm3"][1] == pytest.approx(1.35 * ground, rel=0.02)


def test_what_counts_as_relief_can_be_said(tmp_path: Path) -> None:
    dem = written(tmp_path / "d.tif", land())
    assert relief_of(tmp_path, dem=dem, relief_m=20)["kind"].tolist() == ["pit", "level", "level"]


def test_elevation_in_degrees_and_coarser_gives_the_same(tmp_path: Path) -> None:
    """The land at 30 m in another projection; without steps at its edges, which coarse cells blur."""
    from rasterio.warp import Resampling, calculate_default_transform, reproject

    source = grid(*SHAPE)
    bounds = rasterio.transform.array_bounds(*SHAPE, source.affine)
    transform, width, height = calculate_default_transform(
        "EPSG:32633", "EPSG:4326", SHAPE[1], SHAPE[0], *bounds, resolution=0.0004
    )
    coarse = np.full((height, width), np.nan, np.float32)
    reproject(
        land().astype(np.float32), coarse, src_transform=source.affine, src_crs="EPSG:32633", dst_transform=transform,
        dst_crs="EPSG:4326", resampling=Resampling.average, dst_nodata=np.nan,
    )  # fmt: skip
    dem = written(tmp_path / "d.tif", coarse, GeoBox((height, width), transform, "EPSG:4326"))
    table = relief_of(tmp_path, dem=dem)
    assert table["kind"].tolist() == ["pit", "dump", "level"]
    np.testing.assert_allclose(table["median_relief_m"], [-40, 15, 0], atol=1)


def test_dumps_that_the_map_missed_do_not_pull_the_surface(tmp_path: Path) -> None:
    heights = land()
    heights[5:25, 40:60] += 30
    table = relief_of(tmp_path, dem=written(tmp_path / "d.tif", heights))
    np.testing.assert_allclose(table["median_relief_m"], [-40, 15, 0], atol=1)


def test_land_enclosed_by_a_mine_is_no_undisturbed_land(tmp_path: Path) -> None:
    """A dump of 15 m whose top is green: a ring of 12 cells around it, and open land beyond."""
    ids = np.full(SHAPE, 2, np.uint8)
    ids[20:100, 40:120] = 0
    ids[32:88, 52:108] = 2
    heights = land(curved=False)
    heights[PIT] += 40
    heights[DUMP] -= 15
    heights[20:100, 40:120] += 15
    save_class_map(tmp_path / "g.tif", ids, grid(*SHAPE), load_legend())
    dem = written(tmp_path / "d.tif", heights)
    with open_class_map(tmp_path / "g.tif") as classes, open_elevation(classes.grid, dem=dem) as elevation:
        table = with_relief(class_extents(classes, "mined", epoch=""), classes, elevation)
    assert table["kind"].tolist() == ["dump"]
    assert table["median_relief_m"][0] == pytest.approx(15, abs=0.3)


def test_the_sign_of_the_change_tells_where_two_elevations_exist(tmp_path: Path) -> None:
    before = land()
    before[PIT] += 40
    before[DUMP] -= 15
    before[PLANT] -= 0.4
    table = relief_of(tmp_path, dem=written(tmp_path / "a.tif", land()), before=written(tmp_path / "b.tif", before))
    assert table["kind"].tolist() == ["pit", "dump", "dump"]
    np.testing.assert_allclose(table["median_relief_m"], [-40, 15, 0.4], atol=0.006)
    assert table["reference_nmad_m"].isna().all()


def test_a_raster_of_changes_with_0_for_unknown(tmp_path: Path) -> None:
    """Two thirds of the pit are 0, not known: unknown; the dump's known half rose."""
    change = np.zeros(SHAPE)
    change[30:40, 30:70] = -20
    change[20:36, 100:130] = 9
    change[PLANT] = 1
    path = written(tmp_path / "c.tif", change)
    assert relief_of(tmp_path, change=path)["kind"].tolist() == ["level", "dump", "dump"]
    table = relief_of(tmp_path, change=path, nodata=[0])
    assert table["kind"].tolist() == ["unknown", "dump", "dump"]
    assert table["dump_share"].tolist()[1:] == [1, 1]
    assert np.isnan(table["median_relief_m"][0])


def test_without_land_around_nothing_is_known(tmp_path: Path) -> None:
    table = relief_of(tmp_path, dem=written(tmp_path / "d.tif", land()), ring_m=10)
    assert table["kind"].tolist() == ["unknown"] * 3
    assert table["relief_m"].isna().all()


def test_patches_of_one_mine_share_a_surface(tmp_path: Path) -> None:
    dem = written(tmp_path / "d.tif", land())
    with open_class_map(class_map(tmp_path)) as classes, open_elevation(classes.grid, dem=dem) as elevation:
        table = numbered_mines(class_extents(classes, "mined", epoch=""), 2000)
        table = with_relief(table, classes, elevation)
    assert table["reference_nmad_m"].nunique() == 1
    assert table["kind"].tolist() == ["pit", "dump", "level"]


def test_the_ring_of_a_large_mine_is_read_at_every_few_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pitscape.inference.outlines.undisturbed_ring.MOST_CELLS", 1500)
    table = relief_of(tmp_path, dem=written(tmp_path / "d.tif", land()))
    assert table["kind"].tolist()[:2] == ["pit", "dump"]
    np.testing.assert_allclose(table["median_relief_m"], [-40, 15, 0], atol=0.5)


def test_elevation_elsewhere_is_refused(tmp_path: Path) -> None:
    away = GeoBox((10, 10), Affine(10, 0, 0, 0, -10, 100), "EPSG:32633")
    dem = written(tmp_path / "away.tif", np.ones((10, 10)), away)
    with pytest.raises(InputError, match=r"away.tif: does not overlap the map"):
        relief_of(tmp_path, dem=dem)


def test_a_surface_is_no_more_than_a_plane_where_land_lies_on_one_side() -> None:
    """A parabola seen from one side only would run off; a plane through its near part does not curve."""
    column, row = (each.ravel() for each in np.meshgrid(np.arange(20.0), np.arange(40.0)))
    heights = 0.1 * column**2
    one_side = fit_surface(column, row, heights, middle=(60, 20))
    around = fit_surface(column, row, heights, middle=(10, 20))
    assert one_side is not None
    assert around is not None
    assert len(one_side.coefficients) == 3
    assert float(around.at(np.array(60.0), np.array(20.0))) == pytest.approx(360)


def test_too_few_cells_give_no_surface() -> None:
    few = np.arange(49.0)
    assert fit_surface(few, few % 7, few, middle=(24, 3)) is None


def test_relief_is_the_same_on_a_map_that_lies_on_its_side(tmp_path: Path) -> None:
    """Rows of the map run to the south and columns to the west of the same cells."""
    upright = relief_of(tmp_path, dem=written(tmp_path / "dem.tif", land()))
    straight, ids = grid(*SHAPE), np.full(SHAPE, 2, np.uint8)
    ids[PIT] = ids[DUMP] = ids[PLANT] = 0
    side = GeoBox((SHAPE[1], SHAPE[0]), straight.affine @ Affine(0, 1, 0, 1, 0, 0), straight.crs)
    save_class_map(tmp_path / "side.tif", np.ascontiguousarray(ids.T), side, load_legend())
    with open_class_map(tmp_path / "side.tif") as classes, open_elevation(side, dem=tmp_path / "dem.tif") as elevation:
        turned = with_relief(class_extents(classes, "mined", epoch=""), classes, elevation)
    assert turned["kind"].tolist() == ["pit", "dump", "level"]
    assert turned["median_relief_m"].tolist() == pytest.approx([-40, 15, 0], abs=0.5)
    assert turned["volume_below_mm3"][0] == pytest.approx(upright["volume_below_mm3"][0], rel=1e-3)

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from process_memory import needs_proc, peak_mb
from rasterio.enums import Resampling
from rasterio.warp import reproject

from pitscape.imagery.errors import InputError
from pitscape.imagery.radiometry import OffsetWord
from pitscape.imagery.reading import Reading
from pitscape.imagery.sensor import Sensor, load_sensor
from pitscape.imagery.stack import Source, Stack, open_stack

L2A, DEM = load_sensor("sentinel2_l2a"), load_sensor("dem")
CENTRE = (600000.0, 5700000.0)
UTM, NEXT_UTM, DEGREES, LAEA = "EPSG:32633", "EPSG:32632", "EPSG:4326", "EPSG:3035"


def smooth(height: int, width: int, bands: int = 1) -> NDArray[np.float32]:
    """Waves of a few cells' length."""
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / (5 + b)) + np.cos(columns / (7 + b)) for b in range(bands)]
    return (3000 + 500 * np.stack(waves)).astype(np.float32)


def around(crs: str, side: float, shape: tuple[int, int], *, south_up: bool = False) -> GeoBox:
    """A grid whose centre lies at one place of the Earth, in any CRS; ``side`` in metres."""
    from pyproj import Transformer

    x, y = Transformer.from_crs(UTM, crs, always_xy=True).transform(*CENTRE)
    across, down = (side / 70000, side / 111000) if crs == DEGREES else (side, side)
    height, width = shape
    sign = 1 if south_up else -1
    corner = (x - across * width / 2, y - sign * down * height / 2)
    return GeoBox(shape, Affine(across, 0, corner[0], 0, sign * down, corner[1]), crs)


def write(
    path: Path, pixels: NDArray[np.generic], grid: GeoBox, bands: tuple[str, ...], nodata: float | None = None
) -> Path:
    profile = {"count": len(pixels), "height": grid.shape[0], "width": grid.shape[1], "dtype": pixels.dtype.name}
    with rasterio.open(
        path, "w", driver="GTiff", crs=str(grid.crs), transform=grid.affine, nodata=nodata, **profile
    ) as file:
        file.write(pixels)
        file.descriptions = bands
    return path


def source(path: Path, sensor: Sensor = L2A, *bands: str) -> Source:
    return Source(path, sensor, bands, Reading(offset="included"))


def whole(stack: Stack) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return stack.read(slice(0, stack.grid.shape[0]), slice(0, stack.grid.shape[1]))


def test_an_equal_grid_is_read_as_it_is(tmp_path: Path) -> None:
    stored = np.random.default_rng(0).integers(1, 9000, (3, 50, 60)).astype(np.uint16)
    path = write(tmp_path / "s.tif", stored, around(UTM, 10, (50, 60)), ("B02", "B03", "B04"))
    with open_stack([source(path, L2A, "B04", "B02")]) as stack, rasterio.open(path) as dataset:
        pixels, valid = stack.read(slice(7, 31), slice(11, 60))
        plain = dataset.read([3, 1], window=((7, 31), (11, 60)))
    np.testing.assert_array_equal(pixels, plain)
    assert valid.all()
    assert valid.shape == (1, 24, 49)


@pytest.mark.parametrize("south_up", [False, True])
@pytest.mark.parametrize(
    ("crs", "side", "resampling"),
    [
        (NEXT_UTM, 10, Resampling.bilinear),
        (DEGREES, 7, Resampling.bilinear),
        (LAEA, 30, Resampling.average),
        (UTM, 4, Resampling.bilinear),
    ],
)
def test_warped_windows_agree_with_one_warp_of_the_whole(
    tmp_path: Path, crs: str, side: float, resampling: Resampling, *, south_up: bool
) -> None:
    pixels, grid = smooth(300, 320), around(UTM, 10, (300, 320), south_up=south_up)
    target = around(crs, side, (int(2000 / side), int(2200 / side)))
    reference = np.full((1, *target.shape), np.nan, np.float32)
    reproject(
        pixels,
        reference,
        src_transform=grid.affine,
        src_crs=UTM,
        dst_transform=target.affine,
        dst_crs=crs,
        resampling=resampling,
        src_nodata=np.nan,
        dst_nodata=np.nan,
        XSCALE=1,
        YSCALE=1,
    )
    with open_stack([source(write(tmp_path / "s.tif", pixels, grid, ("B02",)), L2A, "B02")], target) as stack:
        for top in range(0, target.shape[0] - 20, 37):
            rows, columns = slice(top, top + 20), slice(top // 2, top // 2 + 30)
            found, valid = stack.read(rows, columns)
            assert valid.all()
            assert np.abs(found - reference[:, rows, columns]).max() <= 1e-3 * np.ptp(pixels)


@settings(max_examples=25, deadline=None)
@given(
    crs=st.sampled_from([UTM, NEXT_UTM, DEGREES, LAEA]),
    side=st.sampled_from([5.0, 10.0, 14.0, 33.0]),
    fill=st.sampled_from([None, 0.0, np.nan, 65535.0, -9999.0]),
    word=st.sampled_from(["included", "missing"]),
    corner=st.tuples(st.integers(-5, 40), st.integers(-5, 40)),
    size=st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_any_window_equals_the_same_part_of_a_whole_read(
    tmp_path_factory: pytest.TempPathFactory,
    crs: str,
    side: float,
    fill: float | None,
    word: OffsetWord,
    corner: tuple[int, int],
    size: tuple[int, int],
) -> None:
    pixels = smooth(60, 70, 2)
    if fill is not None:
        pixels[:, np.random.default_rng(0).random((60, 70)) < 0.1] = fill
    nodata = None if fill in {None, 0.0, 65535.0} else fill
    path = write(tmp_path_factory.mktemp("w") / "s.tif", pixels, around(UTM, 10, (60, 70)), ("B02", "B11"), nodata)
    rows, columns = (slice(c, c + s) for c, s in zip(corner, size, strict=True))
    wanted = Source(path, L2A, ("B02", "B11"), Reading(offset=word))
    with open_stack([wanted], around(crs, side, (75, 75))) as stack:
        everything, seen = stack.read(slice(-6, 75), slice(-6, 75))
        found, valid = stack.read(rows, columns)
    rows, columns = slice(rows.start + 6, rows.stop + 6), slice(columns.start + 6, columns.stop + 6)
    np.testing.assert_array_equal(valid, seen[:, rows, columns])
    np.testing.assert_allclose(found, everything[:, rows, columns], rtol=1e-5)
    assert (found[:, ~valid[0]] == 0).all()
    added = 1000 if word == "missing" else 0
    assert ((found[:, valid[0]] > 1900 + added) & (found[:, valid[0]] < 4100 + added)).all()


def test_sources_are_valid_each_for_itself(tmp_path: Path) -> None:
    """A cell that one source lacks stays in the other; a DEM of half the place ends where it ends."""
    pixels, grid = smooth(40, 40), around(UTM, 10, (40, 40))
    pixels[:, 5, 6] = 0
    left = GeoBox((40, 20), grid.affine, UTM)
    sources = [
        source(write(tmp_path / "s.tif", pixels, grid, ("B02",)), L2A, "B02"),
        source(write(tmp_path / "d.tif", smooth(40, 20), left, ("elevation",)), DEM, "elevation", "slope"),
    ]
    with open_stack(sources) as stack:
        values, valid = whole(stack)
        assert stack.bands == (("sentinel2_l2a", "B02"), ("dem", "elevation"), ("dem", "slope"))
    assert np.argwhere(~valid[0]).tolist() == [[5, 6]]
    assert valid[1].sum(axis=1).tolist() == [20] * 40
    assert valid[1, :, :20].all()
    assert values.shape == (3, 40, 40)


def test_a_hole_hides_what_lies_mostly_in_it_and_spoils_nothing_beside_it(tmp_path: Path) -> None:
    """Cells shifted by a quarter: a hole covers 9/16, 3/16, 3/16 and 1/16 of the kernel of the four cells around it."""
    pixels = np.full((2, 12, 12), 3000, np.float32)
    pixels[:, 5, 5] = 0
    grid = around(UTM, 10, (12, 12))
    target = GeoBox((8, 8), grid.affine @ Affine.translation(2.25, 2.25), UTM)
    path = write(tmp_path / "s.tif", pixels, grid, ("B02", "B11"))
    with open_stack([source(path, L2A, "B02", "B11")], target) as stack:
        values, valid = whole(stack)
    assert np.argwhere(~valid[0]).tolist() == [[3, 3]]
    np.testing.assert_allclose(values[:, valid[0]], 3000, rtol=1e-6)


def test_a_coarse_cell_counts_where_half_of_it_is_covered(tmp_path: Path) -> None:
    """Cells of 100 m over a scene that begins 30 m, then 60 m inside the first of them."""
    path = write(tmp_path / "s.tif", smooth(40, 40), around(UTM, 10, (40, 40)), ("B02",))
    for inside, first in [(3, True), (6, False)]:
        grid = around(UTM, 10, (40, 40)).affine @ Affine.translation(-inside, 0) @ Affine.scale(10)
        with open_stack([source(path, L2A, "B02")], GeoBox((4, 4), grid, UTM)) as stack:
            assert whole(stack)[1][0, :, 0].tolist() == [first] * 4
            assert whole(stack)[1][0, :, 1:3].all()


def test_grids_that_cannot_be_read_onto_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "s.tif", smooth(20, 20), around(UTM, 10, (20, 20)), ("B02",))
    turned = GeoBox((4, 4), Affine(10, 3, 600000, 3, -10, 5700000), UTM)
    for grid, problem in [(turned, "turned grid"), (GeoBox((4, 4), turned.affine, None), "no coordinate reference")]:
        with pytest.raises(InputError, match=problem), open_stack([source(path, L2A, "B02")], grid):
            pass
    with pytest.raises(InputError, match="at least one source"), open_stack([]):
        pass


def test_classes_are_never_mixed(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).choice([10, 40, 90], (1, 60, 60)).astype(np.uint8)
    sensor = Sensor.model_validate(
        {
            "name": "cover",
            "title": "Land cover",
            "convention": "codes",
            "bands": [{"name": "cover", "kind": "class", "gsd_m": 10, "resampling": "nearest"}],
        }
    )
    path = write(tmp_path / "c.tif", codes, around(UTM, 10, (60, 60)), ("cover",))
    for side in (4, 35):
        with open_stack([Source(path, sensor)], around(NEXT_UTM, side, (12, 12))) as stack:
            values, valid = whole(stack)
        assert set(np.unique(values[:, valid[0]])) <= {10, 40, 90}


def test_backscatter_is_averaged_as_power(tmp_path: Path) -> None:
    """0 dB and -10 dB are 1 and 0.1; their mean is 0.55, -2.596 dB, and not -5 dB."""
    decibels = np.tile(np.array([[0.0, -10.0], [0.0, -10.0]], np.float32), (1, 10, 10))
    path = write(tmp_path / "s1.tif", decibels, around(UTM, 10, (20, 20)), ("VV",))
    with open_stack([Source(path, load_sensor("sentinel1_grd_db"), ("VV",))], around(UTM, 20, (10, 10))) as stack:
        values, valid = whole(stack)
    assert valid.all()
    np.testing.assert_allclose(values, 10 * np.log10(0.55), rtol=1e-5)


def test_many_small_cells_to_a_large_one_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = smooth(200, 200)
    path = write(tmp_path / "s.tif", pixels, around(UTM, 1, (200, 200)), ("B02",))
    monkeypatch.setattr("pitscape.imagery.layer.MOST_VALUES", 2000)
    with open_stack([source(path, L2A, "B02")], around(UTM, 20, (10, 10))) as stack:
        values, valid = whole(stack)
    assert valid.all()
    np.testing.assert_allclose(values[0], pixels[0].reshape(10, 20, 10, 20).mean(axis=(1, 3)), rtol=1e-5)


def test_any_thread_may_read(tmp_path: Path) -> None:
    path = write(tmp_path / "s.tif", smooth(80, 80), around(UTM, 10, (80, 80)), ("B02",))
    with open_stack([source(path, L2A, "B02")], around(DEGREES, 10, (70, 70))) as stack, ThreadPoolExecutor(8) as pool:
        expected, _ = whole(stack)
        tops = list(range(0, 60, 10)) * 10
        found = list(pool.map(lambda top: stack.read(slice(top, top + 10), slice(0, 70))[0], tops))
    for top, part in zip(tops, found, strict=True):
        np.testing.assert_allclose(part, expected[:, top : top + 10], rtol=1e-5)


@needs_proc
def test_windows_of_a_huge_scene_need_little_memory(tmp_path: Path) -> None:
    """20 windows of a scene of 20,000 x 20,000 px, half of them warped, in a process of its own."""
    profile = {"count": 4, "height": 20_000, "width": 20_000, "dtype": "uint16", "tiled": True, "SPARSE_OK": True}
    place = {"crs": UTM, "transform": Affine(10, 0, 600000, 0, -10, 5700000)}
    with rasterio.open(tmp_path / "huge.tif", "w", driver="GTiff", **profile, **place) as dataset:
        dataset.descriptions = ("B02", "B03", "B04", "B08")
    program = """
import sys
from pathlib import Path
from affine import Affine
from odc.geo.geobox import GeoBox
from pitscape.imagery.reading import Reading
from pitscape.imagery.scene import open_scene
from pitscape.imagery.sensor import load_sensor
bands, reading = ("B02", "B03", "B04", "B08"), Reading(offset="included")
with open_scene(Path(sys.argv[1]), load_sensor("sentinel2_l2a"), bands=bands, reading=reading) as scene:
    moved = scene.on(GeoBox((20_000, 20_000), scene.grid.affine @ Affine.translation(0.3, 0.6), scene.grid.crs))
    for number in range(20):
        top, left = 977 * number, 19_000 - 900 * number
        (moved if number % 2 else scene).read(slice(top, top + 512), slice(left, left + 512))
"""
    assert peak_mb(program, tmp_path / "huge.tif") < 500


def test_sources_that_do_not_meet_are_refused(tmp_path: Path) -> None:
    here = write(tmp_path / "here.tif", smooth(20, 20), around(UTM, 10, (20, 20)), ("B02",))
    far = GeoBox((20, 20), Affine(10, 0, 0, 0, -10, 100), UTM)
    there = write(tmp_path / "there.tif", smooth(20, 20), far, ("elevation",))
    with (
        pytest.raises(InputError, match=r"there.tif: does not overlap .*here.tif"),
        open_stack([source(here, L2A, "B02"), source(there, DEM, "elevation")]),
    ):
        pass


def test_real_optical_scenes_and_terrain_are_read_together(reference_data: Path) -> None:
    """SRTM at three times the cell size comes onto the Sentinel-2 grid; the Sentinel-2 pixels stay as they are."""
    folder = reference_data / "optical_dem_scenes"
    image = folder / "sen2_germany_12band_x10000.tif"
    sources = [source(image, L2A, *L2A.band_names), Source(folder / "srtm_sen2_germany.tif", DEM)]
    with open_stack(sources) as stack, rasterio.open(image) as dataset:
        values, valid = whole(stack)
        plain = dataset.read([2, 3, 4, 5, 6, 7, 8, 9, 11, 12])
    np.testing.assert_array_equal(values[:10], plain)
    assert valid.all()
    assert 150 < values[10].min() < values[10].max() < 500
    assert 2 < np.median(values[11]) < 15


def test_real_radar_and_optical_chips_are_read_together(reference_data: Path) -> None:
    folder = reference_data / "sen1floods11_chip"
    sources = [
        Source(folder / "Spain_7370579_S1Hand.tif", load_sensor("sentinel1_grd_db")),
        Source(folder / "Spain_7370579_S2Hand.tif", reading=Reading(offset="missing")),
    ]
    with open_stack(sources) as stack:
        values, valid = whole(stack)
    assert stack.scenes[1].sensor.name == "sentinel2_l1c"
    assert values.shape == (12, 512, 512)
    assert valid.all()
    assert -60 < values[:2].min() < values[:2].max() < 40

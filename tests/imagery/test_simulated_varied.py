"""Varied land: equal seeds give equal bytes, and the laws that make its labels true."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from scipy.ndimage import binary_dilation

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.simulated.sensing.materials import endmembers
from pitscape.imagery.simulated.terrain.shapes import generator
from pitscape.imagery.simulated.varied.covers import CLASSES, UNSURE, Cover
from pitscape.imagery.simulated.varied.palette import MATERIALS, SURFACES, draw_palette, varied
from pitscape.imagery.simulated.varied.quarries import PAVED, QuarryLand, draw_quarry_land
from pitscape.imagery.simulated.varied.scene import varied_scene
from pitscape.imagery.simulated.varied.training_set import write_varied_scenes


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_equal_seeds_give_equal_bytes_and_others_do_not(tmp_path: Path) -> None:
    first = bytes_in(write_varied_scenes(tmp_path / "a", scenes=2, seed=3))
    assert first == bytes_in(write_varied_scenes(tmp_path / "b", scenes=2, seed=3))
    other = bytes_in(write_varied_scenes(tmp_path / "c", scenes=2, seed=4))
    assert {name for name in first if first[name] == other.get(name)} == set()
    assert {Path(name).suffix for name in first} == {".tif", ".txt"}


def test_a_scene_does_not_depend_on_how_many_are_drawn(tmp_path: Path) -> None:
    fewer = bytes_in(write_varied_scenes(tmp_path / "a", scenes=1))
    more = bytes_in(write_varied_scenes(tmp_path / "b", scenes=2))
    assert {name: more[name] for name in fewer if name.endswith(".tif")} == {
        name: fewer[name] for name in fewer if name.endswith(".tif")
    }


def test_images_are_sentinel2_and_masks_lie_on_them(tmp_path: Path) -> None:
    folder = write_varied_scenes(tmp_path / "a", scenes=3)
    images, masks = (sorted((folder / name).iterdir()) for name in ("images", "masks"))
    assert [path.name for path in images] == [path.name for path in masks]
    for image, mask in zip(images, masks, strict=True):
        with rasterio.open(image) as scene, rasterio.open(mask) as labels:
            assert scene.descriptions == load_sensor("sentinel2_l2a").band_names
            assert (scene.transform, scene.shape) == (labels.transform, labels.shape)
            assert set(np.unique(labels.read(1))) <= {0, 1, 2, 3, 4}


def test_a_class_is_that_of_its_cover_or_not_labelled() -> None:
    for seed in range(6):
        land = draw_quarry_land(generator(seed), 128)
        labelled = land.classes != UNSURE
        assert labelled.mean() > 0.8
        np.testing.assert_array_equal(land.classes[labelled], CLASSES[land.cover][labelled])
        quarry = land.depth > 0
        assert (land.paved[quarry] <= PAVED).all()
        assert np.isin(land.cover[quarry], (Cover.PIT, Cover.YARD, Cover.POND, Cover.REGROWN)).all()


def test_all_that_a_quarry_disturbs_is_mined() -> None:
    """The hole and the yard around it; its ponds are water, its margins with trees vegetated."""
    of = {cover: int(CLASSES[cover]) for cover in (Cover.PIT, Cover.YARD, Cover.POND, Cover.REGROWN, Cover.WORKS)}
    assert list(of.values()) == [0, 0, 3, 2, 1]


def test_water_lies_level_and_below_the_land_around_it() -> None:
    """Each pond of a quarry has one height, and none of its neighbours in the hole lies deeper on average."""
    ponds = 0
    for seed in range(12):
        land = draw_quarry_land(generator(seed), 128)
        pond = land.cover == Cover.POND
        beside = binary_dilation(pond) & (land.cover == Cover.PIT)
        if pond.any() and beside.any():
            ponds += 1
            assert len(np.unique(land.elevation[pond])) < 8
            assert land.elevation[beside].mean() > land.elevation[pond].mean()
    assert ponds > 3


def test_at_the_foot_of_a_southern_wall_it_is_dark_on_some_days() -> None:
    """Near infrared of one rock below a wall of 60 m, relative to the open floor: 0.12 in October images of Strzegom."""
    size = 64
    south = np.arange(size)[:, None] >= 40
    elevation = np.where(south, 60, np.zeros((size, size))).astype(np.float32)
    none, whole = np.zeros((size, size), np.float32), np.full((size, size), 5, np.float32)
    parcel, cover = np.zeros((size, size), np.int32), np.full((size, size), Cover.PIT, np.uint8)
    land = QuarryLand(cover, parcel, none, none, whole, elevation, CLASSES[cover])
    ratios = []
    for seed in range(24):
        near = varied_scene(generator(seed), land, load_sensor("sentinel2_l2a"))[6] - 1000.0
        ratios.append(np.median(near[36:39]) / np.median(near[:20]))
    assert min(ratios) < 0.2
    assert max(ratios) > 0.6


def test_winter_and_summer_look_as_they_do() -> None:
    """NDVI of broadleaved forest on the land of many seeds: above 0.7 in leaf, below 0.6 at some other time."""
    seen = []
    for seed in range(24):
        rng = generator(seed)
        land = draw_quarry_land(rng, 96)
        stored = varied_scene(rng, land, load_sensor("sentinel2_l2a")).astype(np.float64) - 1000
        woods = land.cover == Cover.BROADLEAF
        if woods.sum() > 50:
            red, infrared = np.median(stored[2][woods]), np.median(stored[6][woods])
            seen.append((infrared - red) / (infrared + red))
    assert max(seen) > 0.7
    assert min(seen) < 0.6


def test_palettes_differ_around_what_is_typical() -> None:
    """The median over many places is the typical value; a spread of 0 gives it exactly."""
    palettes = np.array([draw_palette(generator(seed)) for seed in range(400)])
    assert palettes.shape == (400, len(MATERIALS), 10)
    typical = np.array(list(SURFACES.values()))
    assert np.median(palettes[:, : len(typical)], axis=0) == pytest.approx(typical, rel=0.08)
    np.testing.assert_allclose(varied(generator(1), endmembers(), spread=0.0), endmembers())


@pytest.mark.parametrize(("scenes", "seed"), [(0, 0), (2001, 0), (1, -1)])
def test_numbers_out_of_range_are_refused(tmp_path: Path, scenes: int, seed: int) -> None:
    with pytest.raises(InputError, match="choose"):
        write_varied_scenes(tmp_path / "a", scenes=scenes, seed=seed)
    assert not (tmp_path / "a").exists()


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="not an empty folder"):
        write_varied_scenes(tmp_path, scenes=1)

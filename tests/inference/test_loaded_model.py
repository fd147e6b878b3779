"""Arrays and scenes through ``load_model``: what ``predict_scene`` writes of a file with those pixels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from predictors import PixelwisePredictor
from small_scenes import BANDS, SceneMaker, stored_numbers

import pitscape
from pitscape.imagery.errors import InputError
from pitscape.imagery.reading import Reading
from pitscape.imagery.sensor import load_sensor
from pitscape.inference import prediction
from pitscape.inference.loaded_model import Images, Model
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_run import predict_scene
from pitscape.models.card import ModelCard, Normalisation, SourceInput

TILED = RunOptions(tile=32, overlap=8, threads=2)


@pytest.fixture(scope="module")
def loaded(model: Path) -> Model:
    return pitscape.load_model(model)


def written(scene: Path, model: Path, folder: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    outputs = Outputs(folder / "c.tif", probabilities=folder / "p.tif")
    predict_scene(scene, OnnxPredictor(model), outputs, options=RunOptions(tile=32, overlap=8))
    with rasterio.open(outputs.classes) as classes, rasterio.open(folder / "p.tif") as shares:
        return classes.read(1), shares.read()


def in_bytes(probabilities: NDArray[np.float32]) -> NDArray[Any]:
    """As files hold them: round(250 p), 255 unobserved."""
    return np.where(np.isnan(probabilities), 255, np.rint(np.nan_to_num(probabilities) * 250)).astype(np.uint8)


@pytest.mark.parametrize(
    ("dtype", "nodata"), [("uint8", None), ("uint16", 3000), ("int16", -1), ("float32", np.nan), ("float32", 2500)]
)
def test_an_array_gives_what_its_file_gives(
    write_scene: SceneMaker, model: Path, loaded: Model, tmp_path: Path, dtype: str, nodata: float | None
) -> None:
    """Odd sizes, several tiles, unobserved land; the sensor's own fill is known too."""
    stored = stored_numbers(61, 85)
    pixels = (stored // 20 if dtype == "uint8" else stored).astype(dtype)
    pixels[:, 3, 40:60] = 0
    if nodata is not None:
        pixels[4, 30:, 70:] = nodata
    classes, shares = written(write_scene(pixels, nodata=nodata), model, tmp_path)
    found = loaded.predict(pixels, nodata=nodata, options=TILED)
    assert found.classes.dtype == np.uint8
    assert found.probabilities.dtype == np.float32
    assert found.grid is None
    assert found.legend is loaded.legend
    assert (classes == 255).any()
    np.testing.assert_array_equal(found.classes, classes)
    np.testing.assert_array_equal(in_bytes(found.probabilities), shares)
    sums = found.probabilities.sum(axis=0)
    np.testing.assert_allclose(sums[classes < 255], 1, atol=1e-3)


def test_a_scene_gives_what_its_file_gives(write_scene: SceneMaker, model: Path, loaded: Model, tmp_path: Path) -> None:
    scene = write_scene(stored_numbers(61, 85))
    classes, shares = written(scene, model, tmp_path)
    for given in (scene, str(scene), {"sentinel2_l2a": scene}):
        found = loaded.predict(given, options=TILED)
        np.testing.assert_array_equal(found.classes, classes)
        np.testing.assert_array_equal(in_bytes(found.probabilities), shares)
    with rasterio.open(scene) as dataset:
        assert found.grid is not None
        assert found.grid.affine == dataset.transform
        assert found.grid.crs == str(dataset.crs)


def test_an_output_is_written_by_the_scene_run(
    write_scene: SceneMaker, model: Path, loaded: Model, tmp_path: Path
) -> None:
    scene = write_scene(stored_numbers(61, 85))
    record = loaded.predict(scene, output=str(tmp_path / "one.tif"), options=TILED)
    assert record["scene"] == scene.name
    predict_scene(scene, OnnxPredictor(model), tmp_path / "two.tif", options=TILED)
    assert (tmp_path / "one.tif").read_bytes() == (tmp_path / "two.tif").read_bytes()


def test_several_images_are_mapped_one_by_one(loaded: Model) -> None:
    images = np.stack([stored_numbers(40, 33, seed=seed) for seed in range(3)])
    mask = np.zeros((3, 40, 33), np.uint8)
    mask[1, :5] = 7
    found = loaded.predict(images, mask=mask)
    assert found.classes.shape == (3, 40, 33)
    assert found.probabilities.shape == (3, 4, 40, 33)
    for number, image in enumerate(images):
        alone = loaded.predict(image, mask=mask[number])
        np.testing.assert_array_equal(found.classes[number], alone.classes)
        np.testing.assert_array_equal(found.probabilities[number], alone.probabilities)
    np.testing.assert_array_equal(found.classes == 255, mask != 0)


def test_the_array_itself_stays_as_it_is(loaded: Model) -> None:
    pixels = stored_numbers(20, 20).astype(np.float32)
    pixels[:, 2:4] = np.nan
    before = pixels.copy()
    loaded.predict(pixels, mask=np.eye(20))
    np.testing.assert_array_equal(pixels, before)


def test_nothing_observed_is_no_class(loaded: Model) -> None:
    found = loaded.predict(np.zeros((10, 5, 5), np.uint16))
    assert (found.classes == 255).all()
    assert np.isnan(found.probabilities).all()


@pytest.mark.parametrize(
    ("pixels", "problem"),
    [
        (np.ones((9, 5, 5), np.uint16), r"^sentinel2_l2a: an image of shape \(9, 5, 5\); give \(10, H, W\): B02"),
        (np.ones((10, 5), np.uint16), "an image of shape"),
        (np.ones((10, 0, 5), np.uint16), "an image of shape"),
        (np.ones((10, 5, 5), np.complex64), "an image of complex64; give whole numbers or floats"),
        (np.ones((10, 5, 5), np.bool_), "an image of bool"),
        (np.ones((0, 10, 5, 5), np.uint16), "there are 0 images; give at least one"),
        (np.full((10, 5, 5), 0.3, np.float32), r"holds reflectance \(at most 0.30\)"),
        ({"dem": np.ones((1, 5, 5))}, "images of dem: the model takes sentinel2_l2a"),
        ({}, "images of nothing"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(loaded: Model, pixels: Images, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as found:
        loaded.predict(pixels)
    assert "\n" not in str(found.value)


def test_what_does_not_go_together_is_refused(loaded: Model, write_scene: SceneMaker, tmp_path: Path) -> None:
    pixels, scene = stored_numbers(5, 5), write_scene(stored_numbers(5, 5))
    with pytest.raises(InputError, match="give images without output"):
        loaded.predict(pixels, output=tmp_path / "c.tif")
    with pytest.raises(InputError, match="mask and nodata are of images"):
        loaded.predict(scene, nodata=0)
    with pytest.raises(InputError, match=r"options\.reading is of scenes; give mask and nodata of images"):
        loaded.predict(pixels, options=RunOptions(reading=Reading(offset="missing")))
    with pytest.raises(InputError, match="images and mask are of"):
        loaded.predict(pixels, mask=np.zeros((4, 4)))
    with pytest.raises(InputError, match="sieve"):
        loaded.predict(pixels, options=RunOptions(sieve_ha=1))
    with pytest.raises(InputError, match="has pixels of 30 m, the model was trained at 10 m"):
        loaded.predict(write_scene(stored_numbers(5, 5), "s_20230709.tif", side=30))


@pytest.mark.parametrize("shape", [(), (5,), (1, 5, 5), (3, 5, 5)])
def test_masks_that_are_not_as_many_as_the_images_are_refused(loaded: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"mask is of shape .*; give \(2, H, W\), or \(H, W\) for all images"):
        loaded.predict(np.stack([stored_numbers(5, 5)] * 2), mask=np.zeros(shape))


@pytest.mark.parametrize("name", ["none.ckpt", "none.onnx"])
def test_a_missing_file_with_a_sha256_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no such file; check the path of the model"):
        pitscape.load_model(tmp_path / name, expect_sha256="0" * 64)


def test_a_scene_too_large_for_memory_needs_an_output(
    loaded: Model, write_scene: SceneMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction, "MOST_PIXELS", 5 * 7 - 1)
    with pytest.raises(InputError, match="has 5 x 7 px, more than the 34 that are held in memory; give output"):
        loaded.predict(write_scene(stored_numbers(5, 7)))


def test_a_model_says_what_it_is(loaded: Model) -> None:
    assert repr(loaded) == (
        f"Model('model': sentinel2_l2a {', '.join(BANDS)} at 10 m -> mined, occupied, vegetated, water)"
    )
    assert loaded.card.bands == BANDS


def two_sources(card: ModelCard) -> ModelCard:
    dem = SourceInput(
        sensor=load_sensor("dem"), bands=("elevation",), normalisation=Normalisation(mean=(0.0,), std=(1.0,))
    )
    return card.model_copy(update={"sources": (*card.sources, dem)})


class FilePixelwise(PixelwisePredictor):
    """With what a file has."""

    path, files, fixed_tile, runtime = Path("m.onnx"), (Path("m.onnx"),), None, ("none", "0")

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        self.last = stored
        return super().probabilities(stored)

    def with_threads(self, _: int) -> "FilePixelwise":
        return self


def test_images_of_several_sources_enter_in_the_card_s_order(card: ModelCard) -> None:
    predictor = FilePixelwise(two_sources(card))
    optical, dem = stored_numbers(6, 7), np.full((1, 6, 7), 300, np.int16)
    optical[:, 0] = 0
    both = Model(predictor).predict({"dem": dem, "sentinel2_l2a": optical})
    np.testing.assert_array_equal(predictor.last[0, :10], optical)
    np.testing.assert_array_equal(predictor.last[0, 10:], dem)
    np.testing.assert_array_equal(both.classes == 255, optical[0] == 0)
    Model(predictor).predict({"sentinel2_l2a": optical})
    assert not predictor.last[0, 10:].any()
    with pytest.raises(InputError, match="must be as many of each"):
        Model(predictor).predict({"sentinel2_l2a": optical[None], "dem": dem})


def test_clouds_of_a_scene_are_read_as_for_files(write_scene: SceneMaker, loaded: Model, tmp_path: Path) -> None:
    from small_scenes import write_raster

    codes = np.zeros((1, 25, 25), np.uint8)
    codes[0, :5] = 1
    mask = write_raster(tmp_path / "clouds.tif", codes, side=20)
    found = loaded.predict(write_scene(stored_numbers(50, 50)), options=RunOptions(reading=Reading(mask=mask)))
    assert (found.classes[:10] == 255).all()
    assert (found.classes[10:] < 255).all()


@pytest.mark.parametrize("names", [("sentinel2_l2a", "sentinel1_grd_db"), ("dem", "sentinel1_grd_db")])
def test_a_mask_hides_of_arrays_what_it_hides_of_files(
    write_scene: SceneMaker, tmp_path: Path, names: tuple[str, str]
) -> None:
    """Of several sources that which gives the grid: the card's first one, or where that is missing the first one given."""
    from several_sources import BANDS_OF, several_card, stored_of
    from small_scenes import write_raster

    whole = several_card()
    numbers = dict(zip(BANDS_OF, np.split(stored_of(whole, 1, 20, 30)[0], [10, 12]), strict=True))
    images = {name: numbers[name] for name in names}
    scenes = {name: write_scene(images[name], f"{name}_20230709.tif", bands=BANDS_OF[name]) for name in names}
    mask = np.zeros((20, 30), np.uint8)
    mask[8:] = 1
    reading = Reading(mask=write_raster(tmp_path / "mask.tif", mask[None]))
    predictor = FilePixelwise(whole)
    of_arrays = Model(predictor).predict(images, mask=mask)
    told = predictor.last.copy()
    of_files = Model(predictor).predict(scenes, options=RunOptions(reading=reading))
    np.testing.assert_array_equal(told, predictor.last)
    np.testing.assert_array_equal(of_arrays.classes, of_files.classes)
    assert (told != 0).any(axis=(0, 1))[8:].any()

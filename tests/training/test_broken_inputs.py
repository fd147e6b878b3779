"""What broken tiles, unknown codes and missing pixels do to a run: one line that names the file, or a sound number."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
import yaml
from rasterio.shutil import copy as copy_raster
from small_scenes import BANDS, stored_numbers, training_file, write_labelled_scenes, write_raster

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of
from pitscape.imagery.legend import load_legend
from pitscape.models.checkpoint import load_checkpoint
from pitscape.training.label_source import label_source
from pitscape.training.run import data_of, run_training

pytestmark = pytest.mark.filterwarnings("ignore::Warning:lightning", "ignore::UserWarning:torch")

SECOND = "tile_20230702.tif"


def cut_off(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def configured(folder: Path, **keys: object) -> Path:
    path = training_file(folder)
    content = yaml.safe_load(path.read_text())
    content["data"]["init_args"] |= keys
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize("part", ["images", "masks"])
def test_a_tile_cut_off_stops_a_run_before_it_trains(tmp_path: Path, part: str) -> None:
    write_labelled_scenes(tmp_path)
    cut_off(tmp_path / part / SECOND)
    with pytest.raises(InputError, match=rf"{part}/{SECOND}: is .* cut off") as caught:
        run_training("fit", configured(tmp_path))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run" / "last.ckpt").exists()


@pytest.mark.parametrize("part", ["images", "masks"])
def test_a_tile_of_text_is_named(tmp_path: Path, part: str) -> None:
    write_labelled_scenes(tmp_path)
    (tmp_path / part / SECOND).write_text("no tile")
    with pytest.raises(InputError, match=rf"{part}/{SECOND}: is not a raster of a format that is read"):
        data_of(configured(tmp_path))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_judging_tile_cut_off_is_named_when_it_is_read(tmp_path: Path, workers: int) -> None:
    """Its land does not train, so that nothing is read of it before the first look; nor is a traceback told."""
    write_labelled_scenes(tmp_path)
    image = tmp_path / "images" / SECOND
    copy_raster(image.rename(tmp_path / "whole.tif"), image, driver="COG")  # tells its layout first
    cut_off(image)
    path = configured(tmp_path, split={"kind": "leave_out", "dates": ["2023-07-02"]}, workers=workers)
    with pytest.raises(InputError, match=rf"images/{SECOND}: is damaged or cut off") as caught:
        run_training("fit", path)
    assert "\n" not in str(caught.value)


def test_an_unknown_code_stops_a_run_before_it_trains(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path)
    with rasterio.open(tmp_path / "masks" / SECOND, "r+") as dataset:
        codes = dataset.read()
        codes[0, 40, 10] = 77
        dataset.write(codes)
    with pytest.raises(InputError, match=rf"masks/{SECOND}: holds label code 77, which the crosswalk does not name"):
        run_training("fit", configured(tmp_path))
    assert not (tmp_path / "run" / "last.ckpt").exists()


def test_pixels_that_are_not_numbers_are_unobserved_and_count_nowhere(tmp_path: Path) -> None:
    """A block of NaN in one band, and one infinite pixel in another, over labels: neither trains nor judges."""
    write_labelled_scenes(tmp_path, scenes=1)
    image, mask = tmp_path / "images" / "tile_20230701.tif", tmp_path / "masks" / "tile_20230701.tif"
    stored = stored_numbers(64, 96).astype(np.float32)
    stored[3, 10:30, 5:90] = np.nan
    stored[7, 50, 80] = np.inf
    write_raster(image, stored, bands=BANDS)
    write_raster(mask, np.ones((1, 64, 96), np.uint8))
    cli = run_training("fit", configured(tmp_path))
    task = cli.model
    assert int(task.counts.sum()) == 64 * 32 - 20 * 26 - 1
    assert np.isfinite(float(cli.trainer.callback_metrics["train/loss"]))
    for name, weight in load_checkpoint(tmp_path / "run" / "last.ckpt")[1].state_dict().items():
        assert torch.isfinite(weight).all(), name
    stored_of_land, labels = cli.datamodule.scenes[0].pixels(cli.datamodule.training[0].area)
    assert np.isfinite(stored_of_land).all()
    assert (labels[10:30, 5:] == 255).all()
    means = np.array(cli.datamodule.sources[0].normalisation.mean)
    seen = np.ones((64, 56), bool)
    seen[10:30, 5:] = False
    expected = stored.astype(np.float64)[:, :, :56][:, seen].mean(axis=1) * 1e-4 - 0.1
    np.testing.assert_allclose(means, expected, rtol=1e-6)


def test_land_without_a_label_trains_on_what_has_some(tmp_path: Path) -> None:
    """One of two scenes has no label at all: no window is drawn there, and it judges nothing."""
    write_labelled_scenes(tmp_path)
    write_raster(tmp_path / "masks" / SECOND, np.zeros((1, 64, 96), np.uint8))
    cli = run_training("fit", configured(tmp_path))
    with rasterio.open(tmp_path / "masks" / "tile_20230701.tif") as dataset:
        labelled = dataset.read(1)[2:, 64:]  # rows 0 and 1 of the image are fill
    assert int(cli.model.counts.sum()) == int((labelled > 0).sum())
    write_raster(tmp_path / "masks" / "tile_20230701.tif", np.zeros((1, 64, 96), np.uint8))
    with pytest.raises(InputError, match="no labelled pixel in the training land; check the crosswalk and the split"):
        run_training("fit", configured(tmp_path))


def test_labels_as_jpeg_are_refused(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path, scenes=1)
    mask = next((tmp_path / "masks").glob("*.tif"))
    with rasterio.open(mask) as labels:
        grid = grid_of(labels)
    copy_raster(mask, mask.with_suffix(".jpg"), driver="JPEG")
    with pytest.raises(InputError, match=r"\.jpg: JPEG changes codes; give labels as PNG or TIFF"):
        label_source(mask.with_suffix(".jpg"), grid, load_legend(), {0: "ignore"}, column="class")

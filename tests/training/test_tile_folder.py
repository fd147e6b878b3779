from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
import yaml
from numpy.typing import NDArray
from odc.geo.crs import CRS
from small_scenes import UTM, training_file, write_raster

from pitscape.imagery.errors import InputError
from pitscape.inference.tiles import Area
from pitscape.models.checkpoint import load_checkpoint
from pitscape.training.run import data_of, run_training
from pitscape.training.tile_folder import write_tiles

pytestmark = pytest.mark.filterwarnings(
    "ignore::Warning:lightning",
    "ignore::UserWarning:torch",
    "ignore::rasterio.errors.NotGeoreferencedWarning",
)

COLOURS = ["red", "green", "blue"]
LEFT_OUT = {"kind": "leave_out", "sites": ["val"]}


def tile(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """An image of three bands, brighter where its mask, of four codes, is higher."""
    codes = 1 + np.add.outer(2 * (np.arange(48) // 8 % 2), np.arange(40) // 10 % 2).astype(np.uint8)
    noise = np.random.default_rng(seed).integers(0, 20, (3, *codes.shape))
    return (40 * codes + noise).astype(np.uint8), codes


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = pixels.shape
    layout = {"driver": "PNG", "count": count, "height": height, "width": width, "dtype": "uint8"}
    with rasterio.open(path, "w", **layout) as dataset:
        dataset.write(pixels)


def write_pictures(folder: Path) -> None:
    for site, seeds in {"train": (0, 1), "val": (2,)}.items():
        for seed in seeds:
            image, codes = tile(seed)
            write_picture(folder / "images" / site / f"{seed}.png", image)
            write_picture(folder / "masks" / site / f"{seed}.png", codes[None])


def configured(folder: Path, **keys: object) -> Path:
    path = training_file(folder)
    content = yaml.safe_load(path.read_text())
    content["data"]["init_args"] |= {"sensor": "rgb_half_metre", "split": LEFT_OUT, **keys}
    path.write_text(yaml.safe_dump(content))
    return path


class Made:
    """A dataset of segmentation, made on the fly."""

    def __init__(self, *samples: dict[str, Any]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        return self.samples[index]


def sample(seed: int, **more: object) -> dict[str, Any]:
    image, codes = tile(seed)
    return {"image": torch.from_numpy(image).float(), "mask": torch.from_numpy(codes).long(), **more}


def test_pictures_without_a_place_train_and_judge(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    cli = run_training("fit", configured(tmp_path, gsd_m=0.5, stored_bands=COLOURS))
    recipe, _ = load_checkpoint(tmp_path / "run" / "best.ckpt")
    assert recipe.gsd_m == 0.5
    assert recipe.sources[0].bands == ("red", "green", "blue")
    assert int(cli.model.counts.sum()) == 48 * 40


def test_what_a_picture_holds_is_what_is_read(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    scene = data_of(configured(tmp_path, gsd_m=0.5, stored_bands=COLOURS)).scenes[0]
    image, codes = tile(0)
    with scene.open() as stack:
        stored, observed = stack.read(slice(0, 48), slice(0, 40))
    np.testing.assert_array_equal(stored, image)
    assert observed.all()
    np.testing.assert_array_equal(scene.labels_from.read(slice(0, 48), slice(0, 40)), codes - 1)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({}, r"train: holds pictures, which do not say how large a pixel is; give gsd_m \[m\]"),
        ({"gsd_m": 0.5}, r"0\.png: does not name its 3 bands"),
        ({"gsd_m": -1.0}, r"gsd_m -1: the side of a pixel must be above 0 m"),
        ({"gsd_m": 0.5, "stored_bands": COLOURS, "split": {"kind": "blocks"}}, r"0\.png: does not say where it is"),
    ],
)
def test_pictures_that_lack_something_are_answered_in_one_line(
    tmp_path: Path, keys: dict[str, object], problem: str
) -> None:
    write_pictures(tmp_path)
    with pytest.raises(InputError, match=problem) as caught:
        data_of(configured(tmp_path, **keys))
    assert "\n" not in str(caught.value)


def test_a_geotiff_without_a_place_needs_gsd_m(tmp_path: Path) -> None:
    for site, seed in (("train", 0), ("val", 1)):
        image, codes = tile(seed)
        write_raster(tmp_path / "images" / site / "a.tif", image, bands=COLOURS, crs=None)
        write_raster(tmp_path / "masks" / site / "a.tif", codes[None], crs=None)
    with pytest.raises(InputError, match=r"a\.tif: has no coordinate reference system; .*give gsd_m\.$"):
        data_of(configured(tmp_path))
    assert data_of(configured(tmp_path, gsd_m=2.0)).gsd_m == 2.0


def test_a_further_source_without_a_place_lies_on_the_first(tmp_path: Path) -> None:
    """Pixels of 1 m under pixels of 0.5 m: the middle of each cell is its own value, four pixels to a cell."""
    write_pictures(tmp_path)
    heights = np.repeat(np.array([100.0, 200.0], np.float32), 10)
    for site, seeds in {"train": (0, 1), "val": (2,)}.items():
        for seed in seeds:
            elevation = np.broadcast_to(heights, (1, 24, 20))
            write_raster(tmp_path / "dem" / site / f"{seed}.png", elevation, crs=None)  # a GeoTIFF by its first bytes
    dem = {
        "images": str(tmp_path / "dem"),
        "sensor": "dem",
        "bands": ["elevation"],
        "stored_bands": ["elevation"],
        "gsd_m": 1.0,
    }
    scene = data_of(configured(tmp_path, gsd_m=0.5, stored_bands=COLOURS, more=[dem])).scenes[0]
    stored, _ = scene.pixels(Area(0, 48, 0, 40))
    assert (stored[3, 1:-1, :19] == 100).all()
    assert (stored[3, 1:-1, 21:] == 200).all()


def test_labels_of_another_size_or_in_colours_are_refused(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    path = configured(tmp_path, gsd_m=0.5, stored_bands=COLOURS)
    write_picture(tmp_path / "masks" / "train" / "0.png", tile(0)[0])
    with pytest.raises(InputError, match=r"0\.png: has 3 bands; label codes stand in one"):
        data_of(path)
    write_picture(tmp_path / "masks" / "train" / "0.png", np.ones((1, 47, 40), np.uint8))
    with pytest.raises(InputError, match=r"0\.png: is on another grid than its image"):
        data_of(path)


def test_samples_become_tiles_that_train(tmp_path: Path) -> None:
    write_tiles(Made(sample(0), sample(1)), tmp_path, site="train", bands=COLOURS)
    write_tiles(Made(sample(2)), tmp_path, site="val", bands=COLOURS)
    data = data_of(configured(tmp_path, gsd_m=0.5))
    assert [str(scene.image.relative_to(tmp_path / "images")) for scene in data.scenes] == [
        "train/00000.tif",
        "train/00001.tif",
        "val/00000.tif",
    ]
    assert [land.scene.site for land in data.judging] == ["val"]
    image, codes = tile(1)
    with data.scenes[1].open() as stack:
        np.testing.assert_array_equal(stack.read(slice(0, 48), slice(0, 40))[0], image)
    np.testing.assert_array_equal(data.scenes[1].labels_from.read(slice(0, 48), slice(0, 40)), codes - 1)


def test_a_sample_with_a_place_keeps_it(tmp_path: Path) -> None:
    """40 columns over 400 m and 48 rows over 480 m: cells of 10 m from the north-west corner."""
    place = {"crs": CRS(UTM), "bounds": (slice(600_000, 600_400), slice(5_000_000, 5_000_480), slice(0, 1))}
    write_tiles(Made(sample(0, **place)), tmp_path, site="here", bands=COLOURS)
    for part in ("images", "masks"):
        with rasterio.open(tmp_path / part / "here" / "00000.tif") as dataset:
            assert dataset.crs.to_epsg() == 32633
            assert dataset.transform[:6] == (10, 0, 600_000, 0, -10, 5_000_480)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"mask": None}, "sample 1: has no mask; a dataset of segmentation is needed"),
        ({"image": torch.zeros(2, 48, 40)}, r"sample 1: its image has shape \(2, 48, 40\); \(3, rows, columns\)"),
        ({"mask": torch.zeros(48, 41)}, r"its mask has shape \(48, 41\), its image \(3, 48, 40\); they must agree"),
        ({"mask": torch.full((1, 48, 40), -1)}, "its mask holds -1; codes are 0 to 255: .* dataset's transforms"),
        ({"mask": torch.full((48, 40), float("nan"))}, "its mask holds nan"),
    ],
)
def test_samples_that_do_not_fit_leave_nothing(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    wrong = {key: value for key, value in (sample(1) | change).items() if value is not None}
    with pytest.raises(InputError, match=problem):
        write_tiles(Made(sample(0), wrong), tmp_path, site="train", bands=COLOURS)
    assert not [path for path in tmp_path.rglob("*") if path.name not in {"images", "masks"}]


def test_a_site_that_is_there_stays_and_none_is_made_of_nothing(tmp_path: Path) -> None:
    write_tiles(Made(sample(0)), tmp_path, site="train", bands=COLOURS)
    before = (tmp_path / "images" / "train" / "00000.tif").read_bytes()
    with pytest.raises(InputError, match="train: is there already; remove it, or give another site"):
        write_tiles(Made(sample(1)), tmp_path, site="train", bands=COLOURS)
    assert (tmp_path / "images" / "train" / "00000.tif").read_bytes() == before
    with pytest.raises(InputError, match="val: the dataset holds no sample"):
        write_tiles(Made(), tmp_path, site="val", bands=COLOURS)


@pytest.mark.slow
def test_a_dataset_of_torchgeo_becomes_tiles(tmp_path: Path) -> None:
    """Windows of a geographic dataset, cut by TorchGeo's own sampler, keep values and place; its import takes 10 s."""
    datasets = pytest.importorskip(
        "torchgeo.datasets", reason="TorchGeo is not installed: pip install 'pitscape[torchgeo]'"
    )
    samplers = pytest.importorskip("torchgeo.samplers")
    codes = np.arange(64 * 64, dtype=np.uint8).reshape(1, 64, 64) % 5
    image = np.random.default_rng(0).integers(1, 255, (3, 64, 64)).astype(np.uint8)
    write_raster(tmp_path / "given" / "images" / "a.tif", image)
    write_raster(tmp_path / "given" / "masks" / "a.tif", codes)
    labels = type("Labels", (datasets.RasterDataset,), {"is_image": False})(str(tmp_path / "given" / "masks"))
    both = datasets.RasterDataset(str(tmp_path / "given" / "images")) & labels
    windows = Made(*(both[query] for query in samplers.GridGeoSampler(both, size=32, stride=32)))
    write_tiles(windows, tmp_path / "tiles", site="a", bands=COLOURS)
    written = sorted((tmp_path / "tiles" / "images" / "a").iterdir())
    assert len(written) == 4
    for path in written:
        with rasterio.open(path) as dataset, rasterio.open(tmp_path / "given" / "images" / "a.tif") as whole:
            assert dataset.shape == (32, 32)
            window = whole.window(*dataset.bounds)
            np.testing.assert_array_equal(dataset.read(), whole.read(window=window))

"""Small scenes and grids that tests make."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import rasterio
import yaml
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.sensor import load_sensor

UTM = "EPSG:32633"
BANDS = load_sensor("sentinel2_l2a").band_names

SceneMaker = Callable[..., Path]


def grid(height: int, width: int, *, side: float = 10.0, crs: str = UTM) -> GeoBox:
    """A north-up grid."""
    return GeoBox((height, width), Affine(side, 0, 585420, 0, -side, 5652250), crs)


def stored_numbers(height: int, width: int, *, seed: int = 0) -> NDArray[np.uint16]:
    """A random scene of ten bands in stored numbers, all observed."""
    return np.random.default_rng(seed).integers(1100, 5000, (10, height, width)).astype(np.uint16)


def write_raster(
    path: Path,
    pixels: NDArray[np.generic],
    *,
    bands: Sequence[str] | None = None,
    nodata: float | None = None,
    crs: str | None = UTM,
    side: float = 10.0,
) -> Path:
    """Write an array (band, y, x) as a GeoTIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = pixels.shape
    where = grid(height, width, side=side)
    profile = {"count": count, "height": height, "width": width, "dtype": pixels.dtype.name, "nodata": nodata}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=where.affine, **profile) as dataset:
        dataset.write(pixels)
        if bands:
            dataset.descriptions = tuple(bands)
    return path


def write_labelled_scenes(folder: Path, *, scenes: int = 2, height: int = 64, width: int = 96) -> None:
    """Scenes of four bright and dark quarters with sparse labels: 1 mined, 2 occupied, 3 vegetated, 4 water."""
    for number in range(scenes):
        stored = stored_numbers(height, width, seed=number)
        codes = 1 + np.add.outer(2 * (np.arange(height) // 8 % 2), np.arange(width) // 12 % 2).astype(np.uint8)
        stored[0] = 1200 + 900 * codes.astype(np.uint16)
        stored[:, :2] = 0
        name = f"tile_2023070{number + 1}.tif"
        write_raster(folder / "images" / name, stored, bands=BANDS)
        sparse = np.where(np.random.default_rng(number).random(codes.shape) < 0.5, codes, 0).astype(np.uint8)
        write_raster(folder / "masks" / name, sparse[None])


def training_file(folder: Path, *, steps: int = 2) -> Path:
    """A configuration that trains a small network on the scenes of a folder."""
    content = {
        "trainer": {"default_root_dir": str(folder / "run"), "max_steps": steps},
        "model": {
            "class_path": "pitscape.training.task.SegmentationTask",
            "init_args": {"network": {"encoder_depth": 3, "decoder_channels": [16, 8, 8]}},
        },
        "data": {
            "class_path": "pitscape.training.data.LabelledScenes",
            "init_args": {
                "images": str(folder / "images"),
                "masks": str(folder / "masks"),
                "licence": "made by a test",
                "crosswalk": {0: "ignore", 1: "mined", 2: "occupied", 3: "vegetated", 4: "water"},
                "split": {"kind": "columns", "train": [0, 64], "validate_on": [64, 96], "buffer": 8},
                "tile": 32,
                "batch_size": 2,
                "steps_per_epoch": 2,
                "context": 4,
            },
        },
    }
    path = folder / "train.yaml"
    path.write_text(yaml.safe_dump(content))
    return path

"""Samples of a dataset as a folder of tiles: the way from TorchGeo's datasets to the loader."""

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import make_folder

STORED_AS = {"float64": "float32", "float16": "float32", "int64": "int32", "bool": "uint8"}
"""Types that a tile is not stored in, and what stands for them."""


class Samples(Protocol):
    """A sequence of samples, as TorchGeo's datasets are."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, index: int, /) -> Mapping[str, Any]:
        """A sample: "image" (band, y, x), "mask" (y, x) or (1, y, x); "crs" and "bounds" where it has a place."""


def write_tiles(samples: Samples, folder: Path, *, site: str, bands: Sequence[str]) -> None:
    """Write samples as ``FOLDER/images/SITE/00000.tif`` ... and ``FOLDER/masks/SITE/00000.tif`` ...

    ``pitscape fit`` reads them with ``images: FOLDER/images`` and ``masks: FOLDER/masks``; a site for each of a dataset's
    own parts (train, val) lets ``split: {kind: leave_out, sites: [val]}`` judge on the parts that others judge on.
    Samples with "crs" and "bounds" (slices of easting and northing, as TorchGeo's geographic datasets give) keep
    their place. Others have none, and are read with ``gsd_m``.

    Args:
        samples: Images of stored numbers and masks of codes from 0 to 255, as tensors or arrays.
        folder: Where ``images`` and ``masks`` lie or are made.
        site: Name of the new folder in both.
        bands: Names of the images' bands, in their order.

    Raises:
        InputError: If there is no sample, a sample does not fit, or the site is there already. Nothing is written then.
    """
    if not len(samples):
        raise InputError(f"{site}: the dataset holds no sample; check its folder and options.")
    parts = {part: make_folder(folder / part) / site for part in ("masks", "images")}
    for target in parts.values():
        if target.exists():
            raise InputError(f"{target}: is there already; remove it, or give another site.")
    with tempfile.TemporaryDirectory(dir=folder, prefix=".tiles-") as work, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        for part in parts:
            (Path(work) / part).mkdir()
        for number in range(len(samples)):
            image, mask, place = _tile(samples[number], bands, f"{site}: sample {number}")
            name = f"{number:05}.tif"
            _write(Path(work) / "images" / name, image, tuple(bands), place)
            _write(Path(work) / "masks" / name, mask[None], (), place)
        for part, target in parts.items():
            (Path(work) / part).rename(target)


def _tile(
    sample: Mapping[str, Any], bands: Sequence[str], what: str
) -> tuple[NDArray[Any], NDArray[np.uint8], dict[str, Any]]:
    """Image, mask and place of a sample."""
    if missing := {"image", "mask"} - set(sample):
        raise InputError(f"{what}: has no {' and no '.join(sorted(missing))}; a dataset of segmentation is needed.")
    image, mask = np.asarray(sample["image"]), np.asarray(sample["mask"])
    if image.ndim != 3 or len(image) != len(bands):
        raise InputError(f"{what}: its image has shape {image.shape}; ({len(bands)}, rows, columns) is needed.")
    mask = mask[0] if mask.ndim == 3 and len(mask) == 1 else mask
    if mask.shape != image.shape[1:]:
        raise InputError(f"{what}: its mask has shape {mask.shape}, its image {image.shape}; they must agree.")
    with np.errstate(invalid="ignore"):  # NaN, which the next line refuses
        codes = mask.astype(np.uint8)
    if (wrong := codes != mask).any():
        raise InputError(
            f"{what}: its mask holds {mask[wrong][0]}; codes are 0 to 255: change it with the dataset's transforms."
        )
    stored = image.astype(STORED_AS.get(image.dtype.name, image.dtype.name))
    return stored, codes, _place(sample, mask.shape)


def _place(sample: Mapping[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Projection and transformation, where a sample has them."""
    if "crs" not in sample or "bounds" not in sample:
        return {}
    x, y = sample["bounds"][:2]
    cell = Affine((x.stop - x.start) / shape[1], 0, x.start, 0, (y.start - y.stop) / shape[0], y.stop)
    return {"crs": sample["crs"].to_wkt(), "transform": cell}


def _write(path: Path, pixels: NDArray[Any], bands: tuple[str, ...], place: dict[str, Any]) -> None:
    count, height, width = pixels.shape
    layout = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": pixels.dtype.name}
    with rasterio.open(path, "w", **layout, **place, compress="deflate") as dataset:
        dataset.write(pixels)
        if bands:
            dataset.descriptions = bands

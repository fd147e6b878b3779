"""Images made of a catalogue's scenes: GeoTIFFs in the sensor's convention, each with a JSON that tells equal requests."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import replacing, sha256_of, sidecar, write_json
from pitscape.imagery.radiometry import ACQUIRED_TAG, CONVENTION_TAG, SENSOR_TAG
from pitscape.imagery.sensor import Band, Sensor
from pitscape.imagery.stac.composite import Group, first_seen, median_seen
from pitscape.imagery.stac.item_stack import ItemStack

BLOCK = 256
LARGEST_WINDOW = 2048
WINDOW_BYTES = 1 << 28
"""Of the pixels of all items that are held at once."""


@dataclass(frozen=True)
class Image:
    """One GeoTIFF to be made.

    Attributes:
        path: Where.
        group: Of which scenes.
        median: Whether it is their median; else the first that shows a pixel gives it.
        request: All that decides what it holds; it stands in its JSON.
    """

    path: Path
    group: Group
    median: bool
    request: Mapping[str, Any]

    @property
    def request_sha256(self) -> str:
        """Of the request."""
        return hashlib.sha256(json.dumps(self.request, sort_keys=True).encode()).hexdigest()

    def is_there(self) -> bool:
        """Whether it was made already by the same request.

        Raises:
            InputError: If something else stands in its place.
        """
        if not self.path.exists():
            return False
        try:
            beside = json.loads(sidecar(self.path).read_text(encoding="utf-8"))
            request, pixels = beside["request_sha256"], beside["output_sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            request, pixels = None, None
        if request != self.request_sha256:
            raise InputError(f"{self.path}: was not made by this request; choose another --out, or delete it.")
        if pixels != sha256_of(self.path):
            raise InputError(f"{self.path}: was changed since it was fetched; delete it to fetch it again.")
        return True

    def windows(self, stack: ItemStack) -> list[tuple[slice, slice]]:
        """Rows and columns in which it is made, so that the pixels of all its scenes fit into memory."""
        side = math.isqrt(WINDOW_BYTES // (8 * len(self.group.items) * _bands_at_once(self, stack)))
        side = min(max(side // BLOCK * BLOCK, BLOCK), LARGEST_WINDOW)
        height, width = stack.grid.shape
        return [
            (slice(top, min(top + side, height)), slice(left, min(left + side, width)))
            for top in range(0, height, side)
            for left in range(0, width, side)
        ]

    def make(self, stack: ItemStack, sensor: Sensor, versions: Mapping[str, str], step: Callable[[], None]) -> float:
        """Write the GeoTIFF and its JSON; the GeoTIFF appears last, and whole.

        Args:
            stack: Its pixels.
            sensor: Whose they are.
            versions: Of software, for the JSON.
            step: Called after each window.

        Returns:
            The share of its pixels that were observed.

        Raises:
            PitscapeError: If a file cannot be read.
        """
        profile = _profile(stack, self.group)
        observed = shown = 0
        with replacing(self.path) as temporary:
            with rasterio.open(temporary, "w", **profile) as dataset:
                dataset.descriptions = tuple(band.name for band in stack.bands)
                days = {ACQUIRED_TAG: self.group.acquired.isoformat()}
                dataset.update_tags(**{SENSOR_TAG: sensor.name, CONVENTION_TAG: sensor.convention} | days)
                for rows, columns in self.windows(stack):
                    pixels, scenes = self._pixels(stack, stack.grid[rows, columns])
                    observed += int(np.isfinite(pixels[0]).sum())
                    shown += int(scenes.sum())
                    dataset.write(_stored(pixels, profile), window=Window.from_slices(rows, columns))
                    step()
            height, width = stack.grid.shape
            shares = {"observed_share": observed / (height * width), "clear_share": self.group.clear}
            shares |= {"scenes_per_observed_pixel": shown / observed if observed else None}
            hashes = {"request_sha256": self.request_sha256, "output_sha256": sha256_of(temporary)}
            content = {"schema": 1, "request": self.request} | shares | hashes | {"versions": dict(versions)}
            write_json(sidecar(self.path), content)
        return observed / (height * width)

    def _pixels(self, stack: ItemStack, window: GeoBox) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Numbers (band, y, x) of a window, NaN in all bands where one was not observed, and scenes that show it (y, x)."""
        merge = median_seen if self.median else first_seen
        seen = stack.seen(self.group.items, window)
        whole = seen.copy()
        pixels = np.empty((len(stack.bands), *window.shape), np.float32)
        for first, last in _bands(self, stack):
            for n, planes in enumerate(stack.planes(self.group.items, window, slice(first, last)), start=first):
                whole &= np.isfinite(planes)
                planes[~seen] = np.nan
                pixels[n] = merge(planes)
        pixels[:, ~np.isfinite(pixels).all(axis=0)] = np.nan
        return pixels, whole.sum(axis=0)


def common_fill(bands: tuple[Band, ...]) -> float | None:
    """A stored value that means "not observed" in all bands; None where they share none."""
    return next((value for value in bands[0].fill if all(value in band.fill for band in bands)), None)


def _bands_at_once(image: Image, stack: ItemStack) -> int:
    most = WINDOW_BYTES // (8 * len(image.group.items) * BLOCK**2)
    return max(1, min(len(stack.bands), most))


def _bands(image: Image, stack: ItemStack) -> Iterator[tuple[int, int]]:
    step = _bands_at_once(image, stack)
    for first in range(0, len(stack.bands), step):
        yield first, min(first + step, len(stack.bands))


def _profile(stack: ItemStack, group: Group) -> dict[str, Any]:
    """Of the type that the stored numbers have, where that holds the sensor's fill; else of floats."""
    dtype, fill = stack.dtype(group.items[0]), common_fill(stack.bands)
    holds = dtype.kind in "iu" and fill is not None and np.iinfo(dtype).min <= fill <= np.iinfo(dtype).max
    height, width = stack.grid.shape
    return {
        "driver": "GTiff",
        "count": len(stack.bands),
        "height": height,
        "width": width,
        "dtype": dtype.name if holds else "float32",
        "nodata": fill if holds else math.nan,
        "crs": str(stack.grid.crs),
        "transform": stack.grid.affine,
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "compress": "DEFLATE",
        "predictor": 2 if holds else 3,
        "bigtiff": "IF_SAFER",
    }


def _stored(pixels: NDArray[np.float32], profile: Mapping[str, Any]) -> NDArray[Any]:
    dtype = np.dtype(profile["dtype"])
    if dtype.kind == "f":
        return pixels
    limits = np.iinfo(dtype)
    rounded = np.clip(np.rint(pixels), limits.min, limits.max)
    return np.where(np.isfinite(pixels), rounded, profile["nodata"]).astype(dtype)

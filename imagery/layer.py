"""Layers: bands of one raster file, read onto the grid of a scene, with what was observed."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.grid import halves, is_inside, part
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.imagery.sensor import Band
from pitscape.imagery.warp import Alignment, warped

MOST_VALUES = 1 << 23
"""Source values of all bands that are warped at once; windows that need more are read in halves."""

ENOUGH = 0.5
"""Share of a kernel's weight that must have been observed for a pixel to count as observed."""

Pixels = tuple[NDArray[np.float32], NDArray[np.bool_]]
"""Stored numbers (band, y, x), 0 where not observed, and where they were observed (y, x)."""


class RasterReader(Protocol):
    """What layers read: a raster that any thread may read. ``Raster`` says what its parts are."""

    grid: GeoBox
    shape: tuple[int, int]
    block_shape: tuple[int, int]
    nodata: tuple[float, ...]

    def read(
        self, indexes: Sequence[int], rows: slice, columns: slice, *, shape: tuple[int, int] | None = None
    ) -> NDArray[Any]:
        """Values (band, y, x) of a window."""

    def masked(self, rows: slice, columns: slice, *, shape: tuple[int, int] | None = None) -> NDArray[np.bool_] | None:
        """Where the raster itself says that there is nothing (y, x)."""


@dataclass(frozen=True)
class Layer:
    """Bands of one raster on a target grid.

    Attributes:
        raster: The file.
        bands: What its wanted bands are.
        indexes: Where they stand in the file, from 1.
        added: Added to stored numbers to bring them to the sensor's convention.
        alignment: Of the file's grid and the grid wanted.
    """

    raster: RasterReader
    bands: tuple[Band, ...]
    indexes: tuple[int, ...]
    added: int
    alignment: Alignment

    def on(self, grid: GeoBox) -> "Layer":
        """The same bands on another grid."""
        return replace(self, alignment=Alignment(self.raster.grid, grid))

    def read(self, rows: slice, columns: slice, *, shape: tuple[int, int] | None = None) -> Pixels:
        """Pixels of a window of the target grid, which may reach beyond it; ``shape`` reduces it for pictures."""
        if self.alignment.is_identity and shape is None:
            return self._around(rows, columns)
        if self.alignment.is_identity and is_inside(rows, columns, self.raster.shape):
            return self._stored(rows, columns, shape)
        return self.at(part(self.alignment.target, rows, columns, shape))

    def _stored(self, rows: slice, columns: slice, shape: tuple[int, int] | None = None) -> Pixels:
        """A window of the file's own grid."""
        stored = self.raster.read(self.indexes, rows, columns, shape=shape)
        hidden = self.raster.masked(rows, columns, shape=shape)
        for number, (band, index) in enumerate(zip(self.bands, self.indexes, strict=True)):
            for nothing in _not_observed(stored[number], band, self.raster.nodata[index - 1]):
                hidden = nothing if hidden is None else np.logical_or(hidden, nothing, out=hidden)
        with np.errstate(over="ignore"):  # float64 beyond float32, which the next line hides
            values = stored.astype(np.float32, copy=False)
        if stored.dtype.itemsize > values.dtype.itemsize and not np.isfinite(values).all():
            lost = np.logical_not(np.isfinite(values).all(axis=0))
            hidden = lost if hidden is None else np.logical_or(hidden, lost)
        if self.added:
            values += np.float32(self.added)
        observed = np.ones(values.shape[1:], np.bool_)
        if hidden is not None and hidden.any():
            values[:, hidden] = UNOBSERVED_STORED
            np.logical_not(hidden, out=observed)
        return values, observed

    def _around(self, rows: slice, columns: slice) -> Pixels:
        """A window of the file's own grid that may reach beyond it; what lies beyond was not observed."""
        inside = [
            slice(max(s.start, 0), min(s.stop, n)) for s, n in zip((rows, columns), self.raster.shape, strict=True)
        ]
        if inside == [rows, columns]:
            return self._stored(rows, columns)
        size = (rows.stop - rows.start, columns.stop - columns.start)
        values, observed = np.zeros((len(self.bands), *size), np.float32), np.zeros(size, np.bool_)
        if all(s.start < s.stop for s in inside):
            at = tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(inside, (rows, columns), strict=True))
            values[:, *at], observed[at] = self._stored(inside[0], inside[1])
        return values, observed

    def at(self, window: GeoBox) -> Pixels:
        """Pixels warped to a part of the target grid, in halves where the file has very many cells to one of it."""
        needed = self.alignment.needed(window)
        if needed is None:
            return np.zeros((len(self.bands), *window.shape), np.float32), np.zeros(window.shape, np.bool_)
        if too_many(needed, len(self.bands), window):
            first, second, axis = halves(window)
            pixels = self.at(first), self.at(second)
            return np.concatenate([p[0] for p in pixels], axis + 1), np.concatenate([p[1] for p in pixels], axis)
        values, observed = self._around(*needed)
        return self._moved(values, observed, part(self.raster.grid, *needed), window)

    def _moved(
        self, values: NDArray[np.float32], observed: NDArray[np.bool_], source: GeoBox, window: GeoBox
    ) -> Pixels:
        """Pixels of a window of the file brought to a window of the target."""
        _to_power(values, self.bands)
        values[:, ~observed] = np.nan
        found = np.empty((len(values), *window.shape), np.float32)
        reduces = self.alignment.reduces
        for method, categories in sorted({(band.resampling, band.is_category) for band in self.bands}):
            alike = [n for n, b in enumerate(self.bands) if (b.resampling, b.is_category) == (method, categories)]
            found[alike] = warped(values[alike], source, window, method=method, reduces=reduces, categories=categories)
        _to_decibels(found, self.bands)
        known: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(found))
        if not observed.all():  # apart from the bands: GDAL takes NaN as known where another band of a raster is known
            seen = observed[None].astype(np.float32)
            for method in {band.resampling for band in self.bands}:
                known &= warped(seen, source, window, method=method, reduces=reduces)[0] >= ENOUGH
        found[:, ~known] = UNOBSERVED_STORED
        return found, known


def too_many(needed: tuple[slice, slice], bands: int, window: GeoBox) -> bool:
    """Whether a window needs more source values than are warped at once, and can be halved."""
    cells = math.prod(each.stop - each.start for each in needed)
    return cells * bands > MOST_VALUES and max(window.shape) > 1


def _not_observed(stored: NDArray[Any], band: Band, nodata: float) -> Iterator[NDArray[np.bool_]]:
    """Where a band holds NaN, infinity, fill, the file's nodata, or a number that means nothing; each if it occurs."""
    least = stored.min()
    whole = stored.dtype.kind in "ui"
    if not whole and not (np.isfinite(least) and np.isfinite(stored.max())):
        yield ~np.isfinite(stored)
        least = -np.inf
    wanted = [value for value in {*band.fill, nodata} if value >= least]
    above = bool(band.valid) or any(value > least for value in wanted)
    greatest = stored.max() if above else least  # one pass less where fill values lie below all that is stored
    if not np.isfinite(greatest):
        greatest = np.inf
    yield from (stored == value for value in wanted if value <= greatest)
    if band.valid and least < band.valid[0]:
        yield stored < band.valid[0]
    if band.valid and greatest > band.valid[1]:
        yield stored > band.valid[1]


def _to_power(values: NDArray[np.float32], bands: Sequence[Band]) -> None:
    """Decibels to power, in place: means are taken of the power."""
    for number in _decibels(bands):
        values[number] = 10 ** (values[number] / 10)


def _to_decibels(values: NDArray[np.float32], bands: Sequence[Band]) -> None:
    for number in _decibels(bands):
        power = np.where(values[number] > 0, values[number], np.nan)  # a cubic kernel can fall below 0
        values[number] = 10 * np.log10(power)


def _decibels(bands: Sequence[Band]) -> list[int]:
    return [number for number, band in enumerate(bands) if band.unit == "dB"]

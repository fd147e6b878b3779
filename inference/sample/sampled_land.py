"""The land that a sample is drawn from: a class map, or two of them as transitions, perhaps within zones."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import geometry_mask
from rasterio.windows import Window
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.class_map import ClassMap, open_class_map
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import row_band, same_grid
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.progress import Progress

NO_CODE = 65535
"""Code of cells that are unobserved, at either epoch, or outside the zones."""

Codes = NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Census:
    """What all cells of the land add up to, by code.

    Attributes:
        pixels: Number of cells.
        areas: Their geodesic area [m2].
        cell_range: Least and largest area of a cell [m2].
    """

    pixels: NDArray[np.int64]
    areas: NDArray[np.float64]
    cell_range: tuple[float, float]


@dataclass(frozen=True)
class SampledLand:
    """Cells with a code each: the class, or the transition ``before x classes + after``.

    Attributes:
        after: The open map; the later one of two.
        before: The earlier map on the same grid, if transitions are sampled.
        zones: Polygons in the map's CRS that hold the land; empty for all of the map.
    """

    after: ClassMap
    before: ClassMap | None = None
    zones: tuple[BaseGeometry, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the codes: classes, or ``A to B`` for transitions."""
        classes = self.after.legend.names
        return transition_names(classes) if self.before else classes

    def row_bands(self, progress: Progress | None = None) -> Iterator[tuple[Codes, GeoBox]]:
        """Codes (y, x) from top to bottom, each band with its grid."""
        height = self.after.grid.shape[0]
        for start in range(0, height, BLOCK):
            rows = slice(start, min(start + BLOCK, height))
            grid = row_band(self.after.grid, rows.start, rows.stop)
            before = self.before.read(rows) if self.before else None
            codes = self._coded(self.after.read(rows), before)
            if self.zones:
                codes[~_within(self.zones, grid)] = NO_CODE
            yield codes, grid
            if progress:
                progress(rows.stop, height)

    def census(self, progress: Progress | None = None) -> Census:
        """Count all cells, in one pass over the map."""
        size = len(self.names)
        pixels, areas = np.zeros(size, np.int64), np.zeros(size)
        low, high = np.inf, 0.0
        for codes, grid in self.row_bands(progress):
            per_cell = cell_areas(grid)
            low, high = min(low, float(per_cell.min())), max(high, float(per_cell.max()))
            known = codes != NO_CODE
            pixels += np.bincount(codes[known], minlength=size)
            areas += np.bincount(codes[known], np.broadcast_to(per_cell, codes.shape)[known], minlength=size)
        return Census(pixels, areas, (low, high))

    def codes_at(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Codes, NDArray[np.bool_]]:
        """Codes of the cells that hold points.

        Args:
            x: Eastings in the map's CRS.
            y: Northings.

        Returns:
            A code per point, ``NO_CODE`` where there is none; and whether the point lies on the map at all.
        """
        to_cell = ~self.after.grid.affine
        columns = np.floor(to_cell.a * x + to_cell.b * y + to_cell.c).astype(np.int64)
        rows = np.floor(to_cell.d * x + to_cell.e * y + to_cell.f).astype(np.int64)
        height, width = self.after.grid.shape
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        codes = np.full(len(x), NO_CODE, np.uint16)
        for n in np.flatnonzero(inside):
            window = Window(columns[n], rows[n], 1, 1)
            ids = [None if each is None else _ids(each, window) for each in (self.after, self.before)]
            assert ids[0] is not None
            codes[n] = self._coded(ids[0], ids[1])[0, 0]
        return codes, inside

    def _coded(self, after: NDArray[np.uint8], before: NDArray[np.uint8] | None) -> Codes:
        codes = after.astype(np.uint16)
        hidden = after == UNOBSERVED
        if before is not None:
            codes += before.astype(np.uint16) * np.uint16(len(self.after.legend))
            hidden |= before == UNOBSERVED
        codes[hidden] = NO_CODE
        return codes


@contextmanager
def open_land(
    classes: Path, before: Path | None = None, *, legend: Legend | None = None, zones: Sequence[BaseGeometry] = ()
) -> Iterator[SampledLand]:
    """Open the maps of the land.

    Args:
        classes: Class map; the later one of two.
        before: The earlier one, for transitions.
        legend: For maps that carry none.
        zones: In the CRS of ``classes``.

    Raises:
        InputError: If two maps differ in grid or classes.
    """
    with ExitStack() as stack:
        after = stack.enter_context(open_class_map(classes, legend))
        earlier = stack.enter_context(open_class_map(before, legend)) if before else None
        if earlier and not same_grid(earlier.grid, after.grid):
            raise InputError(f"{before}: lies on another grid than {classes}; bring it there with gdalwarp -r near.")
        if earlier and earlier.legend.names != after.legend.names:
            raise InputError(f"{before}: has other classes than {classes}; map both with one legend.")
        yield SampledLand(after, earlier, tuple(zones))


def transition_names(classes: Sequence[str]) -> tuple[str, ...]:
    """Names of all transitions in order of code.

    >>> transition_names(["mined", "water"])
    ('mined to mined', 'mined to water', 'water to mined', 'water to water')
    """
    return tuple(f"{before} to {after}" for before in classes for after in classes)


def _ids(classes: ClassMap, window: Window) -> NDArray[np.uint8]:
    ids: NDArray[np.uint8] = classes.dataset.read(1, window=window)
    if classes.dataset.nodata is not None:
        ids[ids == classes.dataset.nodata] = UNOBSERVED
    return ids


def _within(zones: Sequence[BaseGeometry], grid: GeoBox) -> NDArray[np.bool_]:
    """Cells of a band of rows whose centre lies in any zone."""
    frame = box(*grid.extent.geom.bounds)
    near = [zone for zone in zones if zone.intersects(frame)]
    if not near:
        return np.zeros(grid.shape, np.bool_)
    mask: NDArray[np.bool_] = geometry_mask(near, grid.shape, grid.affine, invert=True)
    return mask

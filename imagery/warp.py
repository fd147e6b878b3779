"""Pixels of one grid brought to another, so that any window equals the same part of the whole."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from pyproj.exceptions import ProjError
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import positions, same_grid

REDUCING = 1.25
"""A target cell whose side is longer than this many source cells takes their mean instead of a value between them."""

EXACT = 1e-9
"""Tolerance of the coordinate transformation [px]; GDAL's own, 0.125 px, depends on the window."""

MARGIN = 3
"""Source cells around a window that a cubic kernel can reach."""

EDGE_POINTS = 22
"""Points along each side of a window at which its place on the source is computed."""

Method = Literal["nearest", "bilinear", "cubic"]


@dataclass(frozen=True)
class Alignment:
    """How cells of a target grid lie on a source grid.

    Attributes:
        source: Grid of the stored pixels, north-up or south-up, not turned.
        target: Grid wanted.
    """

    source: GeoBox
    target: GeoBox

    @cached_property
    def is_identity(self) -> bool:
        """Whether both are the same grid, so that nothing has to be warped."""
        return same_grid(self.source, self.target)

    @cached_property
    def ratio(self) -> float:
        """Side of a target cell in source cells: the median over the target, 1 where they have nothing in common."""
        height, width = self.target.shape
        column, row = np.meshgrid(np.linspace(0, width, 5), np.linspace(0, height, 5))
        x, y = self._source_pixels(column, row)
        right, down = self._source_pixels(column + 1, row), self._source_pixels(column, row + 1)
        area = (right[0] - x) * (down[1] - y) - (down[0] - x) * (right[1] - y)
        known = np.abs(area[np.isfinite(area)])
        return math.sqrt(float(np.median(known))) if known.size else 1.0

    @property
    def reduces(self) -> bool:
        """Whether target cells are so large that source cells are averaged."""
        return self.ratio > REDUCING

    def needed(self, window: GeoBox, *, margin: int = MARGIN) -> tuple[slice, slice] | None:
        """Rows and columns of the source that a part of the target is made of; None where they do not meet.

        They reach beyond the source where target cells do, so that what a cell lacks counts.
        """
        height, width = window.shape
        across, down = np.meshgrid(np.linspace(0, width, EDGE_POINTS), np.linspace(0, height, EDGE_POINTS))
        column, row = self._source_pixels(*positions(~self.target.affine @ window.affine, across, down))
        if not np.isfinite(column).any():
            return None
        beyond = math.ceil(self.ratio) + margin
        limits = []
        for values, size in ((row, self.source.shape[0]), (column, self.source.shape[1])):
            first, last = math.floor(np.nanmin(values)), math.ceil(np.nanmax(values))
            if first >= size or last <= 0:
                return None
            limits.append(slice(max(first - margin, -beyond), min(last + margin, size + beyond)))
        return limits[0], limits[1]

    def _source_pixels(
        self, column: NDArray[np.floating], row: NDArray[np.floating]
    ) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """Source column and row of positions on the target; NaN where the projection ends."""
        x, y = positions(self.target.affine, column, row)
        if self.source.crs != self.target.crs:
            x, y = self._to_source.transform(x, y)
        x, y = np.where(np.isfinite(x), x, np.nan), np.where(np.isfinite(y), y, np.nan)
        return positions(~self.source.affine, x, y)

    @cached_property
    def _to_source(self) -> Transformer:
        try:
            return Transformer.from_crs(str(self.target.crs), str(self.source.crs), always_xy=True)
        except ProjError as error:
            raise InputError(
                f"coordinate systems {self.target.crs} and {self.source.crs} cannot be related."
            ) from error


def warped(
    values: NDArray[np.float32],
    source: GeoBox,
    target: GeoBox,
    *,
    method: Method,
    reduces: bool,
    categories: bool = False,
) -> NDArray[np.float32]:
    """Resample pixels to another grid.

    The transformation is exact and the kernel's width fixed, so that the result does not depend on which part of a
    scene ``target`` is.

    Args:
        values: (band, y, x), NaN where unknown.
        source: Their grid; it reaches beyond what ``target`` needs, where the scene does.
        target: Grid wanted.
        method: Kernel on finer or shifted grids; kernels leave out unknown cells.
        reduces: Whether cells are averaged (categories: the most frequent one is taken).
        categories: Whether values are codes.

    Returns:
        (band, y, x) on ``target``, NaN where no known cell contributes.
    """
    reducing = Resampling.mode if categories else Resampling.average
    resampling = reducing if reduces else Resampling[method]
    place = {"crs": str(source.crs), "transform": source.affine}
    with MemoryFile() as memory:
        bands, height, width = values.shape
        with memory.open(
            driver="GTiff", count=bands, height=height, width=width, dtype="float32", nodata=np.nan, **place
        ) as stored:
            stored.write(values)
        with (
            memory.open() as stored,
            WarpedVRT(
                stored,
                crs=str(target.crs),
                transform=target.affine,
                height=target.shape[0],
                width=target.shape[1],
                resampling=resampling,
                tolerance=EXACT,
                nodata=np.nan,
                dtype="float32",
                XSCALE=1,
                YSCALE=1,
            ) as moved,
        ):
            found: NDArray[np.float32] = moved.read()
    return found

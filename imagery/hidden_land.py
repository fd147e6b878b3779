"""Land that clouds, shadows or a user's mask hide, read onto the grid of a scene."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.grid import halves, is_inside, part
from pitscape.imagery.layer import ENOUGH, RasterReader, too_many
from pitscape.imagery.warp import Alignment, warped


@dataclass(frozen=True)
class HiddenLand:
    """A raster of codes that says where clouds, shadows or a user's mask hide the land, on a target grid.

    Attributes:
        raster: The file.
        index: Its band, from 1.
        hides: Where codes (y, x) mean hidden land.
        alignment: Of the file's grid and the grid wanted.
    """

    raster: RasterReader
    index: int
    hides: Callable[[NDArray[Any]], NDArray[np.bool_]]
    alignment: Alignment

    def on(self, grid: GeoBox) -> "HiddenLand":
        """The same mask on another grid."""
        return replace(self, alignment=Alignment(self.raster.grid, grid))

    def read(self, rows: slice, columns: slice, *, shape: tuple[int, int] | None = None) -> NDArray[np.bool_]:
        """Where the land is seen (y, x) in a window of the target grid; never where the raster says nothing."""
        if self.alignment.is_identity and is_inside(rows, columns, self.raster.shape):
            return ~self.hides(self.raster.read([self.index], rows, columns, shape=shape)[0])
        return self.at(part(self.alignment.target, rows, columns, shape))

    def at(self, window: GeoBox) -> NDArray[np.bool_]:
        """Where the land is seen (y, x) on a part of the target grid."""
        needed = self.alignment.needed(window, margin=1)
        if needed is None:
            return np.zeros(window.shape, np.bool_)
        if too_many(needed, 1, window):
            first, second, axis = halves(window)
            return np.concatenate([self.at(first), self.at(second)], axis)
        rows, columns = (slice(max(s.start, 0), min(s.stop, n)) for s, n in zip(needed, self.raster.shape, strict=True))
        seen = (~self.hides(self.raster.read([self.index], rows, columns))).astype(np.float32)
        source = part(self.raster.grid, rows, columns)
        moved = warped(seen, source, window, method="nearest", reduces=self.alignment.reduces)
        return np.asarray(moved[0] > ENOUGH)

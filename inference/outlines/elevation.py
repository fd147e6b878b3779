"""Elevation, and its change, read window by window onto the grid of a map."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import check_grid
from pitscape.imagery.layer import Layer
from pitscape.imagery.raster import Raster
from pitscape.imagery.sensor import Band, load_sensor
from pitscape.imagery.warp import Alignment

Heights = tuple[NDArray[np.float64], NDArray[np.bool_]]
"""Metres (y, x), 0 where not known, and where they are known."""


@dataclass(frozen=True)
class Elevation:
    """Metres on the grid of a map: of one raster, or of one after less another before.

    Attributes:
        after: Elevation, or its change.
        before: Elevation at an earlier time.
        is_change: Whether it is a change, which is level where nothing happened.
    """

    after: Layer
    before: Layer | None = None
    is_change: bool = False

    def read(self, rows: slice, columns: slice, *, shape: tuple[int, int] | None = None) -> Heights:
        """A window of the map's grid; ``shape`` reduces it."""
        values, known = self.after.read(rows, columns, shape=shape)
        metres = values[0].astype(np.float64)
        if self.before is not None:
            earlier, known_too = self.before.read(rows, columns, shape=shape)
            known &= known_too
            metres -= earlier[0]
        metres[~known] = 0
        return metres, known


@contextmanager
def open_elevation(
    grid: GeoBox,
    *,
    dem: Path | None = None,
    before: Path | None = None,
    change: Path | None = None,
    nodata: Sequence[float] = (),
) -> Iterator[Elevation]:
    """Open a digital elevation model, two of which the difference is meant, or a raster of changes.

    Rasters of any projection and resolution: between cells values are interpolated bilinearly, finer ones averaged.

    Args:
        grid: Of the map.
        dem: Elevation [m].
        before: Elevation at an earlier time [m], on the same vertical datum; with ``dem``.
        change: Instead, elevation after less before [m].
        nodata: Further stored values that mean "not known", beside NaN and the file's own.

    Raises:
        InputError: If a file is no raster of one band, or does not meet the map.
    """
    raster = Raster(change or dem or "")
    rasters = [raster, *([Raster(before)] if before else [])]
    try:
        layers = [_layer(each, grid, nodata, is_change=change is not None) for each in rasters]
        yield Elevation(layers[0], layers[1] if before else None, is_change=bool(change or before))
    finally:
        for each in rasters:
            each.close()


def _layer(raster: Raster, grid: GeoBox, nodata: Sequence[float], *, is_change: bool) -> Layer:
    check_grid(raster.grid, raster.address)
    if len(raster.indexes) != 1:
        raise InputError(f"{raster.address}: has {len(raster.indexes)} bands; give a raster of elevation alone [m].")
    elevation = load_sensor("dem").band("elevation")
    fill = (*nodata, *(() if is_change else elevation.fill))
    band = Band(name="elevation", kind="elevation", unit="m", gsd_m=elevation.gsd_m, fill=fill)
    if not is_change:
        band = band.model_copy(update={"valid": elevation.valid})
    layer = Layer(raster, (band,), raster.indexes, 0, Alignment(raster.grid, grid))
    if layer.alignment.needed(grid, margin=0) is None:
        raise InputError(f"{raster.address}: does not overlap the map; give elevation of the same place.")
    return layer

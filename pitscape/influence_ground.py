"""The ground around a mine as ``pitscape influence`` reads it: relief, water, divides, barriers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.cog import BLOCK
from pitscape.imagery.errors import InputError
from pitscape.imagery.raster import open_raster
from pitscape.imagery.reading import Reading
from pitscape.imagery.scene import open_scene
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.slope import cell_sides
from pitscape.inference.scope.barriers import read_barriers
from pitscape.inference.scope.changed_land import ChangedLand
from pitscape.inference.scope.divides import watershed_divides
from pitscape.inference.scope.friction import Resistance, ground_friction

Mask = NDArray[np.bool_]
METRES = {"m", "metre", "metres", "meter", "meters"}
DIVIDE_DEPTH_M = 50.0
"""Least depth of a basin whose divides count [m]."""

SMOOTH_M = 100.0
"""Standard deviation of the smoothing of the relief before divides are looked for [m]."""


@dataclass(frozen=True)
class Relief:
    """An elevation model on the grid of a map.

    Attributes:
        elevation: [m], 0 where not observed, (y, x).
        slope: [degrees], 0 where not observed.
        observed: Where both are known.
    """

    elevation: NDArray[np.float32]
    slope: NDArray[np.float32]
    observed: Mask


def read_relief(path: Path, grid: GeoBox) -> Relief:
    """Elevation and slope, read in bands of rows.

    Raises:
        InputError: If the file is no elevation model, says that it is not in metres, or does not meet the map.
    """
    with open_raster(path) as dataset:
        unit = str(dataset.units[0] or "").strip()
        if unit and unit.lower() not in METRES:
            raise InputError(f"{path}: its elevation is in {unit}; bring it to metres with gdal_calc.")
        bands = ("elevation",) if dataset.count == 1 else None
    elevation, slope = (np.zeros(grid.shape, np.float32) for _ in range(2))
    observed = np.zeros(grid.shape, np.bool_)
    with open_scene(
        path, load_sensor("dem"), bands=["elevation", "slope"], reading=Reading(stored_bands=bands)
    ) as scene:
        placed = scene.on(grid)
        for start in range(0, grid.shape[0], BLOCK):
            rows = slice(start, min(start + BLOCK, grid.shape[0]))
            values, seen = placed.read(rows, slice(0, grid.shape[1]))
            elevation[rows], slope[rows], observed[rows] = values[0], values[1], seen
    if not observed.any():
        raise InputError(f"{path}: does not cover the map; give an elevation model of the same land.")
    return Relief(elevation, slope, observed)


def friction_of(
    land: ChangedLand,
    resistance: Resistance,
    *,
    source: Path,
    dem: Path | None,
    barriers: Path | None,
    divide_depth_m: float = DIVIDE_DEPTH_M,
) -> tuple[NDArray[np.float32], dict[str, str]]:
    """Friction around a mine, and what a reader must know of it.

    Args:
        land: Whose water before mining is hard to cross.
        resistance: How hard each thing is to cross.
        source: The first map, for messages.
        dem: Elevation before mining.
        barriers: Lines and polygons that nothing crosses.
        divide_depth_m: Least depth of a basin whose divides count [m].
    """
    cell_m = float(max(side.max() for side in cell_sides(land.grid)))
    flags = {}
    slope = divides = None
    if dem:
        relief = read_relief(dem, land.grid)
        if not relief.observed.all():
            share = 100 * (1 - relief.observed.mean())
            flags["dem_gap"] = f"the elevation model leaves out {share:.1f} % of the map, which is taken as level"
        slope = relief.slope
        divides = watershed_divides(
            relief.elevation, relief.observed, smooth_cells=SMOOTH_M / cell_m, depth_m=divide_depth_m
        )
    blocked = read_barriers(barriers, land.grid, source=source) if barriers else None
    friction = ground_friction(
        land.grid.shape,
        resistance,
        cell_m=cell_m,
        slope=slope,
        water=land.water_before,
        divides=divides,
        barriers=blocked,
    )
    return friction, flags

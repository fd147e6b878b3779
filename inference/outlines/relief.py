"""Pits and dumps told apart by their height above a reference surface."""

import math
from dataclasses import dataclass, field
from typing import Any

import geopandas
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rasterio.features import geometry_mask

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.grid import part
from pitscape.imagery.progress import Progress
from pitscape.inference.bands import BAND_ROWS
from pitscape.inference.outlines.elevation import Elevation
from pitscape.inference.outlines.extents import RELIEF
from pitscape.inference.outlines.mines import mine_groups
from pitscape.inference.outlines.reference_surface import Surface
from pitscape.inference.outlines.undisturbed_ring import surface_around, window_of

NMADS = 3.0
"""How far land must lie off the surface to be a pit or a dump, in NMADs of the ring, where no number is given."""

CM = 100
HIGHEST_CM = 200_000
MM3 = 1e6
LEAST_KNOWN = 0.5


@dataclass
class ReliefSums:
    """Sums over the cells of a polygon.

    Attributes:
        relief_m: Beyond which a cell is pit or dump [m].
        counts: Cells by height above the surface, in cm from -2 km on; lower and higher ones count as that.
        known_m2: Area with known elevation.
        all_m2: Area.
        below_m2: Area of pit, and so on.
        above_m2: Of dump.
        below_m3: Volume between it and the surface.
        above_m3: The same of dump.
    """

    relief_m: float
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2 * HIGHEST_CM + 1, np.int64))
    known_m2: float = 0.0
    all_m2: float = 0.0
    below_m2: float = 0.0
    above_m2: float = 0.0
    below_m3: float = 0.0
    above_m3: float = 0.0

    def add(self, heights: NDArray[np.float64], known: NDArray[np.bool_], areas: NDArray[np.float64]) -> None:
        """Add cells: height above the surface [m], whether it is known, area [m2], all of shape (n,)."""
        self.all_m2 += float(areas.sum())
        heights, areas = heights[known], areas[known]
        self.known_m2 += float(areas.sum())
        cm = np.clip(np.rint(CM * heights), -HIGHEST_CM, HIGHEST_CM).astype(np.int64)
        self.counts += np.bincount(cm + HIGHEST_CM, minlength=len(self.counts))
        below, above = heights < -self.relief_m, heights > self.relief_m
        self.below_m2 += float(areas[below].sum())
        self.above_m2 += float(areas[above].sum())
        self.below_m3 -= float((areas * heights)[below].sum())
        self.above_m3 += float((areas * heights)[above].sum())

    def columns(self, nmad_m: float) -> dict[str, Any]:
        """What the table says of the polygon."""
        total = int(self.counts.sum())
        if self.known_m2 < LEAST_KNOWN * self.all_m2 or not total:
            return {"kind": "unknown", "relief_m": self.relief_m, "reference_nmad_m": nmad_m}
        lower, upper = np.searchsorted(np.cumsum(self.counts), [(total + 1) // 2, total // 2 + 1])
        median = (lower + upper - 2 * HIGHEST_CM) / (2 * CM)
        kind = "pit" if median < -self.relief_m else "dump" if median > self.relief_m else "level"
        return {
            "kind": kind,
            "median_relief_m": float(median),
            "pit_share": self.below_m2 / self.known_m2,
            "dump_share": self.above_m2 / self.known_m2,
            "volume_below_mm3": self.below_m3 / MM3,
            "volume_above_mm3": self.above_m3 / MM3,
            "relief_m": self.relief_m,
            "reference_nmad_m": nmad_m,
        }


def with_relief(
    table: geopandas.GeoDataFrame,
    classes: ClassMap,
    elevation: Elevation,
    *,
    ring_m: float = 300.0,
    relief_m: float | None = None,
    progress: Progress | None = None,
) -> geopandas.GeoDataFrame:
    """Tell which polygons are pits and which dumps.

    Elevation is compared with a surface fitted to the undisturbed land around each mine (see ``fit_surface``): cells
    of the role *vegetated* at most ``ring_m`` from the mine, and more than three cells from mined and occupied land.
    A change is compared with 0. A polygon is a pit where the median of its cells lies below by more than
    ``relief_m``, a dump where it lies above, level between, and unknown where less than half of it, or fewer than 50
    cells of its ring, have an elevation.

    Args:
        table: Extents of the map; rows of one column ``mine`` share a surface.
        classes: The map.
        elevation: On its grid.
        ring_m: Width of the ring [m].
        relief_m: See above [m]; three times the NMAD of the ring by default, 0 for a change.
        progress: Called with mines done and in all.

    Returns:
        The table with its columns kind, median_relief_m (to a centimetre), pit_share and dump_share (of the known
        area, by cell), volume_below_mm3 and volume_above_mm3 (million m3 between those cells and the surface),
        relief_m and reference_nmad_m filled.
    """
    columns: dict[str, list[Any]] = {"kind": ["unknown"] * len(table)}
    columns |= {name: [math.nan] * len(table) for name in RELIEF}
    groups = mine_groups(table)
    for done, group in enumerate(groups):
        if progress:
            progress(done, len(groups))
        shapes = table.geometry.iloc[group]
        surface = None if elevation.is_change else surface_around(list(shapes), classes, elevation, ring_m)
        if surface is None and not elevation.is_change:
            continue
        nmad = surface.nmad_m if surface else math.nan
        limit = relief_m if relief_m is not None else (NMADS * nmad if surface else 0.0)
        for place, shape in zip(group, shapes, strict=True):
            found = _sums(shape, classes, elevation, surface, limit).columns(nmad)
            for name, value in found.items():
                columns[name][place] = value
    kinds = pd.Series(columns.pop("kind"), table.index, dtype=object)
    return table.assign(kind=kinds, **{name: np.array(each, float) for name, each in columns.items()})


def _sums(shape: Any, classes: ClassMap, elevation: Elevation, surface: Surface | None, limit: float) -> ReliefSums:  # noqa: ANN401
    """Sums over a polygon, band of rows by band of rows."""
    sums = ReliefSums(limit)
    rows, columns = window_of([shape], classes.grid)
    for top in range(rows.start, rows.stop, BAND_ROWS):
        band = slice(top, min(top + BAND_ROWS, rows.stop))
        grid = part(classes.grid, band, columns)
        inside = geometry_mask([shape], grid.shape, grid.affine, invert=True)
        heights, known = elevation.read(band, columns)
        if surface is not None:
            heights -= surface.at(_centres(columns)[None], _centres(band)[:, None])
        areas = np.broadcast_to(cell_areas(grid), grid.shape)
        sums.add(heights[inside], known[inside], areas[inside])
    return sums


def _centres(part_of: slice) -> NDArray[np.float64]:
    return np.arange(part_of.start, part_of.stop) + 0.5

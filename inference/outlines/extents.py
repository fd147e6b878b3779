"""Extents of a class as polygons whose areas match the map."""

from collections.abc import Iterator
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS

from pitscape.imagery.cell_area import M2_PER_HA, M2_PER_KM2
from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of, same_grid
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.raster import open_raster
from pitscape.imagery.share_map import SHARE_STEPS
from pitscape.inference.bands import area_bands, row_slices, stored_shares
from pitscape.inference.outlines.footprint import CLOSED, FILLED, MAPPED, Footprint, footprint_of
from pitscape.inference.tracing import Corners, Traced
from pitscape.inference.vector_layer import measured, write_layer

LAYER = "extents"
SUMS = ("patches", "cells", "area_km2", "filled_km2", "unobserved_km2")
"""Columns that add up where patches become one row."""

RELIEF = (
    "median_relief_m",
    "pit_share",
    "dump_share",
    "volume_below_mm3",
    "volume_above_mm3",
    "relief_m",
    "reference_nmad_m",
)
INTERVAL = ("adjusted_km2", "area_low_km2", "area_high_km2")


def class_extents(
    classes: ClassMap,
    class_name: str,
    *,
    epoch: str,
    close_m: float = 0.0,
    fill_ha: float = 0.0,
    min_area_ha: float = 0.0,
    confidence: Path | None = None,
) -> geopandas.GeoDataFrame:
    """Polygons of a class, one per patch of edge-neighbouring cells.

    First gaps are closed, then holes filled (see ``footprint_of``), then small patches left out. Rasterised on the
    map's grid, the polygons give the cells that they were made of.

    Args:
        classes: The open map.
        class_name: The class.
        epoch: Written to every row.
        close_m: What is narrower than twice this is closed [m].
        fill_ha: Holes smaller than this are filled [ha].
        min_area_ha: Smaller patches are left out [ha].
        confidence: A map of confidence as ``predict`` writes it, on the grid of the map.

    Returns:
        class_id, class_name, land (excavated, disturbed, or the class), epoch, mine, patches, cells, area_km2 (sum of
        geodesic cell areas), filled_km2 (of it, what closing and filling added), unobserved_km2 (in its holes),
        adjusted_km2, area_low_km2, area_high_km2, kind, the columns of ``RELIEF``, geometry_area_km2 (geodesic, of the
        polygon itself), perimeter_km (holes included), mean_confidence (of the cells mapped as the class), geometry;
        largest first. Columns that nothing is known of are empty.

    Raises:
        InputError: If the class is unknown, ``close_m`` is wider than the map, or the confidence is on another grid.
    """
    class_id = classes.legend.id_of(class_name)
    if confidence is not None:
        _check_confidence(confidence, classes)
    found = footprint_of(classes, class_id, close_m=close_m, fill_ha=fill_ha)
    patches = found.trace()
    corners = patches.corners
    nothing, cells, areas = np.zeros(len(patches)), corners.cells(), corners.sums(area_bands(found.grid))
    least = areas / (2 * cells)
    columns = {
        "class_id": np.full(len(patches), class_id, np.int64),
        "class_name": class_name,
        "land": classes.legend.land(class_name),
        "epoch": epoch,
        "mine": pd.Series([None] * len(patches), dtype=object),
        "patches": np.ones(len(patches), np.int64),
        "cells": cells,
        "area_km2": areas / M2_PER_KM2,
        "filled_km2": _km2(corners, found.areas(CLOSED, FILLED), least) if close_m or fill_ha else nothing,
        "unobserved_km2": _km2(patches.whole, found.areas(UNOBSERVED), least) if patches.holes else nothing,
        **dict.fromkeys(INTERVAL, np.nan),
        "kind": "unknown",
        **dict.fromkeys(RELIEF, np.nan),
        "mean_confidence": _mean_confidence(patches, found, confidence),
    }
    crs = CRS.from_user_input(str(found.grid.crs))
    table = geopandas.GeoDataFrame(columns, geometry=patches.polygons(found.grid.affine), crs=crs)
    table = table[table["area_km2"] * M2_PER_KM2 >= min_area_ha * M2_PER_HA]
    return measured(table).sort_values("area_km2", ascending=False, ignore_index=True, kind="stable")


def write_extents(path: Path, table: geopandas.GeoDataFrame, *, title: str = "", style: str | None = None) -> None:
    """Write extents as layer ``extents`` of a GeoPackage, or as GeoParquet, whole; see ``write_layer``."""
    write_layer(path, table, LAYER, title=title, style=style)


def _km2(corners: Corners, bands: Iterator[NDArray[np.float64]], least_m2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Areas of some cells within patches; below half a cell they are the rounding of differences of large sums."""
    m2 = corners.sums(bands)
    return np.where(m2 < least_m2, 0.0, m2) / M2_PER_KM2


def _check_confidence(path: Path, classes: ClassMap) -> None:
    with open_raster(path) as dataset:
        if dataset.count != 1 or dataset.dtypes[0] != "uint8":
            raise InputError(f"{path}: is no map of confidence; give what predict --confidence writes.")
        if not same_grid(grid_of(dataset), classes.grid):
            raise InputError(f"{path}: is on another grid than {classes.path}; give the confidence of that map.")


def _mean_confidence(patches: Traced, found: Footprint, path: Path | None) -> NDArray[np.float64]:
    """Of the cells of each patch that were mapped as the class and have a confidence."""
    if path is None:
        return np.full(len(patches), np.nan)

    def bands(*, count: bool) -> Iterator[NDArray[np.float64]]:
        for rows, stored in zip(row_slices(len(found.states)), stored_shares(path), strict=True):
            known = (found.states[rows] == MAPPED) & (stored != UNOBSERVED)
            yield known.astype(np.float64) if count else np.where(known, stored / SHARE_STEPS, 0.0)

    counts = patches.corners.sums(bands(count=True))
    sums = patches.corners.sums(bands(count=False))
    mean: NDArray[np.float64] = np.divide(sums, counts, out=np.full(len(patches), np.nan), where=counts > 0.5)
    return mean

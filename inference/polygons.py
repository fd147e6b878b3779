"""Class polygons of a whole map: no seams at blocks, holes kept, every cell in one polygon."""

from pathlib import Path

import geopandas
import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.share_map import SHARE_STEPS
from pitscape.inference.bands import area_bands, stored_shares
from pitscape.inference.layer_style import categorised_style
from pitscape.inference.tracing import trace
from pitscape.inference.vector_layer import measured, write_layer

LAYER = "classes"


def class_polygons(
    path: Path, confidence: Path | None = None, *, epoch: str = "", simplify_m: float = 0.0
) -> geopandas.GeoDataFrame:
    """Polygons of all classes of a map, one per patch of edge-neighbouring cells.

    The map is read row by row; the polygons, and with them their number, are in memory.

    Args:
        path: The class map.
        confidence: A map of confidence as ``predict`` writes it, for their means.
        epoch: Written to every row.
        simplify_m: Tolerance [m]: corners that span a triangle smaller than its square go, in borders of two polygons
            for both alike (Visvalingam & Whyatt 1993, as in GEOS's coverage simplification). 0 keeps the cells' outline.

    Returns:
        class_id, class_name, epoch, cells, area_km2 (sum of the patch's geodesic cell areas, whatever was simplified),
        geometry_area_km2 (geodesic, of the polygon itself), perimeter_km (holes included), mean_confidence (empty
        without its map), geometry; in the order in which the map's rows end them.
    """
    with open_class_map(path) as classes:
        affine = classes.grid.affine
        patches = trace(rasterio.band(classes.dataset, 1), affine, without=UNOBSERVED)
        ids, corners = patches.values, patches.corners
        table = geopandas.GeoDataFrame(
            {
                "class_id": ids,
                "class_name": np.array(classes.legend.names, dtype=object)[ids],
                "epoch": epoch,
                "cells": corners.cells(),
                "area_km2": corners.sums(area_bands(classes.grid)) / M2_PER_KM2,
            },
            geometry=_simplified(patches.polygons(affine), simplify_m),
            crs=CRS.from_user_input(str(classes.grid.crs)),
        )
    table = measured(table)
    if confidence is not None:
        shares = (np.where(stored == UNOBSERVED, 0.0, stored / SHARE_STEPS) for stored in stored_shares(confidence))
        table["mean_confidence"] = corners.sums(shares) / table["cells"]
    return table


def write_polygons(path: Path, table: geopandas.GeoDataFrame, legend: Legend) -> None:
    """Write class polygons in the colours of their legend as layer ``classes`` of a GeoPackage; see ``write_layer``."""
    style = categorised_style("class_name", {land.name: land.colour for land in legend.classes})
    write_layer(path, table, LAYER, style=style)


def _simplified(polygons: NDArray[np.object_], simplify_m: float) -> NDArray[np.object_]:
    if simplify_m > 0 and len(polygons):
        simple: NDArray[np.object_] = shapely.coverage_simplify(polygons, simplify_m)
        return simple
    return polygons

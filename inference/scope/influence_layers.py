"""An influence scope as files: a raster of its parts, and a GeoPackage of polygons."""

from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS
from rasterio.features import shapes

from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.class_map import new_class_map
from pitscape.imagery.cog import BLOCK
from pitscape.inference.layer_style import categorised_style, single_style
from pitscape.inference.polygons import class_polygons
from pitscape.inference.scope.influence import NOT_CHANGED, PARTS, Influence
from pitscape.inference.scope.octants import area_of
from pitscape.inference.vector_layer import add_style, check_whole, measured, new_geopackage

LAYERS = ("influence", "scope")
SCOPE_COLOUR = "#1f5f8b"
COLUMNS = ["part", "epoch", "cells", "area_km2", "geometry_area_km2", "perimeter_km", "geometry"]


def write_parts(path: Path, found: Influence, grid: GeoBox) -> None:
    """Write the parts of a scope as a class map, in bands of rows."""
    with new_class_map(path, grid, PARTS) as write:
        for start in range(0, grid.shape[0], BLOCK):
            write(start, found.parts[start : start + BLOCK])


def part_polygons(found: Influence, grid: GeoBox, *, epoch: str) -> geopandas.GeoDataFrame:
    """Polygons of changed land and of land mined before, one per patch of edge-neighbouring cells of a part.

    Returns:
        part, epoch, cells, area_km2 (sum of the patch's geodesic cell areas), geometry_area_km2 (geodesic, of the polygon
        itself), perimeter_km (holes included), geometry; largest first.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "parts.tif"
        write_parts(path, found, grid)
        table = class_polygons(path, epoch=epoch)
    table = table[table["class_id"] != NOT_CHANGED].rename(columns={"class_name": "part"})
    return table[COLUMNS].sort_values("area_km2", ascending=False, ignore_index=True, kind="stable")


def scope_polygon(scope: NDArray[np.bool_], grid: GeoBox, *, epoch: str, cut_off_m: float) -> geopandas.GeoDataFrame:
    """The outer limit of a scope as one shape: epoch, cut_off_m, cells, area_km2, geometry_area_km2, perimeter_km."""
    outlines = [
        shapely.geometry.shape(outline)
        for outline, _ in shapes(scope.astype(np.uint8), mask=scope, connectivity=4, transform=grid.affine)
    ]
    content = {
        "epoch": [epoch],
        "cut_off_m": [cut_off_m],
        "cells": [int(scope.sum())],
        "area_km2": [area_of(scope, grid) / M2_PER_KM2],
    }
    crs = CRS.from_user_input(str(grid.crs))
    table = geopandas.GeoDataFrame(content, geometry=[shapely.union_all(outlines)], crs=crs)
    return measured(table).drop(columns="mean_confidence")


def write_influence(path: Path, parts: geopandas.GeoDataFrame, scope: geopandas.GeoDataFrame) -> None:
    """Write layers ``influence`` and ``scope`` of a GeoPackage with their styles, whole; equal tables give equal bytes."""
    by_part = categorised_style("part", {part.name: part.colour for part in PARTS.classes[:NOT_CHANGED]})
    styles = (by_part, single_style(SCOPE_COLOUR, fill=0, dashed=True))
    with new_geopackage(path) as temporary:
        for name, table, mode, style in zip(LAYERS, (parts, scope), "wa", styles, strict=True):
            table.to_file(temporary, layer=name, driver="GPKG", mode=mode)
            check_whole(temporary, name, len(table))
            add_style(temporary, name, style)

"""Extents of a class as polygons whose areas match the map."""

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import cc3d
import geopandas
import numpy as np
import pyogrio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS, Geod
from rasterio.features import shapes
from scipy import ndimage
from shapely.geometry import shape

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.grid import metric_cell_size, row_band
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.outputs import replacing

M2_PER_HA = 1e4
M2_PER_KM2 = 1e6


def class_extents(
    classes: ClassMap, class_name: str, *, epoch: str, min_area_ha: float = 0.0, close_m: float = 0.0
) -> geopandas.GeoDataFrame:
    """Polygons of a class, one per patch of edge-neighbouring cells, holes kept.

    Args:
        classes: The open map.
        class_name: The class.
        epoch: Written to every row.
        min_area_ha: Smaller patches are left out [ha].
        close_m: Gaps narrower than twice this are closed first [m]; unobserved cells stay out. Needs a metric grid.

    Returns:
        class_id, class_name, epoch, area_km2 (sum of the patch's geodesic cell areas), geometry_area_km2 (geodesic,
        of the polygon itself), perimeter_km (holes included), mean_confidence (empty: the map has none), geometry; largest first.

    Raises:
        InputError: If the class is unknown, or ``close_m`` is given on a grid that is not in metres.
    """
    class_id = classes.legend.id_of(class_name)
    ids = classes.read()
    mask = _closed(ids == class_id, classes.grid, close_m, source=classes.path) & (ids != UNOBSERVED)
    labels = cc3d.connected_components(mask, connectivity=4).astype(np.int32)
    areas = _patch_areas(labels, classes.grid)
    small = np.flatnonzero(areas < min_area_ha * M2_PER_HA)
    labels[np.isin(labels, small)] = 0
    crs = CRS.from_user_input(str(classes.grid.crs))
    records = [
        {
            "class_id": class_id,
            "class_name": class_name,
            "epoch": epoch,
            "area_km2": areas[int(label)] / M2_PER_KM2,
            "geometry": shape(geometry),
        }
        for geometry, label in shapes(labels, mask=labels > 0, connectivity=4, transform=classes.grid.affine)
    ]
    columns = ["class_id", "class_name", "epoch", "area_km2", "geometry"]
    table = geopandas.GeoDataFrame(records, columns=columns, geometry="geometry", crs=crs)
    return measured(table).sort_values("area_km2", ascending=False, ignore_index=True)


def write_extents(path: Path, table: geopandas.GeoDataFrame) -> None:
    """Write a table of extents as layer ``extents`` of a GeoPackage, whole; equal tables give equal bytes."""
    write_layer(path, table, "extents")


def write_layer(path: Path, table: geopandas.GeoDataFrame, layer: str) -> None:
    """Write a table as the one layer of a GeoPackage, whole; equal tables give equal bytes."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "1970-01-01T00:00:00.000Z"})
    try:
        with replacing(path) as temporary:
            table.to_file(temporary, layer=layer, driver="GPKG")
            _check_whole(temporary, layer, len(table))
    except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError, sqlite3.Error) as error:
        cause = " ".join(str(error).split())[:120]
        raise PitscapeError(f"{path}: cannot be written ({cause}); is the disk full?") from error
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _check_whole(path: Path, layer: str, rows: int) -> None:
    """Make sure that all is there: GDAL does not always tell when a disk is full."""
    with closing(sqlite3.connect(path)) as database:
        (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
        (found,) = database.execute(f'SELECT count(*) FROM "{layer}"').fetchone()  # noqa: S608 - our own names
    if state != "ok" or found != rows:
        raise sqlite3.DatabaseError(f"{found} of {rows} rows, {state}")


def _closed(mask: NDArray[np.bool_], grid: GeoBox, close_m: float, *, source: Path) -> NDArray[np.bool_]:
    """Morphological closing with a disc."""
    if close_m == 0:
        return mask
    cells = close_m / max(metric_cell_size(grid, source))
    if not cells <= max(mask.shape):
        raise InputError(f"--close {close_m:g}: is wider than {source}; give metres.")
    radius = max(1, math.ceil(cells))
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    padded = np.pad(mask, radius)
    closed: NDArray[np.bool_] = ndimage.binary_closing(padded, structure=x**2 + y**2 <= radius**2)
    return closed[radius:-radius, radius:-radius]


def _patch_areas(labels: NDArray[np.int32], grid: GeoBox) -> NDArray[np.float64]:
    """Area [m2] by label, added up band of rows by band of rows."""
    areas = np.zeros(int(labels.max()) + 1)
    for start in range(0, len(labels), BLOCK):
        rows = labels[start : start + BLOCK]
        per_cell = np.broadcast_to(cell_areas(row_band(grid, start, start + len(rows))), rows.shape)
        areas += np.bincount(rows.ravel(), weights=per_cell.ravel(), minlength=len(areas))
    return areas


def measured(table: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Add what is measured on polygons: geodesic area, perimeter, and an empty mean confidence."""
    degrees = table.to_crs(table.crs.geodetic_crs)
    ellipsoid: Geod = table.crs.get_geod()
    geometry = table.pop("geometry")
    table["geometry_area_km2"] = [abs(ellipsoid.geometry_area_perimeter(p)[0]) / M2_PER_KM2 for p in degrees.geometry]
    table["perimeter_km"] = [ellipsoid.geometry_length(p.boundary) / 1000 for p in degrees.geometry]
    table["mean_confidence"] = np.full(len(table), np.nan)
    table["geometry"] = geometry
    return table.set_geometry("geometry")

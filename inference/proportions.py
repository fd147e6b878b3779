"""Areas and shares of classes, by zone, from a class map."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import geopandas
import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import geometry_mask
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.outputs import replacing

M2_PER_KM2 = 1e6
AREA_COLUMNS = ("zone", "epoch", "class_id", "class_name", "cells", "area_km2", "share", "unobserved_km2")


@dataclass(frozen=True)
class Zone:
    """A named piece of land, in the CRS of the map it is used with; None: all of the map."""

    name: str
    geometry: BaseGeometry | None = None


@dataclass(frozen=True)
class ClassArea:
    """One class in one zone, as a row of ``areas.csv``.

    Attributes:
        zone: Name of the zone.
        class_id: Id in the legend.
        class_name: Name in the legend.
        cells: Number of cells whose centre lies in the zone.
        area_km2: Their geodesic area.
        share: Of the zone's observed area; NaN where nothing was observed.
        unobserved_km2: Area of the zone's unobserved cells.
    """

    zone: str
    class_id: int
    class_name: str
    cells: int
    area_km2: float
    share: float
    unobserved_km2: float


def class_areas(classes: ClassMap, zones: Sequence[Zone] = (Zone("all"),)) -> list[ClassArea]:
    """Areas of all classes in all zones, in one pass over the map.

    A cell belongs to a zone where its centre does. Sums are of geodesic cell areas, in every CRS.

    Args:
        classes: The open map.
        zones: They may overlap.

    Returns:
        One row per zone and class, classes that do not occur included.
    """
    cells = np.zeros((len(zones), 256), np.int64)
    areas = np.zeros((len(zones), 256))
    for ids, grid in classes.row_bands():
        per_cell = np.broadcast_to(cell_areas(grid), ids.shape)
        for index, zone in enumerate(zones):
            inside = _inside(zone, grid)
            if inside is not None:
                cells[index] += np.bincount(ids[inside], minlength=256)
                areas[index] += np.bincount(ids[inside], weights=per_cell[inside], minlength=256)
    return [row for z, zone in enumerate(zones) for row in _rows(zone, classes, cells[z], areas[z])]


def read_zones(path: Path, classes: ClassMap, *, name_column: str | None = None) -> list[Zone]:
    """Polygons of a vector file as zones of a map.

    Args:
        path: A file that GDAL reads, in any CRS.
        classes: The map; zones are brought to its CRS.
        name_column: Column with their names; "name" where there is one, else they are numbered from 1.

    Raises:
        InputError: If the file has no polygon, no CRS or no such column, or no zone meets the map.
    """
    table = _read_vector(path)
    if table.crs is None:
        raise InputError(f"{path}: has no coordinate reference system; assign one.")
    columns = [str(name) for name in table.columns if name != table.geometry.name]
    column = name_column or ("name" if "name" in columns else None)
    if column is not None and column not in columns:
        raise InputError(f"{path}: has no column {column!r}; it has {', '.join(columns) or 'none'}.")
    table = table[table.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
    if table.empty:
        raise InputError(f"{path}: holds no polygon; zones are polygons.")
    table = table.to_crs(str(classes.grid.crs))
    if not np.isfinite(table.total_bounds).all():
        raise InputError(
            f"{path}: a polygon reaches beyond what the map's CRS can show; cut it to the map's surroundings."
        )
    names = _zone_names(path, table[column]) if column else [str(number + 1) for number in range(len(table))]
    zones = [Zone(name, shape) for name, shape in zip(names, table.geometry, strict=True)]
    extent = classes.grid.extent.geom
    if not any(zone.geometry is not None and zone.geometry.intersects(extent) for zone in zones):
        raise InputError(f"{path}: none of its {len(zones)} polygons meets {classes.path}; check both CRS.")
    return zones


def write_areas(path: Path, rows: Sequence[ClassArea], epochs: Sequence[str]) -> None:
    """Write ``areas.csv``, whole: one line per row, each with its epoch; shares without observed land are empty."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, AREA_COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row, epoch in zip(rows, epochs, strict=True):
            share = "" if math.isnan(row.share) else row.share
            writer.writerow(asdict(row) | {"epoch": epoch, "share": share})


def _zone_names(path: Path, column: "geopandas.GeoSeries") -> list[str]:
    names = [str(name) for name in column]
    again = [name for number, name in enumerate(names) if name in names[:number]]
    if column.isna().any() or again:
        problem = f"two zones are named {again[0]!r}" if again else "a zone has no name"
        raise InputError(f"{path}: {problem} in column {column.name}; give each one its own name.")
    return names


def _read_vector(path: Path) -> geopandas.GeoDataFrame:
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path.")
    try:
        table = geopandas.read_file(path)
    except Exception as error:  # pyogrio and fiona raise different ones
        raise InputError(f"{path}: is not a vector file that GDAL can read; give a GeoPackage.") from error
    if not isinstance(table, geopandas.GeoDataFrame):
        raise InputError(f"{path}: has no geometry; give polygons, for example in a GeoPackage.")
    return table


def _inside(zone: Zone, grid: GeoBox) -> NDArray[np.bool_] | None:
    """Which cells of a band of rows have their centre in the zone; None: not one."""
    if zone.geometry is None:
        return np.ones(grid.shape, np.bool_)
    if not zone.geometry.intersects(box(*grid.extent.geom.bounds)):
        return None
    mask: NDArray[np.bool_] = geometry_mask([zone.geometry], grid.shape, grid.affine, invert=True)
    return mask


def _rows(zone: Zone, classes: ClassMap, cells: NDArray[np.int64], areas: NDArray[np.float64]) -> Iterator[ClassArea]:
    observed = areas[: len(classes.legend)].sum()
    for land in classes.legend.classes:
        area = float(areas[land.id])
        yield ClassArea(
            zone=zone.name,
            class_id=land.id,
            class_name=land.name,
            cells=int(cells[land.id]),
            area_km2=area / M2_PER_KM2,
            share=area / observed if observed else float("nan"),
            unobserved_km2=float(areas[UNOBSERVED]) / M2_PER_KM2,
        )

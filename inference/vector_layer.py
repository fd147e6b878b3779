"""Layers of polygons: what is measured on them, and their files, which appear whole."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

import geopandas
import numpy as np
import pyogrio

from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.errors import InputError, UnwrittenError
from pitscape.imagery.outputs import replacing

SUFFIXES = (".gpkg", ".parquet")
EPOCH_ZERO = "1970-01-01T00:00:00.000Z"

STYLE_TABLE = f"""
CREATE TABLE IF NOT EXISTS layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
  f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,
  description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT '{EPOCH_ZERO}')
"""
"""As QGIS makes it, but for the time."""


def measured(table: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Add what is measured on polygons: geodesic area, perimeter, and an empty mean confidence where there is none."""
    degrees = table.to_crs(table.crs.geodetic_crs)
    ellipsoid = table.crs.get_geod()
    geometry = table.pop("geometry")
    confidence = table.pop("mean_confidence") if "mean_confidence" in table else np.full(len(table), np.nan)
    table["geometry_area_km2"] = [abs(ellipsoid.geometry_area_perimeter(p)[0]) / M2_PER_KM2 for p in degrees.geometry]
    table["perimeter_km"] = [ellipsoid.geometry_length(p.boundary) / 1000 for p in degrees.geometry]
    table["mean_confidence"] = confidence
    table["geometry"] = geometry
    return table.set_geometry("geometry")


def check_suffix(path: Path) -> None:
    """Make sure that the name of a file of polygons says in which format it is written, and that this can be done.

    Raises:
        InputError: If it ends in neither .gpkg nor .parquet.
        ModuleNotFoundError: For GeoParquet without pyarrow.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{path}: polygons are written as GeoPackage or GeoParquet; end the name in .gpkg or .parquet."
        )
    if path.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        raise ModuleNotFoundError("GeoParquet is written by pyarrow", name="pyarrow")


def write_layer(
    path: Path, table: geopandas.GeoDataFrame, layer: str, *, title: str = "", style: str | None = None
) -> None:
    """Write a table as a GeoPackage of one layer or, where the name ends in .parquet, as GeoParquet; whole.

    Equal tables give equal bytes. GeoParquet is of version 1.1, with the box of each row in column ``bbox``.

    Args:
        path: The output.
        table: Of polygons.
        layer: Its name in a GeoPackage.
        title: What it holds, in a GeoPackage.
        style: QGIS reads it as the layer's own, from the GeoPackage; QML.

    Raises:
        UnwrittenError: If the disk is full.
    """
    table = table.astype({name: "string" for name in table.columns if table[name].dtype == object})  # also where empty
    if path.suffix.lower() == ".parquet":
        with replacing(path) as temporary:
            table.to_parquet(temporary, index=False, schema_version="1.1.0", write_covering_bbox=True)
        return
    with new_geopackage(path) as temporary:
        words = {"DESCRIPTION": title} if title else {}
        table.to_file(temporary, layer=layer, driver="GPKG", layer_options=words)
        if style:
            add_style(temporary, layer, style, title=title)
        check_whole(temporary, layer, len(table))


@contextmanager
def new_geopackage(path: Path) -> Iterator[Path]:
    """A GeoPackage that appears whole, and holds no time of writing.

    Yields:
        Where to write it.

    Raises:
        UnwrittenError: If the disk is full.
    """
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": EPOCH_ZERO})
    try:
        with replacing(path) as temporary:
            yield temporary
    except (pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError, sqlite3.Error) as error:
        cause = " ".join(str(error).split())[:120]
        raise UnwrittenError(f"{path}: cannot be written ({cause}); is the disk full?") from error
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def check_whole(path: Path, layer: str, rows: int) -> None:
    """Make sure that all rows of a layer are there: GDAL does not always tell when a disk is full.

    Raises:
        sqlite3.DatabaseError: If some are not.
    """
    with closing(sqlite3.connect(path)) as database:
        (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
        (found,) = database.execute(f'SELECT count(*) FROM "{layer}"').fetchone()  # noqa: S608 - our own names
    if state != "ok" or found != rows:
        raise sqlite3.DatabaseError(f"{found} of {rows} rows, {state}")


def add_style(path: Path, layer: str, style: str, *, title: str = "") -> None:
    """Add a style, QML, to a GeoPackage; QGIS reads it as the layer's own."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(STYLE_TABLE)
        database.execute(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
            "styleQML, styleSLD, useAsDefault, description, owner) VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '')",
            (layer, layer, style, title),
        )
        database.execute(
            "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, description, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', '', ?)",
            (EPOCH_ZERO,),
        )

"""A sample as a GeoPackage: written for labelling, read with its labels."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyogrio
from numpy.typing import NDArray
from pyproj import CRS
from shapely import points

from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import replacing
from pitscape.inference.sample.labelling_form import labelling_form
from pitscape.inference.sample.sampling import SamplePoints
from pitscape.inference.sample.strata import Stratum
from pitscape.inference.vector_layer import EPOCH_ZERO, write_layer

LAYER, STRATA = "points", "strata"
STRATA_TABLE = """
CREATE TABLE strata (fid INTEGER PRIMARY KEY NOT NULL, stratum TEXT, pixels INTEGER, area_km2 REAL, weight REAL, n INTEGER)
"""


@dataclass(frozen=True, eq=False)
class LabelledPoints:
    """Points with what people saw there.

    Attributes:
        x: In the CRS asked for.
        y: The same.
        labels: Number of the label, -1 where there is none.
        strata: Names of their strata; None where the file has no such column.
        design: The strata table of the file (stratum, pixels, area_km2); None where it has none.
        drawn: Columns x and y of the file, shape (points, 2); None where it has none.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    labels: NDArray[np.int64]
    strata: tuple[str, ...] | None
    design: pd.DataFrame | None
    drawn: NDArray[np.float64] | None = None


def write_points(path: Path, found: SamplePoints, strata: Sequence[Stratum], crs: CRS, labels: Sequence[str]) -> None:
    """Write layer ``points``, the table ``strata`` and the form for QGIS, whole; equal samples give equal bytes.

    Args:
        path: The GeoPackage.
        found: The points.
        strata: All strata of the design.
        crs: Of the points.
        labels: That the column ``reference`` may hold.
    """
    columns = {
        "id": np.arange(1, len(found.x) + 1),
        "stratum": [strata[number].name for number in found.stratum],
        "x": found.x,
        "y": found.y,
        "reference": pd.Series([None] * len(found.x), dtype=object),
        "note": pd.Series([None] * len(found.x), dtype=object),
    }
    table = geopandas.GeoDataFrame(columns, geometry=points(found.x, found.y), crs=crs)
    sizes = np.bincount(found.stratum, minlength=len(strata))
    with replacing(path) as temporary:
        write_layer(temporary, table, LAYER, title="points to be labelled", style=labelling_form(labels))
        with closing(sqlite3.connect(temporary)) as database, database:
            database.execute(STRATA_TABLE)
            database.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change) VALUES (?, ?, ?, ?)",
                (STRATA, "attributes", STRATA, EPOCH_ZERO),
            )
            database.executemany("INSERT INTO strata VALUES (?, ?, ?, ?, ?, ?)", _design(strata, sizes))


def read_points(path: Path, crs: CRS, labels: Sequence[str]) -> LabelledPoints:
    """Read points with their labels: names, or their numbers from 0.

    Args:
        path: A file that GDAL reads, in any CRS, with a column ``reference``.
        crs: To bring them to.
        labels: That ``reference`` may hold.

    Raises:
        InputError: If it is no such file, has no point, holds an unknown label, or its table of strata is not whole.
    """
    try:
        layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        table = pyogrio.read_dataframe(path, layer=LAYER if LAYER in layers else layers[0])
        design = pyogrio.read_dataframe(path, layer=STRATA, read_geometry=False) if STRATA in layers else None
    except (OSError, IndexError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise InputError(
            f"{path}: is not a vector file that GDAL can read; give the points.gpkg of a sample."
        ) from error
    if not isinstance(table, geopandas.GeoDataFrame) or table.crs is None:
        raise InputError(f"{path}: has no points with a coordinate reference system; give those of a sample.")
    if "reference" not in table.columns:
        raise InputError(f"{path}: has no column 'reference'; it holds what was seen at each point.")
    if table.empty:
        raise InputError(f"{path}: holds no point; give those of a sample.")
    placed = table.geometry.notna() & (table.geometry.geom_type == "Point")
    if not placed.all():
        raise InputError(f"{path}: holds {(~placed).sum()} rows that are no point, of {len(table)}; give points alone.")
    table = table.to_crs(crs)
    strata = _strata(table["stratum"], path) if "stratum" in table.columns else None
    drawn = table[["x", "y"]].apply(pd.to_numeric, errors="coerce") if {"x", "y"} <= set(table.columns) else None
    return LabelledPoints(
        table.geometry.x.to_numpy(),
        table.geometry.y.to_numpy(),
        _numbers(table["reference"], path, labels),
        strata,
        _checked(design, path) if strata and design is not None else None,
        None if drawn is None else drawn.to_numpy(np.float64),
    )


def _design(strata: Sequence[Stratum], sizes: NDArray[np.int64]) -> list[tuple[int, str, int, float, float, int]]:
    total = sum(each.area_m2 for each in strata)
    return [
        (number + 1, each.name, each.pixels, each.area_m2 / M2_PER_KM2, each.area_m2 / total, int(size))
        for number, (each, size) in enumerate(zip(strata, sizes, strict=True))
    ]


def _strata(column: pd.Series, path: Path) -> tuple[str, ...]:
    missing = column.isna().to_numpy()
    if missing.any():
        raise InputError(
            f"{path}: row {missing.argmax() + 1} has no stratum; give that of each point, or no such column."
        )
    return tuple(str(name) for name in column)


def _checked(design: pd.DataFrame, path: Path) -> pd.DataFrame:
    """A table of strata that has each of them once, with its area."""
    if missing := [name for name in ("stratum", "area_km2") if name not in design.columns]:
        raise InputError(f"{path}: its table strata lacks the column {missing[0]}; keep that of the sample.")
    areas = pd.to_numeric(design["area_km2"], errors="coerce")
    wrong = design["stratum"].duplicated() | ~(areas > 0)
    if wrong.any():
        name = design.loc[wrong, "stratum"].iloc[0]
        raise InputError(f"{path}: its table strata has {name!r} twice or without an area; keep that of the sample.")
    return design


def _numbers(column: pd.Series, path: Path, labels: Sequence[str]) -> NDArray[np.int64]:
    """Numbers of labels given by name or number."""
    known = {label: number for number, label in enumerate(labels)} | {str(n): n for n in range(len(labels))}
    texts = [None if pd.isna(value) or not str(value).strip() else _text(value) for value in column]
    for row, text in enumerate(texts):
        if text is not None and text not in known:
            shown = ", ".join(labels[:6]) + (" ..." if len(labels) > 6 else "")
            raise InputError(f"{path}: row {row + 1} has reference {text!r}; the labels are {shown}.")
    return np.array([-1 if text is None else known[text] for text in texts], np.int64)


def _text(value: object) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole and isinstance(value, float) else value).strip()

"""Areas and shares of classes, by zone, from a class map."""

import csv
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from pitscape.imagery.block_cache import block_cache
from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of, same_grid
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.outputs import replacing
from pitscape.imagery.progress import Progress
from pitscape.imagery.raster import open_raster
from pitscape.imagery.remote.name import shown
from pitscape.imagery.spreadsheet import safe_cell
from pitscape.inference.areas.coverage import Coverage, Edges
from pitscape.inference.areas.tally import CACHE_MB, Tally, covered_cells, windows
from pitscape.inference.areas.zones import Zone, outside_km2

AREA_COLUMNS = (
    "zone",
    "epoch",
    "class_id",
    "class_name",
    "cells",
    "area_km2",
    "share",
    "unobserved_km2",
    "outside_km2",
)
SOFT_COLUMNS = ("soft_area_km2", "soft_share")
ALL = (Zone("all"),)


@dataclass(frozen=True)
class ClassArea:
    """One class in one zone, as a row of ``areas.csv``.

    Attributes:
        zone: Name of the zone.
        class_id: Id in the legend.
        class_name: Name in the legend.
        cells: Number of cells in the zone, a cell at its edge as the part that lies in it.
        area_km2: Their geodesic area.
        share: Of the zone's observed area; NaN where nothing was observed.
        unobserved_km2: Area of the zone's unobserved cells.
        outside_km2: Area of the zone beyond the map.
        soft_area_km2: The sum of the class's probabilities, each times its cell's area; None without probabilities.
        soft_share: Of the soft areas of all classes; NaN where nothing was observed, None without probabilities.
    """

    zone: str
    class_id: int
    class_name: str
    cells: float
    area_km2: float
    share: float
    unobserved_km2: float
    outside_km2: float = 0.0
    soft_area_km2: float | None = None
    soft_share: float | None = None


def class_areas(
    classes: ClassMap,
    zones: Sequence[Zone] = ALL,
    *,
    edges: Edges = "exact",
    probabilities: Path | None = None,
    progress: Progress = lambda _done, _total: None,
) -> list[ClassArea]:
    """Areas of all classes in all zones, in one pass over the map.

    Sums are of geodesic cell areas, in every CRS. Soft areas take the probabilities of a cell so that they sum to 1,
    and only of cells that the map observed.

    Args:
        classes: The open map.
        zones: They may overlap.
        edges: How cells at the edge of a zone count.
        probabilities: Map of the classes' probabilities on the same grid, a band each, as ``predict`` writes it.
        progress: Called before each window.

    Returns:
        One row per zone and class, classes that do not occur included.

    Raises:
        InputError: If the probabilities are not of this map.
    """
    number = len(classes.legend)
    hard, soft = Tally.of(len(zones), number + 1), np.zeros((len(zones), number))
    coverage, height = Coverage(zones, classes.grid, edges=edges), classes.grid.shape[0]
    with block_cache(CACHE_MB), ExitStack() as stack:
        stored = stack.enter_context(open_raster(probabilities)) if probabilities else None
        if stored is not None:
            _check_probabilities(stored, classes)
        for rows, columns in windows(classes.grid.shape):
            progress(rows.start, height)
            if not coverage.reaches(rows, columns):
                continue
            ids = classes.read(rows, columns)
            codes = np.minimum(ids, np.uint8(number))  # the last one is unobserved
            chances = None if stored is None else _chances(stored, rows, columns, ids)
            for covered in covered_cells(coverage, classes.grid, rows, columns):
                hard.add(covered, codes)
                if chances is not None:
                    soft[covered.zone] += covered.of(chances) @ covered.m2
    softs = soft if probabilities else [None] * len(zones)
    sums = zip(zones, hard.cells, hard.m2, softs, strict=True)
    return [row for zone, *each in sums for row in _rows(classes, zone, *each)]


def write_areas(path: Path, rows: Sequence[ClassArea], epochs: Sequence[str]) -> None:
    """Write ``areas.csv``, whole: one line per row, each with its epoch; shares without observed land are empty.

    The two columns of soft areas are there where a row has them.
    """
    columns = AREA_COLUMNS + (SOFT_COLUMNS if any(row.soft_area_km2 is not None for row in rows) else ())
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        for row, epoch in zip(rows, epochs, strict=True):
            writer.writerow({key: _cell_of_table(value) for key, value in (asdict(row) | {"epoch": epoch}).items()})


def _cell_of_table(value: Any) -> Any:  # noqa: ANN401 - as csv takes it
    return "" if isinstance(value, float) and math.isnan(value) else safe_cell(value)


def _rows(
    classes: ClassMap, zone: Zone, cells: NDArray[np.float64], m2: NDArray[np.float64], soft: NDArray[np.float64] | None
) -> Iterator[ClassArea]:
    beyond = outside_km2(zone, classes.grid)
    observed = float(m2[:-1].sum())
    for land in classes.legend.classes:
        count, area = float(cells[land.id]), float(m2[land.id])
        row = ClassArea(
            zone=zone.name,
            class_id=land.id,
            class_name=land.name,
            cells=int(count) if count.is_integer() else count,
            area_km2=area / M2_PER_KM2,
            share=area / observed if observed else math.nan,
            unobserved_km2=float(m2[-1]) / M2_PER_KM2,
            outside_km2=beyond,
        )
        yield row if soft is None else _with_soft(row, float(soft[land.id]), float(soft.sum()))


def _with_soft(row: ClassArea, m2: float, in_all: float) -> ClassArea:
    return replace(row, soft_area_km2=m2 / M2_PER_KM2, soft_share=m2 / in_all if in_all else math.nan)


def _check_probabilities(stored: Any, classes: ClassMap) -> None:  # noqa: ANN401 - rasterio has no types
    if stored.count != len(classes.legend) or set(stored.dtypes) != {"uint8"}:
        raise InputError(
            f"{shown(stored.name)}: has {stored.count} bands of {stored.dtypes[0]}; probabilities of {classes.path} are "
            f"{len(classes.legend)} of uint8, as predict --probabilities writes them."
        )
    if not same_grid(grid_of(stored), classes.grid):
        raise InputError(
            f"{shown(stored.name)}: lies on another grid than {classes.path}; give the probabilities of this map."
        )


def _chances(stored: Any, rows: slice, columns: slice, ids: NDArray[np.uint8]) -> NDArray[np.float32]:  # noqa: ANN401
    """Probabilities (class, y, x) that sum to 1, or are 0 where there are none or the map observed nothing."""
    values = stored.read(window=Window.from_slices(rows, columns))
    known = (ids != UNOBSERVED) & (values != UNOBSERVED).all(axis=0)
    total = values.sum(axis=0, dtype=np.float32)
    chances: NDArray[np.float32] = values * np.where(known & (total > 0), 1 / np.maximum(total, 1), 0).astype(
        np.float32
    )
    return chances

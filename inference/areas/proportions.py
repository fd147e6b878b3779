"""Areas and shares of classes, by zone, from a class map."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.outputs import replacing
from pitscape.imagery.progress import Progress
from pitscape.imagery.spreadsheet import safe_cell
from pitscape.inference.areas.coverage import Coverage, Edges
from pitscape.inference.areas.map_files import MapFiles
from pitscape.inference.areas.sums import Sums, batch_sums, batches, open_probabilities
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
        progress: Told of batches of windows.

    Returns:
        One row per zone and class, classes that do not occur included.

    Raises:
        InputError: If the probabilities are not of this map.
        PitscapeError: If a file was replaced meanwhile.
    """
    files = MapFiles([path for path in (classes.path, probabilities) if path])
    coverage, all_batches = Coverage(zones, classes.grid, edges=edges), batches(classes.grid.shape)

    def found(stored: Any) -> Iterator[Sums]:  # noqa: ANN401 - rasterio has no types
        for done, batch in enumerate(all_batches):
            progress(done, len(all_batches))
            yield batch_sums(classes, coverage, batch, probabilities=stored)
            files.check(batch)

    with open_probabilities(probabilities, classes) as stored:
        total = Sums.total(found(stored), len(zones), len(classes.legend))
    files.check()
    return area_rows(classes, zones, total, soft=probabilities is not None)


def area_rows(classes: ClassMap, zones: Sequence[Zone], total: Sums, *, soft: bool = False) -> list[ClassArea]:
    """Areas of all classes in all zones, from their sums over a map; soft ones where they are wanted."""
    softs = total.soft if soft else [None] * len(zones)
    sums = zip(zones, total.hard.cells, total.hard.m2, softs, strict=True)
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

"""Sums of a class map over zones, batch by batch of its windows, added up in one order whoever makes them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from pitscape.imagery.block_cache import block_cache
from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of, same_grid
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.raster import open_raster
from pitscape.imagery.remote.name import shown
from pitscape.inference.areas.coverage import Coverage
from pitscape.inference.areas.tally import CACHE_MB, Tally, covered_cells, windows

BATCH = 16
"""Windows, of a million cells each: a second of work or some. Other batches would round sums otherwise."""

Batch = Sequence[tuple[slice, slice]]
"""Windows of a map, one after another."""


@dataclass(frozen=True)
class Sums:
    """What some zones have of each class.

    Attributes:
        zones: Numbers of the zones, shape (zone,).
        hard: Cells and areas [m2] by zone and class, unobserved land as the last one.
        soft: Sums of probabilities times areas [m2], shape (zone, class); zeros where there are no probabilities.
    """

    zones: NDArray[np.int64]
    hard: Tally
    soft: NDArray[np.float64]

    @classmethod
    def of(cls, zones: NDArray[np.int64], classes: int) -> "Sums":
        """Sums of nothing yet."""
        return cls(zones, Tally.of(len(zones), classes + 1), np.zeros((len(zones), classes)))

    @classmethod
    def total(cls, parts: Iterable["Sums"], zones: int, classes: int) -> "Sums":
        """The sums of all zones from those of batches, which are added in the order given."""
        found = cls.of(np.arange(zones), classes)
        for each in parts:
            found.hard.cells[each.zones] += each.hard.cells
            found.hard.m2[each.zones] += each.hard.m2
            found.soft[each.zones] += each.soft
        return found


def batches(shape: Sequence[int]) -> list[Batch]:
    """The windows of a raster, in their order, in batches.

    >>> [len(batch) for batch in batches((8192, 8192))]
    [16, 16, 16, 16]
    """
    every = [*windows(shape)]
    return [every[start : start + BATCH] for start in range(0, len(every), BATCH)]


def batch_sums(
    classes: ClassMap,
    coverage: Coverage,
    batch: Batch,
    *,
    numbers: NDArray[np.int64] | None = None,
    probabilities: Any = None,  # noqa: ANN401 - rasterio has no types
) -> Sums:
    """Sums over the windows of a batch, of the zones that come near it.

    Args:
        classes: The open map.
        coverage: Of zones on its grid.
        batch: The windows.
        numbers: What zones of ``coverage`` are called in the sums, rising; as there by default.
        probabilities: The open map of the classes' probabilities.
    """
    number = len(classes.legend)
    near = coverage.near(batch)
    found = Sums.of(near if numbers is None else numbers[near], number)
    place = {zone: at for at, zone in enumerate(near.tolist())}
    with block_cache(CACHE_MB):
        for rows, columns in batch:
            if not coverage.reaches(rows, columns):
                continue
            ids = classes.read(rows, columns)
            codes = np.minimum(ids, np.uint8(number))  # the last one is unobserved
            chances = None if probabilities is None else _chances(probabilities, rows, columns, ids)
            for covered in covered_cells(coverage, classes.grid, rows, columns):
                at = place[covered.zone]
                found.hard.add(covered, codes, at)
                if chances is not None:
                    found.soft[at] += covered.of(chances) @ covered.m2
    return found


@contextmanager
def open_probabilities(path: Path | None, classes: ClassMap) -> Iterator[Any]:
    """Open a map of the probabilities of a class map; None where there is none.

    Raises:
        InputError: If it is not of this map.
    """
    if path is None:
        yield None
        return
    with open_raster(path) as stored:
        if stored.count != len(classes.legend) or set(stored.dtypes) != {"uint8"}:
            raise InputError(
                f"{shown(stored.name)}: has {stored.count} bands of {stored.dtypes[0]}; probabilities of {classes.path} are "
                f"{len(classes.legend)} of uint8, as predict --probabilities writes them."
            )
        if not same_grid(grid_of(stored), classes.grid):
            raise InputError(
                f"{shown(stored.name)}: lies on another grid than {classes.path}; give the probabilities of this map."
            )
        yield stored


def _chances(stored: Any, rows: slice, columns: slice, ids: NDArray[np.uint8]) -> NDArray[np.float32]:  # noqa: ANN401
    """Probabilities (class, y, x) that sum to 1, or are 0 where there are none or the map observed nothing."""
    values = stored.read(window=Window.from_slices(rows, columns))
    known = (ids != UNOBSERVED) & (values != UNOBSERVED).all(axis=0)
    total = values.sum(axis=0, dtype=np.float32)
    chances: NDArray[np.float32] = values * np.where(known & (total > 0), 1 / np.maximum(total, 1), 0).astype(
        np.float32
    )
    return chances

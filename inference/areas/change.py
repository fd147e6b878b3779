"""Change between epochs by zone: transitions as mapped and without flicker, on the land that every epoch observed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.block_cache import block_cache
from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.progress import Progress
from pitscape.inference.areas.coverage import Coverage, Edges
from pitscape.inference.areas.epochs import Epochs
from pitscape.inference.areas.persistence import Persistence
from pitscape.inference.areas.proportions import ALL
from pitscape.inference.areas.tally import CACHE_MB, Covered, Tally, covered_cells, windows
from pitscape.inference.areas.transitions import Transitions
from pitscape.inference.areas.zones import Zone, outside_km2

STEADY, FLICKERS, UNCONFIRMED, UNSEEN = 0, 1, 2, 4
"""What the filter says of a cell; the first three add up."""

Pair: TypeAlias = tuple[int, int]
WriteFiltered: TypeAlias = Callable[[NDArray[np.uint8], int, int], None]
"""Called with class ids (epoch, y, x) and the row and column of their corner."""


@dataclass(frozen=True)
class ZoneChange:
    """Change in one zone.

    Attributes:
        zone: Its name.
        observed_km2: Land that every epoch observed: all tables are of it.
        unobserved_km2: Land of the map that one epoch or more did not observe.
        outside_km2: The zone's land beyond the map.
        raw: Transitions between successive epochs and, of more than two, between the first and the last.
        filtered: The same without flicker; empty without a rule.
        flicker_km2: Land with a change that was not accepted.
        unconfirmed_km2: Land with a change accepted on fewer epochs than the rule looks at.
    """

    zone: str
    observed_km2: float
    unobserved_km2: float
    outside_km2: float
    raw: tuple[Transitions, ...]
    filtered: tuple[Transitions, ...] = ()
    flicker_km2: float = 0.0
    unconfirmed_km2: float = 0.0


def zone_changes(
    epochs: Epochs,
    zones: Sequence[Zone] = ALL,
    *,
    edges: Edges = "exact",
    rule: Persistence | None = None,
    write: WriteFiltered | None = None,
    progress: Progress = lambda _done, _total: None,
) -> list[ZoneChange]:
    """Transitions in all zones, in one pass over the maps.

    Args:
        epochs: The open maps.
        zones: In the CRS of their grid; they may overlap.
        edges: How cells at the edge of a zone count.
        rule: Which changes are accepted; None: there is no filtered table.
        write: Called with each window of the maps without flicker, 255 where an epoch did not observe the land.
        progress: Called before each window.

    Returns:
        One per zone.
    """
    counts = _Counts(epochs, len(zones), rule)
    coverage, height = Coverage(zones, epochs.grid, edges=edges), epochs.grid.shape[0]
    with block_cache(CACHE_MB):
        for rows, columns in windows(epochs.grid.shape):
            progress(rows.start, height)
            if not write and not coverage.reaches(rows, columns):
                continue
            ids = epochs.read(rows, columns)
            accepted = rule.accepted(ids) if rule else ids
            counts.add(ids, accepted, covered_cells(coverage, epochs.grid, rows, columns))
            if write:
                write(accepted, rows.start, columns.start)
    return [counts.of(number, zone, outside_km2(zone, epochs.grid)) for number, zone in enumerate(zones)]


def pairs_of(epochs: int) -> list[Pair]:
    """Successive epochs and, of more than two, the first and the last.

    >>> pairs_of(3)
    [(0, 1), (1, 2), (0, 2)]
    """
    return [*pairwise(range(epochs)), *([(0, epochs - 1)] if epochs > 2 else [])]


class _Counts:
    """Sums of all tables of all zones."""

    def __init__(self, epochs: Epochs, zones: int, rule: Persistence | None) -> None:
        self._classes, self._rule, self._pairs = len(epochs.legend), rule, pairs_of(len(epochs))
        codes = self._classes**2 + 1
        self._raw = [Tally.of(zones, codes) for _ in self._pairs]
        self._filtered = [Tally.of(zones, codes) for _ in self._pairs] if rule else []
        self._states = Tally.of(zones, UNSEEN + 1)

    def add(self, ids: NDArray[np.uint8], accepted: NDArray[np.uint8], covered: Iterator[Covered]) -> None:
        """Count a window."""
        raw = [self._codes(ids, pair) for pair in self._pairs]
        filtered = [self._codes(accepted, pair) for pair in self._pairs] if self._rule else []
        states = self._states_of(ids, accepted)
        for each in covered:
            self._states.add(each, states)
            for tally, codes in zip(self._raw + self._filtered, raw + filtered, strict=True):
                tally.add(each, codes)

    def of(self, number: int, zone: Zone, beyond: float) -> ZoneChange:
        """The tables of a zone."""
        km2 = self._states.m2[number] / M2_PER_KM2
        raw, filtered = (tuple(self._tables(each, number)) for each in (self._raw, self._filtered))
        seen, state = km2[:UNSEEN], np.arange(UNSEEN)
        flicker, unconfirmed = (float(seen[state & flag > 0].sum()) for flag in (FLICKERS, UNCONFIRMED))
        return ZoneChange(zone.name, float(seen.sum()), float(km2[UNSEEN]), beyond, raw, filtered, flicker, unconfirmed)

    def _tables(self, tallies: Sequence[Tally], number: int) -> Iterator[Transitions]:
        for pair, tally in zip(self._pairs, tallies, strict=bool(tallies)):
            cells, m2 = (sums[number, :-1].reshape(self._classes, -1) for sums in (tally.cells, tally.m2))
            yield Transitions(*pair, cells, m2 / M2_PER_KM2)

    def _codes(self, ids: NDArray[np.uint8], pair: Pair) -> NDArray[np.int32]:
        """Class before times the number of classes plus class after; the last code where not observed."""
        before, after = ids[pair[0]], ids[pair[1]]
        codes: NDArray[np.int32] = before * np.int32(self._classes) + after
        codes[before == UNOBSERVED] = self._classes**2
        return codes

    def _states_of(self, ids: NDArray[np.uint8], accepted: NDArray[np.uint8]) -> NDArray[np.uint8]:
        states = np.full(ids.shape[1:], STEADY, np.uint8)
        if self._rule:
            states += FLICKERS * (ids != accepted).any(axis=0).astype(np.uint8)
            states += UNCONFIRMED * self._rule.unconfirmed(accepted).astype(np.uint8)
        states[ids[0] == UNOBSERVED] = UNSEEN
        return states

"""Composites: which scenes go into one image, and how their pixels become one."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.stac.item import Item, safe_names

Composite = Literal["scenes", "least-cloudy", "median"]
Period = Literal["month", "season", "year"]

COMPOSITES: tuple[Composite, ...] = ("scenes", "least-cloudy", "median")
PERIODS: tuple[Period, ...] = ("month", "season", "year")

SEASONS = ("DJF", "MAM", "JJA", "SON")
CANDIDATES = 4
"""Days of a period whose clouds are looked at over the box itself; the catalogue's number ranks them."""

Clear = Callable[[Sequence[Item]], float]
"""The share of the box, 0 to 1, that the scenes of one day show unhidden."""


@dataclass(frozen=True)
class Group:
    """The scenes that one image is made of.

    Attributes:
        name: Of the image, without suffix.
        items: In order; where the first shows nothing, the second fills in, except for a median.
        clear: The share of the box that they were found to show, where that was looked at.
    """

    name: str
    items: tuple[Item, ...]
    clear: float | None = None

    @property
    def acquired(self) -> datetime.date:
        """The day, or the middle one of several."""
        days = sorted(item.acquired for item in self.items)
        return days[(len(days) - 1) // 2]


def grouped(items: Sequence[Item], composite: Composite, period: Period, prefix: str, clear: Clear) -> list[Group]:
    """Sort scenes into the images to be made.

    Args:
        items: Of one search.
        composite: ``scenes``: one image of each; ``least-cloudy``: of each period that of the clearest day;
            ``median``: of each period the median of all.
        period: What one composite covers.
        prefix: How names of composites begin.
        clear: Looks at the clouds of a day.
    """
    if composite == "scenes":
        names = safe_names(item.id for item in items)
        return [Group(names[item.id], (item,)) for item in items]
    groups = []
    for label, members in _by(items, lambda item: period_of(item.acquired, period)):
        name = f"{prefix}_{label}_{composite}"
        groups.append(Group(name, tuple(members)) if composite == "median" else _clearest(name, members, clear))
    return groups


def period_of(day: datetime.date, period: Period) -> str:
    """The period that a day lies in; a December belongs to the winter of the year that follows.

    >>> days = datetime.date(2022, 12, 5), datetime.date(2023, 10, 12)
    >>> [period_of(day, "season") for day in days], period_of(days[1], "month"), period_of(days[1], "year")
    (['2023-DJF', '2023-SON'], '2023-10', '2023')
    """
    if period == "month":
        return f"{day:%Y-%m}"
    if period == "year":
        return f"{day:%Y}"
    return f"{day.year + day.month // 12}-{SEASONS[day.month % 12 // 3]}"


def first_seen(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of planes (n, y, x), the first number at each pixel that is not NaN."""
    found: NDArray[np.float32] = planes[0].copy()
    for plane in planes[1:]:
        np.copyto(found, plane, where=np.isnan(found))
    return found


def median_seen(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of planes (n, y, x), the median at each pixel of those that are not NaN; NaN where all are.

    >>> median_seen(np.array([[[1.0, np.nan]], [[5.0, np.nan]], [[np.nan, np.nan]]], np.float32)).tolist()
    [[3.0, nan]]
    """
    ordered = np.sort(planes, axis=0)  # NaN comes last
    counts = np.isfinite(ordered).sum(axis=0)
    low, high = np.maximum(counts - 1, 0) // 2, counts // 2
    high = np.minimum(high, len(planes) - 1)
    pair = [np.take_along_axis(ordered, place[None], 0)[0] for place in (low, np.where(counts > 0, high, 0))]
    return np.asarray((pair[0] + pair[1]) / 2, np.float32)


def _clearest(name: str, members: Sequence[Item], clear: Clear) -> Group:
    """The day of a period that shows most of the box; of equal ones that with the fewest clouds as catalogued."""
    days = sorted(_by(members, lambda item: item.acquired.isoformat()), key=lambda day: _catalogued(day[1]))
    looked = [(clear(day), -rank, day) for rank, (_, day) in enumerate(days[:CANDIDATES])]
    share, _, best = max(looked, key=lambda found: found[:2])
    return Group(name, tuple(best), share)


def _catalogued(day: Sequence[Item]) -> float:
    clouds = [100.0 if item.cloud_cover is None else item.cloud_cover for item in day]
    return sum(clouds) / len(clouds)


def _by(items: Iterable[Item], label: Callable[[Item], str]) -> list[tuple[str, list[Item]]]:
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[label(item)].append(item)
    return sorted(groups.items())

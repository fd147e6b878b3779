"""How a metric of patches is distributed over a class or a landscape: _MN, _AM, _MD, _RA, _SD, _CV."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def distribution(
    name: str,
    values: NDArray[np.floating[Any]],
    *,
    areas: NDArray[np.floating[Any]],
    groups: NDArray[np.integer[Any]],
    count: int,
) -> dict[str, NDArray[np.float64]]:
    """Statistics of a metric of patches, by group.

    Args:
        name: Name of the metric, to which the endings are added.
        values: The metric of each patch, shape (n,); NaN where it is not defined, which no statistic counts.
        areas: Area of each patch, in any unit, shape (n,).
        groups: Group of each patch, 0 to ``count`` - 1, shape (n,).
        count: Number of groups.

    Returns:
        By name, shape (count,): mean ``_MN``, mean weighted by area ``_AM``, median ``_MD``, range ``_RA`` and standard
        deviation of the population ``_SD`` in the unit of the metric, coefficient of variation ``_CV`` [%]. NaN for a
        group without a value.

    Source: FRAGSTATS (McGarigal et al. 2012).

    >>> sizes = np.array([1.0, 3.0, 8.0])
    >>> found = distribution("AREA", sizes, areas=sizes, groups=np.zeros(3, int), count=1)
    >>> {name: round(float(column[0]), 3) for name, column in found.items()}
    {'AREA_MN': 4.0, 'AREA_AM': 6.167, 'AREA_MD': 3.0, 'AREA_RA': 7.0, 'AREA_SD': 2.944, 'AREA_CV': 73.598}
    """
    known = ~np.isnan(values)
    if not known.all():
        values, areas, groups = values[known], areas[known], groups[known]
    size = np.bincount(groups, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(groups, values, count) / size
        weighted = np.bincount(groups, values * areas, count) / np.bincount(groups, areas, count)
        deviation = np.sqrt(np.bincount(groups, (values - mean[groups]) ** 2, count) / size)
        variation = 100 * deviation / mean
    median, spread = _median_and_range(values, groups, size)
    columns = {"MN": mean, "AM": weighted, "MD": median, "RA": spread, "SD": deviation, "CV": variation}
    return {f"{name}_{ending}": column for ending, column in columns.items()}


def _median_and_range(
    values: NDArray[np.floating[Any]], groups: NDArray[np.integer[Any]], size: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    by_group = values[np.argsort(groups, kind="stable")]
    median, spread = np.full(size.size, np.nan), np.full(size.size, np.nan)
    for group, each in enumerate(np.split(by_group, size.cumsum()[:-1])):
        if each.size:
            ranked = np.sort(each)
            median[group] = (ranked[(each.size - 1) // 2] + ranked[each.size // 2]) / 2
            spread[group] = ranked[-1] - ranked[0]
    return median, spread

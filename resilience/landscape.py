"""Landscape metrics at the levels of patch, class and landscape, as FRAGSTATS defines and names them.

Tables are columns by name, which ``pandas.DataFrame`` takes as they are. Units are those of FRAGSTATS:

======================================  ===========================================================================
TA, CA, AREA, MESH                      ha
PERIM, TE, ENN                          m
PLAND, LPI, PLADJ, AI, COHESION         %
CONTAG, CONNECT and all ``_CV``         %
PD                                      patches per 100 ha
ED                                      m per ha; without the outer boundary and sides on nodata
SHDI, H                                 nats, bits
SHEI, SIDI, FRAC                        none
NP, PR                                  patches, classes
======================================  ===========================================================================

AREA, FRAC and ENN have ``_MN``, ``_AM``, ``_MD``, ``_RA``, ``_SD`` and ``_CV`` for the class and the landscape; FRAC_MN of
the landscape is MPFD. What is not defined is NaN.
"""

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.aggregation import (
    aggregation_index,
    cohesion,
    connectance,
    contagion,
    like_adjacencies,
    mesh_size,
)
from pitscape.resilience.connect import joined_pairs, possible_pairs
from pitscape.resilience.distribution import distribution
from pitscape.resilience.diversity import h_bits, shdi, shei, sidi
from pitscape.resilience.joins import HORIZONTAL, VERTICAL
from pitscape.resilience.nearest import nearest_distances
from pitscape.resilience.patches import Patches
from pitscape.resilience.shape import TINY_AREA_M2, fractal_dimension
from pitscape.resilience.tally import CellSize, Tally, cell_sides

Table: TypeAlias = dict[str, NDArray[Any]]

CONNECT_DISTANCE_M = 200.0
"""Default threshold of CONNECT; FRAGSTATS has none."""

DISTRIBUTED = ("AREA", "FRAC", "ENN")
M2_PER_HA = 1e4
HUNDRED_HA = 1e6


@dataclass(frozen=True, eq=False, slots=True)
class Pattern:
    """The metrics of a class map at three levels.

    Attributes:
        patch: PID, TYPE (class id), AREA, PERIM, FRAC, ENN, one row a patch.
        by_class: TYPE and the metrics of each class present, one row a class.
        landscape: The metrics of the landscape.
    """

    patch: Table
    by_class: Table
    landscape: dict[str, float]


def pattern_of(
    patches: Patches,
    *,
    cell_size: CellSize,
    connect_distance: float = CONNECT_DISTANCE_M,
    threads: int | None = None,
) -> Pattern:
    """All metrics of a class map.

    Args:
        patches: From :func:`pitscape.resilience.patches.find_patches`, of a map in a metric projection, sieved.
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.
        connect_distance: Threshold T of CONNECT between cell centres [m], > 0.
        threads: How many work at once, one a core but at most 8 if None.

    Returns:
        The metrics of patches, classes and landscape.

    Raises:
        ValueError: If a length is not positive.

    >>> from pitscape.resilience.patches import find_patches
    >>> pattern = pattern_of(find_patches(np.array([[1, 1, 1], [2, 2, 1]])), cell_size=100.0)
    >>> pattern.patch["AREA"].tolist(), pattern.by_class["PLAND"].round(2).tolist(), pattern.landscape["TE"]
    ([4.0, 2.0], [66.67, 33.33], 300.0)
    """
    return pattern_from(
        patches,
        joined=joined_pairs(patches, cell_size=cell_size, distance=connect_distance, threads=threads),
        nearest=nearest_distances(patches, cell_size=cell_size, threads=threads),
        cell_size=cell_size,
    )


def pattern_from(
    tally: Tally, *, nearest: NDArray[np.float64], joined: NDArray[np.int64], cell_size: CellSize
) -> Pattern:
    """All metrics, from what was counted and measured of the patches.

    Args:
        tally: Of the patches.
        nearest: Distance from each to the nearest of its class [m], shape (n,).
        joined: Joined pairs of each class, shape (m,).
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.

    Returns:
        The metrics of patches, classes and landscape.

    Raises:
        ValueError: If a length is not positive.
    """
    table = patch_metrics(tally, cell_size=cell_size) | {"ENN": nearest}
    return Pattern(
        patch=table,
        by_class=class_metrics(tally, table, cell_size=cell_size, joined=joined),
        landscape=landscape_metrics(tally, table, cell_size=cell_size, joined=joined),
    )


def patch_metrics(tally: Tally, *, cell_size: CellSize) -> Table:
    """Area, perimeter and fractal dimension of each patch.

    Args:
        tally: Of the patches, such as :func:`pitscape.resilience.patches.find_patches` gives.
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.

    Returns:
        PID (label of the patch, from 1), TYPE (class id), AREA [ha], PERIM [m], FRAC, each of shape (n,). ENN is left
        to :func:`pitscape.resilience.nearest.nearest_distances`.

    Raises:
        ValueError: If a length is not positive.

    >>> from pitscape.resilience.patches import find_patches
    >>> table = patch_metrics(find_patches(np.array([[7, 7, 3]])), cell_size=100.0)
    >>> table["TYPE"].tolist(), table["AREA"].tolist(), table["PERIM"].tolist()
    ([7, 3], [2.0, 1.0], [600.0, 400.0])
    """
    areas, perimeters = tally.areas(cell_size), tally.perimeters(cell_size)
    return {
        "PID": np.arange(1, areas.size + 1, dtype=np.int32),
        "TYPE": tally.class_ids[tally.class_index],
        "AREA": areas / M2_PER_HA,
        "PERIM": perimeters,
        "FRAC": fractal_dimension(areas, perimeters),
    }


def class_metrics(tally: Tally, table: Table, *, cell_size: CellSize, joined: NDArray[np.int64] | None = None) -> Table:
    """Metrics of each class present.

    Args:
        tally: Of the patches, such as :func:`pitscape.resilience.patches.find_patches` gives.
        table: Their metrics, from :func:`patch_metrics`; distributions of ENN follow if it is there.
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.
        joined: Joined pairs of each class, from :func:`pitscape.resilience.connect.joined_pairs`, for CONNECT.

    Returns:
        TYPE (class id) and the metrics, each of shape (m,).

    Source: FRAGSTATS (McGarigal et al. 2012).

    >>> from pitscape.resilience.patches import find_patches
    >>> found = find_patches(np.array([[7, 7, 3], [7, 7, 3]]))
    >>> by_class = class_metrics(found, patch_metrics(found, cell_size=100.0), cell_size=100.0)
    >>> by_class["TYPE"].tolist(), by_class["CA"].tolist(), by_class["AI"].tolist()
    ([3, 7], [2.0, 4.0], [100.0, 100.0])
    """
    m, groups, cells = tally.class_ids.size, tally.class_index, tally.class_cells
    number, area = tally.class_patches, table["AREA"].sum()
    largest = np.zeros(m)
    np.maximum.at(largest, groups, table["AREA"])
    held, edge = np.bincount(groups, table["AREA"], m), _edges(tally, cell_size).sum(axis=1)
    columns: Table = {
        "TYPE": tally.class_ids,
        "CA": held,
        "PLAND": 100 * held / area,
        "NP": number,
        "PD": number / area * HUNDRED_HA / M2_PER_HA,
        "LPI": 100 * largest / area,
        "TE": edge,
        "ED": edge / area,
    }
    columns |= _distributions(table, groups, m)
    columns |= {
        "PLADJ": like_adjacencies(tally.adjacency, cells),
        "AI": aggregation_index(tally.adjacency, cells),
        "COHESION": cohesion(tally.sides.sum(axis=0), tally.cells, groups=groups, count=m, total=int(cells.sum())),
        "MESH": mesh_size(table["AREA"], groups=groups, count=m),
    }
    if joined is not None:
        pairs = zip(joined.tolist(), possible_pairs(tally).tolist(), strict=True)
        columns["CONNECT"] = np.array([connectance(*pair) for pair in pairs])
    return columns


def landscape_metrics(
    tally: Tally, table: Table, *, cell_size: CellSize, joined: NDArray[np.int64] | None = None
) -> dict[str, float]:
    """Metrics of the whole landscape.

    Args:
        tally: Of the patches, such as :func:`pitscape.resilience.patches.find_patches` gives.
        table: Their metrics, from :func:`patch_metrics`; distributions of ENN follow if it is there.
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.
        joined: Joined pairs of each class, from :func:`pitscape.resilience.connect.joined_pairs`, for CONNECT.

    Returns:
        The metrics by name, and ``tiny_patches``, the patches of at most 4 m2, for which FRAC has no meaning: sieve if
        there are any.

    Source: FRAGSTATS (McGarigal et al. 2012); H by Dong et al. (2025), eq. 1.

    >>> from pitscape.resilience.patches import find_patches
    >>> found = find_patches(np.array([[7, 7, 3], [7, 7, 3]]))
    >>> metrics = landscape_metrics(found, patch_metrics(found, cell_size=100.0), cell_size=100.0)
    >>> metrics["TA"], metrics["NP"], round(metrics["LPI"], 2), round(metrics["ED"], 2)
    (6.0, 2, 66.67, 33.33)
    """
    cells, area = tally.class_cells, float(table["AREA"].sum())
    total, number = int(cells.sum()), tally.cells.size
    shares, adjacency = cells / total, tally.adjacency
    aggregation = aggregation_index(adjacency, cells)
    edge = float(np.triu(_edges(tally, cell_size)).sum())
    all_as_one = np.zeros(number, np.uint8)
    metrics: dict[str, float] = {
        "TA": area,
        "NP": number,
        "PD": number / area * HUNDRED_HA / M2_PER_HA,
        "LPI": float(100 * table["AREA"].max() / area),
        "TE": edge,
        "ED": edge / area,
    }
    metrics |= {name: float(column[0]) for name, column in _distributions(table, all_as_one, 1).items()}
    metrics |= {
        "CONTAG": contagion(shares, adjacency),
        "PLADJ": float(25 * np.trace(adjacency) / total) if total > 1 else math.nan,
        "AI": float(np.nansum(shares * aggregation)) if np.isfinite(aggregation).any() else math.nan,
        "COHESION": float(cohesion(tally.sides.sum(axis=0), tally.cells, groups=all_as_one, count=1, total=total)[0]),
        "MESH": float(mesh_size(table["AREA"], groups=all_as_one, count=1)[0]),
        "PR": tally.class_ids.size,
        "SHDI": shdi(shares),
        "H": h_bits(shares),
        "SHEI": shei(shares),
        "SIDI": sidi(shares),
    }
    if joined is not None:
        metrics["CONNECT"] = connectance(int(joined.sum()), int(possible_pairs(tally).sum()))
    return metrics | {"tiny_patches": int(np.count_nonzero(table["AREA"] * M2_PER_HA <= TINY_AREA_M2))}


def _edges(tally: Tally, cell_size: CellSize) -> NDArray[np.float64]:
    """Length of the edge between classes [m], shape (m, m), 0 on the diagonal."""
    dx, dy = cell_sides(cell_size)
    lengths: NDArray[np.float64] = tally.contacts[VERTICAL] * dy + tally.contacts[HORIZONTAL] * dx
    np.fill_diagonal(lengths, 0.0)
    return lengths


def _distributions(table: Table, groups: NDArray[np.uint8], count: int) -> dict[str, NDArray[np.float64]]:
    found: dict[str, NDArray[np.float64]] = {}
    for name in DISTRIBUTED:
        if name in table:
            found |= distribution(name, table[name], areas=table["AREA"], groups=groups, count=count)
    return found

"""How classes clump, from sides between cells and from patch sizes: CONTAG, PLADJ, AI, COHESION, MESH, CONNECT.

Sides are counted from both cells: g_ik between classes i and k, g_ii twice. Those on nodata or the raster's edge are in
no g_ik; PLADJ and COHESION count them with the outline of a class or patch.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def contagion(shares: NDArray[np.floating[Any]], adjacency: NDArray[np.integer[Any]]) -> float:
    """Contagion, CONTAG = 100 (1 + sum_i sum_k q_ik ln q_ik / (2 ln m)), q_ik = P_i g_ik / sum_k g_ik.

    Args:
        shares: Area share P_i of each class present, shape (m,), > 0.
        adjacency: Sides g_ik between classes, counted from both cells (g_ii twice), shape (m, m). A class without any
            side on an observed cell adds nothing.

    Returns:
        CONTAG [%] in [0, 100]: towards 100 where one class in one clump holds nearly all (50 for two equal halves), 0
        where all pairs of classes are equally frequent; NaN for one class, or where no two cells meet.

    Source: FRAGSTATS (McGarigal et al. 2012), after Li & Reynolds (1993).

    >>> contagion(np.array([0.5, 0.5]), np.array([[2, 2], [2, 2]]))  # all q = 1/4
    0.0
    """
    if shares.size < 2 or not adjacency.any():
        return math.nan
    sums = adjacency.sum(axis=1, keepdims=True)
    q = shares[:, np.newaxis] * adjacency / np.maximum(sums, 1)
    q = q[q > 0]
    return float(100 * (1 + np.sum(q * np.log(q)) / (2 * math.log(shares.size))))


def like_adjacencies(adjacency: NDArray[np.integer[Any]], cells: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Share of the sides of each class's cells that lie on the class itself, PLADJ = 100 g_ii / (4 n_i).

    Args:
        adjacency: Sides g_ik, shape (m, m).
        cells: Cells n_i of each class, shape (m,); each has four sides, those on nodata and on the edge included.

    Returns:
        PLADJ [%] of each class, shape (m,): 0 where no two cells meet, towards 100 for one large clump.

    Source: FRAGSTATS (McGarigal et al. 2012).

    >>> like_adjacencies(np.array([[8]]), np.array([4])).tolist()  # 2 x 2 cells, 8 of their 16 sides lie outside
    [50.0]
    """
    shares: NDArray[np.float64] = 100 * np.diag(adjacency) / (4 * cells)
    return shares


def aggregation_index(adjacency: NDArray[np.integer[Any]], cells: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Aggregation index, AI = 100 g_ii / max g_ii: like sides relative to those of the most compact shape.

    Args:
        adjacency: Sides g_ik, shape (m, m).
        cells: Cells n_i of each class, shape (m,).

    Returns:
        AI [%] of each class, shape (m,): 0 where no two cells meet, 100 for one compact clump; NaN for a single cell.

    Source: FRAGSTATS (McGarigal et al. 2012), after He et al. (2000).

    >>> aggregation_index(np.diag([8, 6, 0]), np.array([4, 4, 1])).tolist()  # square, row, single cell
    [100.0, 75.0, nan]
    """
    side = np.array([math.isqrt(n) for n in cells.tolist()], np.int64)
    rest = cells - side**2
    most = 2 * side * (side - 1) + np.where(rest > 0, 2 * rest - 1 - (rest > side), 0)
    # one side is counted from both cells in g_ii, once in the maximum
    index: NDArray[np.float64] = np.divide(
        50 * np.diag(adjacency), most, out=np.full(most.size, np.nan), where=most > 0
    )
    return index


def cohesion(
    sides: NDArray[np.integer[Any]],
    cells: NDArray[np.integer[Any]],
    *,
    groups: NDArray[np.integer[Any]],
    count: int,
    total: int,
) -> NDArray[np.float64]:
    """Patch cohesion, COHESION = 100 (1 - sum p* / sum p* sqrt(a*)) / (1 - 1 / sqrt(Z)), in cells, by group.

    Args:
        sides: Perimeter p* of each patch in cell sides, shape (n,).
        cells: Area a* of each patch in cells, shape (n,).
        groups: Group of each patch, 0 to ``count`` - 1, shape (n,).
        count: Number of groups.
        total: Observed cells Z of the landscape.

    Returns:
        COHESION [%] of each group, shape (count,), in [0, 100): 0 for single cells.

    Source: FRAGSTATS (McGarigal et al. 2012), after Schumaker (1996).

    >>> cohesion(np.array([8]), np.array([4]), groups=np.array([0]), count=1, total=16).round(4).tolist()
    [66.6667]
    """
    if total < 2:
        return np.zeros(count)
    outline = np.bincount(groups, sides, count) / np.bincount(groups, sides * np.sqrt(cells), count)
    joined: NDArray[np.float64] = 100 * (1 - outline) / (1 - 1 / math.sqrt(total))
    return joined


def mesh_size(areas: NDArray[np.floating[Any]], *, groups: NDArray[np.integer[Any]], count: int) -> NDArray[np.float64]:
    """Effective mesh size, MESH = sum a^2 / A: the mean size of the patch in which a point of the landscape lies.

    Args:
        areas: Area a of each patch of all classes, in any unit, shape (n,).
        groups: Group of each patch, 0 to ``count`` - 1, shape (n,).
        count: Number of groups.

    Returns:
        MESH of each group in the unit of ``areas``, shape (count,), up to A, the area of all groups.

    Source: FRAGSTATS (McGarigal et al. 2012), after Jaeger (2000).

    >>> mesh_size(np.array([1.0, 3.0]), groups=np.array([0, 0]), count=1).tolist()
    [2.5]
    """
    mesh: NDArray[np.float64] = np.bincount(groups, areas**2, count) / areas.sum()
    return mesh


def connectance(joined: int, possible: int) -> float:
    """Connectance index, CONNECT = 100 joined / possible, pairs of patches of one class, pooled over the classes.

    Args:
        joined: Pairs within the threshold, summed over the classes.
        possible: All pairs, sum_i n_i (n_i - 1) / 2; it grows with the square of the number of patches, so values
            compare only at one resolution, extent, sieve and threshold.

    Returns:
        CONNECT [%] in [0, 100]; NaN where no class has two patches.

    Source: FRAGSTATS (McGarigal et al. 2012).

    >>> connectance(3, 12)
    25.0
    """
    return 100 * joined / possible if possible else math.nan

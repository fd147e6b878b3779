"""Metrics of a whole landscape, as FRAGSTATS defines them, from a class map in a metric projection."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.connect import joined_pairs, possible_pairs
from pitscape.resilience.diversity import h_bits, shdi, shei
from pitscape.resilience.patches import CellSize, Patches, find_patches

TINY_AREA_M2 = 4.0
CONNECT_DISTANCE_M = 200.0


@dataclass(frozen=True, slots=True)
class LandscapeMetrics:
    """Metrics of the observed cells of a class map; NaN where a metric is not defined.

    Attributes:
        total_area_m2: Observed area A [m2].
        richness: PR, number m of classes present, >= 1.
        patches: NP, number of patches of all classes, >= 1.
        shdi: Shannon's diversity [nats] in [0, ln m]; 0 for one class.
        h_bits: The same in bits, SHDI / ln 2.
        shei: Shannon's evenness in [0, 1]; 0 for one class, 1 for equal areas.
        frac_mn: MPFD, mean fractal dimension of the patches, between 1 (squares) and 2 (convoluted) for patches of
            many square metres.
        frac_am: The same weighted by patch area, which small patches do not distort.
        contag: Contagion [%] in [0, 100]: 100 for classes in one clump each, 0 for classes mixed evenly; NaN for one.
        connect: Joined pairs among possible pairs of patches of a class [%] in [0, 100]: 0 where no pair lies within
            the threshold, 100 where all do; NaN where no class has two patches.
        connect_distance: The threshold of ``connect`` between cell centres [m].
        tiny_patches: Patches of at most 4 m2, for which the fractal dimension has no meaning: sieve if above 0.
    """

    total_area_m2: float
    richness: int
    patches: int
    shdi: float
    h_bits: float
    shei: float
    frac_mn: float
    frac_am: float
    contag: float
    connect: float
    connect_distance: float
    tiny_patches: int


def landscape_metrics(
    classes: NDArray[np.integer[Any]],
    *,
    cell_size: CellSize,
    nodata: int = 255,
    connect_distance: float = CONNECT_DISTANCE_M,
) -> LandscapeMetrics:
    """Measure the pattern of a class map: 8-neighbour patches, 4-neighbour sides.

    Args:
        classes: Class ids, shape (H, W), sieved, in a metric projection.
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.
        nodata: Id of unobserved cells.
        connect_distance: Threshold T of CONNECT [m], > 0. FRAGSTATS has no default; this is ours.

    Returns:
        The metrics.

    Raises:
        TypeError: If ``classes`` does not hold integers, or is a masked array.
        ValueError: If no cell is observed, there are more than 255 classes, or a length is not positive.

    Source: FRAGSTATS (McGarigal et al. 2012); H by Dong et al. (2025), eq. 1.

    >>> metrics = landscape_metrics(np.array([[1, 1], [2, 2]]), cell_size=10.0)
    >>> metrics.total_area_m2, metrics.richness, metrics.patches, metrics.h_bits, metrics.shei
    (400.0, 2, 2, 1.0, 1.0)
    >>> round(metrics.frac_mn, 4)  # both patches: 2 ln(60 / 4) / ln 200
    1.0222
    """
    return summarise(find_patches(classes, nodata=nodata), cell_size=cell_size, connect_distance=connect_distance)


def summarise(
    patches: Patches, *, cell_size: CellSize, connect_distance: float = CONNECT_DISTANCE_M
) -> LandscapeMetrics:
    """The metrics of :func:`landscape_metrics` from patches that are already found.

    Args:
        patches: From :func:`pitscape.resilience.patches.find_patches`.
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.
        connect_distance: Threshold T of CONNECT [m], > 0.

    Returns:
        The metrics.

    Raises:
        ValueError: If a length is not positive.

    >>> summarise(find_patches(np.array([[1, 2, 1]])), cell_size=10.0, connect_distance=20.0).connect
    100.0
    """
    areas = patches.areas(cell_size)
    frac = fractal_dimension(areas, patches.perimeters(cell_size))
    shares = patches.class_cells / patches.cells.sum()
    joined = joined_pairs(patches, cell_size=cell_size, distance=connect_distance)
    return LandscapeMetrics(
        total_area_m2=float(areas.sum()),
        richness=patches.class_ids.size,
        patches=patches.cells.size,
        shdi=shdi(shares),
        h_bits=h_bits(shares),
        shei=shei(shares),
        frac_mn=float(frac.mean()),
        frac_am=float(np.average(frac, weights=areas)),
        contag=contagion(shares, patches.adjacency),
        connect=connectance(int(joined.sum()), int(possible_pairs(patches).sum())),
        connect_distance=float(connect_distance),
        tiny_patches=int(np.count_nonzero(areas <= TINY_AREA_M2)),
    )


def fractal_dimension(areas: NDArray[np.floating[Any]], perimeters: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Fractal dimension index of patches, FRAC = 2 ln(p / 4) / ln a.

    It is not scale free near 1 m2: squares of any size have 1, but other patches of a few square metres take any value
    (0.83 and 3.6 at cells of 0.5 m). Sieve first, to the larger of 9 cells and 100 m2.

    Args:
        areas: Area a of each patch [m2], shape (n,), > 0.
        perimeters: Perimeter p of each patch [m], with holes, sides on nodata and the raster's edge, shape (n,), > 0.

    Returns:
        FRAC of each patch, shape (n,): 1 for a square, towards 2 for a convoluted outline. A square of 1 m2 has 1, as
        FRAGSTATS prints it; for any other patch of 1 m2 it is not defined (NaN).

    Source: FRAGSTATS (McGarigal et al. 2012); MPFD of Dong et al. (2025) is its mean.

    >>> fractal_dimension(np.array([1.0, 900.0, 300.0]), np.array([4.0, 120.0, 80.0])).round(4).tolist()
    [1.0, 1.0, 1.0504]
    """
    above, below = np.log(0.25 * perimeters), np.log(areas)
    unit = np.abs(below) < 1e-9
    frac: NDArray[np.float64] = np.divide(2 * above, below, out=np.full(below.shape, np.nan), where=~unit)
    frac[unit & (np.abs(above) < 1e-9)] = 1.0
    return frac


def contagion(shares: NDArray[np.floating[Any]], adjacency: NDArray[np.integer[Any]]) -> float:
    """Contagion, CONTAG = 100 (1 + sum_i sum_k q_ik ln q_ik / (2 ln m)), q_ik = P_i g_ik / sum_k g_ik.

    Args:
        shares: Area share P_i of each class present, shape (m,), > 0.
        adjacency: Sides g_ik between classes, counted from both cells (g_ii twice), shape (m, m). A class without any
            side on an observed cell adds nothing.

    Returns:
        CONTAG [%] in [0, 100]: 100 for classes in one clump each, 0 where all pairs of classes are equally frequent;
        NaN for one class, or where no two cells meet.

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

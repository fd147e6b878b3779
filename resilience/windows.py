"""Maps of pattern from a moving window, by running sums: the cost of a cell does not grow with the window."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pitscape.resilience.climate import FLOOR
from pitscape.resilience.elasticity import H_EXPONENT, SIGMA
from pitscape.resilience.runs import check_classes
from pitscape.resilience.sliding import MAPS, Window, slide
from pitscape.resilience.tally import CellSize, cell_sides

MOST_CLASSES = 64
LEAST_OBSERVED = 0.25


def window_maps(
    classes: NDArray[np.integer[Any]],
    *,
    cell_size: CellSize,
    window: float,
    nodata: int = 255,
    scores: Mapping[int, float] | None = None,
    rows: slice = slice(None),
    least_observed: float = LEAST_OBSERVED,
    threads: int | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Measure the square window around each cell: diversity, evenness, contagion, edge density, resilience score.

    The window is cut at the raster's edge, and unobserved cells in it count for nothing; sides count whose two cells
    are both observed and in the window.

    Args:
        classes: Class ids, shape (H, W), at most 64 different ones.
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.
        window: Side of the window [m], taken to the nearest odd number of cells, at least 3.
        nodata: Id of unobserved cells.
        scores: Resilience score S_i by class id, for SCORE.
        rows: Rows that are wanted; those around them are read too. Maps larger than memory come band by band.
        least_observed: Share of the window's cells, those beyond the raster's edge included, that must be observed, in
            [0, 1]; a corner of the raster has just above 1/4.
        threads: How many work at once, one a core but at most 8 if None; the result is the same.

    Returns:
        By name, each of the shape of the wanted rows, NaN where the cell or too much around it is not observed, or the
        metric is not defined: H [bits], SHEI, CONTAG [%], ED [m/ha] as for a landscape, and with ``scores`` SCORE, the
        mean resilience score sum P_i S_i.

    Raises:
        TypeError: If ``classes`` does not hold integers, or is a masked array.
        ValueError: If there are more than 64 classes, the window is smaller than three cells, a class has no score,
            or a length is not positive.

    Source: FRAGSTATS (McGarigal et al. 2012), moving window; the cut at the edge and the least share are ours.

    >>> maps = window_maps(np.array([[1, 1, 1], [2, 2, 2], [2, 1, 255]]), cell_size=100.0, window=300.0)
    >>> maps["H"][1, 1].item(), maps["ED"][0, 0].item()  # four and four cells; 1 1 over 2 2: 200 m in 4 ha
    (1.0, 50.0)
    """
    raster, (dx, dy) = check_classes(classes), cell_sides(cell_size)
    half = half_window(window, cell_size)
    first, last, _ = rows.indices(raster.shape[0])
    around = raster[max(first - half[0], 0) : last + half[0]]
    ids = np.unique(around[around != nodata])
    if ids.size > MOST_CLASSES:
        raise ValueError(f"{ids.size} classes in a moving window, at most {MOST_CLASSES} are counted: merge some.")
    missing = [int(each) for each in ids if scores is not None and int(each) not in scores]
    if missing:
        raise ValueError(f"No resilience score for class {missing[0]}: give one in [0, 1] for each class.")
    values = np.array([scores[int(each)] if scores else np.nan for each in ids], np.float64)
    least = least_observed * (2 * half[0] + 1) * (2 * half[1] + 1)
    codes = np.where(around == nodata, 0, np.searchsorted(ids, around) + 1).astype(np.uint8)
    maps = np.full((len(MAPS), last - first, raster.shape[1]), np.nan, np.float32)
    setting = Window(*half, dx, dy, max(least, 1.0), values)
    slide(codes, setting, first - max(first - half[0], 0), maps, threads=threads)
    return {name: each for name, each in zip(MAPS, maps, strict=True) if name != "SCORE" or scores is not None}


def window_mean(
    values: NDArray[np.floating[Any]],
    *,
    cell_size: CellSize,
    window: float,
    rows: slice = slice(None),
) -> NDArray[np.float32]:
    """Mean of a map, such as NDVI, in the square window around each cell.

    Args:
        values: The map, shape (H, W); NaN where it is not known, which does not count.
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.
        window: Side of the window [m], as for :func:`window_maps`.
        rows: Rows that are wanted.

    Returns:
        The means, of the shape of the wanted rows; NaN where no cell of the window is known.

    Raises:
        ValueError: If the window is smaller than three cells, or a length is not positive.

    >>> window_mean(np.array([[0.0, 1.0, np.nan, 3.0]]), cell_size=10.0, window=30.0).tolist()
    [[0.5, 0.5, 2.0, 3.0]]
    """
    half = half_window(window, cell_size)
    first, last, _ = rows.indices(values.shape[0])
    top = max(first - half[0], 0)
    around = np.asarray(values[top : last + half[0]], np.float64)
    known = ~np.isnan(around)
    size = (2 * half[0] + 1, 2 * half[1] + 1)
    total, count = (
        ndimage.uniform_filter(each, size, mode="constant")[first - top : last - top]
        for each in (np.where(known, around, 0.0), known.astype(np.float64))
    )
    mean: NDArray[np.float32] = np.divide(
        total, count, out=np.full(count.shape, np.nan), where=count * np.prod(size) > 0.5
    ).astype(np.float32)
    return mean


def elasticity_maps(
    maps: Mapping[str, NDArray[np.float32]],
    *,
    ndvi: NDArray[np.float32] | None = None,
    c1: float = np.nan,
    c2: float = np.nan,
    sigma: float = SIGMA,
    h_exponent: float = H_EXPONENT,
) -> dict[str, NDArray[np.float32]]:
    """Resilience ECO_res = H sum P_i S_i of the window around each cell, and with NDVI and climate its modulus E.

    Args:
        maps: H and SCORE, from :func:`window_maps` with scores.
        ndvi: Mean NDVI of the window, from :func:`window_mean`, of the same shape.
        c1: Relative variability of annual precipitation [fraction], > 0; below 0.01 it counts as 0.01.
        c2: Relative variability of the growing season's temperature, the same.
        sigma: Disturbance constant.
        h_exponent: Power of H in E, of which ECO_res and mu hold half each; 2 as published.

    Returns:
        ECO_RES, and E where ``ndvi`` is given.

    Raises:
        ValueError: If E is wanted and ``c1`` or ``c2`` is not in (0, 2).

    Source: Dong et al. (2025), eqs. 1-5.

    >>> ones = np.ones((1, 1), np.float32)
    >>> found = elasticity_maps({"H": ones, "SCORE": ones / 2}, ndvi=ones / 2, c1=0.2, c2=0.1)
    >>> found["ECO_RES"].item(), round(found["E"].item(), 6)  # 1 x 0.5; 0.08 x 1 x 0.5 / 0.02 x 0.5
    (0.5, 1.0)
    """
    diversity = maps["H"] ** np.float32(h_exponent / 2)
    found = {"ECO_RES": diversity * maps["SCORE"]}
    if ndvi is not None:
        if not (0 < c1 < 2 and 0 < c2 < 2):
            raise ValueError(
                f"c1 and c2 must be fractions above 0 and below 2, got {c1} and {c2}: divide percent by 100."
            )
        restoring = diversity * np.maximum(ndvi, 0) / np.float32(max(c1, FLOOR) * max(c2, FLOOR))
        found["E"] = np.float32(sigma) * restoring * found["ECO_RES"]
    return found


def half_window(window: float, cell_size: CellSize) -> tuple[int, int]:
    """Rows above and columns beside the middle of a window.

    Args:
        window: Side of the window [m].
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.

    Returns:
        Rows and columns, >= 1.

    Raises:
        ValueError: If the window is smaller than three cells, or a length is not positive.

    >>> half_window(300.0, 100.0), half_window(500.0, (100.0, 30.0))
    ((1, 1), (8, 2))
    """
    dx, dy = cell_sides(cell_size)
    if not 3 * max(dx, dy) <= window < np.inf:
        raise ValueError(f"window must be at least three cells of {max(dx, dy):g} m wide, got {window} m: widen it.")
    return round((window / dy - 1) / 2), round((window / dx - 1) / 2)

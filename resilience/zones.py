"""Patches zone by zone: each zone is a landscape of its own, cut at its border."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pitscape.resilience.patches import Patches, find_patches_in_bands
from pitscape.resilience.runs import check_classes

BAND = 256  # rows of which a masked copy is held at a time


def patches_by_zone(
    classes: NDArray[np.integer[Any]], zones: NDArray[np.integer[Any]], *, nodata: int = 255
) -> Iterator[tuple[int, Patches | None]]:
    """Find the patches of each zone, without a copy of the raster for each.

    A zone is measured as if all around it were nodata: its border cuts patches, and counts with their perimeter.

    Args:
        classes: Class ids, shape (H, W).
        zones: Id of the zone of each cell, from 1, best without gaps, and 0 outside all of them, the same shape.
        nodata: Id of unobserved cells.

    Yields:
        Id of the zone, and its patches, None where no cell of it is observed; in rising order of id. Rows and columns
        of the patches count from the zone's own corner.

    Raises:
        TypeError: If an array does not hold integers, or is a masked array.
        ValueError: If the shapes differ, or a zone has more than 255 classes.

    >>> maps = np.array([[1, 1, 2], [1, 1, 2]]), np.array([[5, 7, 7], [5, 7, 7]])
    >>> [(zone, found.cells.tolist()) for zone, found in patches_by_zone(*maps)]
    [(5, [2]), (7, [2, 2])]
    """
    raster, places = check_classes(classes), check_classes(zones)
    if raster.shape != places.shape:
        raise ValueError(f"zones has shape {places.shape}, classes {raster.shape}: bring both to one grid.")
    for number, box in enumerate(ndimage.find_objects(places), start=1):
        if box is not None:
            inside = places[box] == number
            yield number, zone_patches(raster[box], inside, nodata=nodata)


def zone_patches(classes: NDArray[np.integer[Any]], inside: NDArray[np.bool_], *, nodata: int = 255) -> Patches | None:
    """Find the patches of one zone.

    Args:
        classes: Class ids, shape (H, W): the rectangle that holds the zone is enough.
        inside: Which cells are of the zone, the same shape.
        nodata: Id of unobserved cells.

    Returns:
        The patches; None where no cell of the zone is observed.

    Raises:
        TypeError: If ``classes`` does not hold integers, or is a masked array.
        ValueError: If there are more than 255 classes.

    >>> found = zone_patches(np.array([[1, 1, 2]]), np.array([[False, True, True]]))
    >>> found.cells.tolist(), found.sides.sum(axis=0).tolist()
    ([1, 1], [4, 4])
    """
    if not (inside & (classes != nodata)).any():
        return None
    bands = (slice(first, first + BAND) for first in range(0, classes.shape[0], BAND))
    masked = (np.where(inside[rows], classes[rows].astype(np.int64), nodata) for rows in bands)
    return find_patches_in_bands(masked, nodata=nodata)

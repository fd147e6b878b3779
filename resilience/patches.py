"""Patches of a class map: labels, cells, sides and class adjacency, from one pass over the raster."""

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import cc3d
import numpy as np
from numba import njit
from numpy.typing import NDArray

CellSize: TypeAlias = float | tuple[float, float]

VERTICAL = 0  # sides between left and right neighbours, dy long
HORIZONTAL = 1  # sides between upper and lower neighbours, dx long
MOST_CLASSES = 255


class _Counts(NamedTuple):
    """What one pass counts: by patch, and by class in the order met."""

    code: NDArray[np.int64]
    cells: NDArray[np.int64]
    sides: NDArray[np.int64]
    contacts: NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Patches:
    """The patches of a class map, in cells and sides; metres enter through ``cell_size``.

    Attributes:
        labels: Patch of each cell, shape (H, W): patch j has label j + 1, nodata 0.
        class_ids: Ids of the m classes present, rising, shape (m,).
        class_index: Position in ``class_ids`` of the class of each of the n patches, shape (n,).
        cells: Cells of each patch, shape (n,).
        sides: Sides of each patch that face another patch, nodata or the raster's edge, holes included, shape (2, n):
            the vertical ones (dy long), then the horizontal ones (dx long).
        contacts: Sides g_ik between cells of class i and class k, counted from both cells (g_ii twice), without those
            on nodata or the raster's edge, shape (2, m, m): vertical, then horizontal sides.
    """

    labels: NDArray[np.uint32]
    class_ids: NDArray[np.int64]
    class_index: NDArray[np.int64]
    cells: NDArray[np.int64]
    sides: NDArray[np.int64]
    contacts: NDArray[np.int64]

    @property
    def adjacency(self) -> NDArray[np.int64]:
        """The matrix g_ik over sides of both directions, shape (m, m)."""
        both: NDArray[np.int64] = self.contacts[VERTICAL] + self.contacts[HORIZONTAL]
        return both

    @property
    def class_cells(self) -> NDArray[np.int64]:
        """Cells of each class, shape (m,)."""
        total = np.zeros(self.class_ids.size, np.int64)
        np.add.at(total, self.class_index, self.cells)
        return total

    @property
    def class_patches(self) -> NDArray[np.int64]:
        """Number of patches n_i of each class, shape (m,)."""
        return np.bincount(self.class_index, minlength=self.class_ids.size)

    def areas(self, cell_size: CellSize) -> NDArray[np.float64]:
        """Area a_ij of each patch [m2], shape (n,); ``cell_size`` as for :func:`cell_sides`."""
        dx, dy = cell_sides(cell_size)
        return self.cells.astype(np.float64) * (dx * dy)

    def perimeters(self, cell_size: CellSize) -> NDArray[np.float64]:
        """Perimeter p_ij of each patch [m], shape (n,); ``cell_size`` as for :func:`cell_sides`."""
        dx, dy = cell_sides(cell_size)
        lengths: NDArray[np.float64] = self.sides[VERTICAL] * dy + self.sides[HORIZONTAL] * dx
        return lengths


def find_patches(classes: NDArray[np.integer[Any]], *, nodata: int = 255) -> Patches:
    """Label the patches of every class and tally them.

    A patch is a set of cells of one class joined over sides or corners (8 neighbours); sides are shared by cells that
    lie beside or above each other (4 neighbours). Beyond the input it holds 4 bytes a cell for the labels, and 1 while
    it runs.

    Args:
        classes: Class ids, shape (H, W), at most 255 different ones; 0 is a class like any other.
        nodata: Id of the cells that are in no patch; any integer, also one that does not occur.

    Returns:
        The patches, labelled in the order in which their first cell comes, row by row.

    Raises:
        TypeError: If ``classes`` does not hold integers, or is a masked array.
        ValueError: If it is not 2-D, has no observed cell, or more than 255 classes.

    Source: FRAGSTATS (McGarigal et al. 2012), 8-neighbour rule; labels by connected-components-3d.

    >>> patches = find_patches(np.array([[1, 1, 2], [2, 2, 1], [1, 1, 255]]))
    >>> patches.labels.tolist()
    [[1, 1, 2], [2, 2, 1], [1, 1, 0]]
    >>> patches.cells.tolist(), patches.perimeters(10.0).tolist()
    ([5, 3], [160.0, 100.0])
    >>> patches.adjacency.tolist()
    [[4, 7], [7, 2]]
    """
    raster = check_classes(classes)
    codes = np.empty(raster.shape, np.uint8)
    seen = np.empty(MOST_CLASSES, np.int64)
    found = _encode(raster, nodata, codes, seen)
    if found > MOST_CLASSES:
        raise ValueError("classes holds more than 255 different ids: give a class map, not a continuous raster.")
    if found == 0:
        raise ValueError(f"No cell is observed, all are nodata ({nodata}): check nodata, or leave this zone out.")
    labels, count = _label(codes)
    counts = _Counts(
        code=np.zeros(count, np.int64),
        cells=np.zeros(count, np.int64),
        sides=np.zeros((2, count), np.int64),
        contacts=np.zeros((2, found, found), np.int64),
    )
    _tally(labels, codes, counts)
    order = np.argsort(seen[:found])
    return Patches(
        labels=labels,
        class_ids=seen[order],
        class_index=np.argsort(order)[counts.code - 1],
        cells=counts.cells,
        sides=counts.sides,
        contacts=counts.contacts[:, order][:, :, order],
    )


def check_classes(classes: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """A class map as a plain 2-D integer array in this machine's byte order, without a copy where it is one.

    Args:
        classes: Class ids, shape (H, W).

    Returns:
        The same ids.

    Raises:
        TypeError: If it does not hold integers, or is a masked array.
        ValueError: If it is not 2-D or empty.

    >>> check_classes(np.array([[1, 2]], ">i2")).dtype.isnative
    True
    """
    if isinstance(classes, np.ma.MaskedArray):
        raise TypeError("classes is a masked array, whose mask would be lost: pass classes.filled(nodata).")
    raster = np.asarray(classes)
    if not np.issubdtype(raster.dtype, np.integer):
        raise TypeError(f"classes must hold integer ids, got {raster.dtype}: convert with .astype('uint8').")
    if raster.ndim != 2 or raster.size == 0:
        raise ValueError(f"classes must be 2-D (rows, columns) with at least one cell, got shape {raster.shape}.")
    return raster.astype(raster.dtype.newbyteorder("="), copy=False)


def cell_sides(cell_size: CellSize) -> tuple[float, float]:
    """Width and height of a cell.

    Args:
        cell_size: Side of a square cell, or its (dx, dy) [m], > 0.

    Returns:
        dx and dy [m].

    Raises:
        ValueError: If a side is not a positive, finite number.

    >>> cell_sides(30.0), cell_sides((10, 20))
    ((30.0, 30.0), (10.0, 20.0))
    """
    dx, dy = cell_size if isinstance(cell_size, tuple) else (cell_size, cell_size)
    if not (0 < dx < np.inf and 0 < dy < np.inf):
        raise ValueError(
            f"cell_size must be positive metres, got {cell_size}: drop the sign of a north-up raster's dy."
        )
    return float(dx), float(dy)


def _label(codes: NDArray[np.uint8]) -> tuple[NDArray[np.uint32], int]:
    """Number the 8-neighbour components of equal codes from 1, in the order of their first cells; code 0 is none."""
    labels, count = cc3d.connected_components(codes, connectivity=8, return_N=True, out_dtype=np.uint32)
    return labels.astype(np.uint32, copy=False), count


@njit(cache=True)
def _encode(classes: NDArray[Any], nodata: int, codes: NDArray[np.uint8], seen: NDArray[np.int64]) -> int:
    """Number the classes from 1 in the order in which they are met (nodata 0); return how many, 256 for too many."""
    found = 0
    last, code = nodata, 0
    for row in range(classes.shape[0]):
        for col in range(classes.shape[1]):
            value = int(classes[row, col])
            if value != last:
                last, code = value, 0
                if value != nodata:
                    while code < found and seen[code] != value:
                        code += 1
                    if code == seen.size:
                        return code + 1
                    seen[code] = value
                    found = max(found, code + 1)
                    code += 1
            codes[row, col] = code
    return found


@njit(cache=True)
def _tally(labels: NDArray[np.uint32], codes: NDArray[np.uint8], counts: _Counts) -> None:
    """Count cells and sides of patches and sides between classes, each side once, from its left or upper cell."""
    height, width = labels.shape
    for row in range(height):
        for col in range(width):
            here, code = int(labels[row, col]), int(codes[row, col])
            right, right_code, below, below_code = 0, 0, 0, 0
            if col + 1 < width:
                right, right_code = int(labels[row, col + 1]), int(codes[row, col + 1])
            if row + 1 < height:
                below, below_code = int(labels[row + 1, col]), int(codes[row + 1, col])
            _meet(counts.contacts[VERTICAL], code, right_code)
            _meet(counts.contacts[HORIZONTAL], code, below_code)
            _part(counts.sides[VERTICAL], here, right)
            _part(counts.sides[HORIZONTAL], here, below)
            if here:
                counts.cells[here - 1] += 1
                counts.code[here - 1] = code
                counts.sides[VERTICAL, here - 1] += col == 0
                counts.sides[HORIZONTAL, here - 1] += row == 0


@njit(cache=True)
def _meet(contacts: NDArray[np.int64], code: int, other: int) -> None:
    """Count a side between two classes, from both cells; 0 is nodata or outside."""
    if code and other:
        contacts[code - 1, other - 1] += 1
        contacts[other - 1, code - 1] += 1


@njit(cache=True)
def _part(sides: NDArray[np.int64], here: int, there: int) -> None:
    """Count a side of two patches, if it parts them; 0 is nodata or outside."""
    if here != there:
        if here:
            sides[here - 1] += 1
        if there:
            sides[there - 1] += 1

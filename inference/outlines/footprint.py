"""The land that a class covers, its gaps closed and its holes filled, with what that added."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import rasterize
from scipy import ndimage

from pitscape.imagery.block_cache import block_cache
from pitscape.imagery.cell_area import M2_PER_HA
from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import row_band
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.slope import cell_sides
from pitscape.inference.bands import area_bands, row_slices
from pitscape.inference.tracing import Corners, Traced, trace

OTHER, MAPPED, CLOSED, FILLED = range(4)
TILE = 512
CACHE_MB = 4
"""Bands of rows are read once, in order."""


@dataclass(frozen=True)
class Footprint:
    """What becomes of each cell of a map.

    Attributes:
        states: (y, x): ``MAPPED`` as the class, added where gaps were ``CLOSED`` or holes ``FILLED``, ``OTHER`` land,
            255 unobserved. One byte a cell; the only array of the map's size that is kept.
        grid: Where the cells are.
    """

    states: NDArray[np.uint8]
    grid: GeoBox

    def trace(self) -> Traced:
        """The patches: cells that neighbour over edges."""
        inside = self.inside().view(np.uint8)
        return trace(inside, Affine.identity(), without=0)

    def inside(self) -> NDArray[np.bool_]:
        """Which cells belong to it, (y, x)."""
        inside = np.empty(self.states.shape, np.bool_)
        for rows in row_slices(len(inside)):
            inside[rows] = (self.states[rows] != OTHER) & (self.states[rows] != UNOBSERVED)
        return inside

    def areas(self, *states: int) -> Iterator[NDArray[np.float64]]:
        """Areas of cells in one of some states [m2], 0 elsewhere, in bands of rows (y, x)."""
        for rows, areas in zip(row_slices(len(self.states)), area_bands(self.grid), strict=True):
            yield np.where(np.isin(self.states[rows], states), areas, 0.0)


def footprint_of(classes: ClassMap, class_id: int, *, close_m: float = 0.0, fill_ha: float = 0.0) -> Footprint:
    """Find the land of a class; first gaps are closed, then holes filled.

    Closing takes in what is narrower than twice ``close_m``: morphological closing with a disc, distances between the
    centres of cells in metres on the ground (in degrees and Mercator those of the middle of each tile of 512 rows;
    other projections are taken as true to scale). Holes are land that edges of one patch enclose, whatever it is;
    bays that reach the map's border are none, nor is land between patches that touch at corners. Unobserved cells are
    never added.

    Args:
        classes: The open map.
        class_id: The class.
        close_m: See above [m]; 0 leaves all as it is.
        fill_ha: Holes smaller than this are filled [ha].

    Raises:
        InputError: If ``close_m`` is wider than the map.
    """
    states = np.empty(classes.grid.shape, np.uint8)
    top = 0
    with block_cache(CACHE_MB):
        for ids, _ in classes.row_bands():
            rows = states[top : top + len(ids)]
            np.multiply(ids == class_id, np.uint8(MAPPED), out=rows)
            rows[ids == UNOBSERVED] = UNOBSERVED
            top += len(ids)
    found = Footprint(states, classes.grid)
    if close_m > 0:
        _close(found, close_m, source=str(classes.path))
    if fill_ha > 0:
        _fill(found, fill_ha)
    return found


def _close(found: Footprint, radius_m: float, *, source: str) -> None:
    """Close gaps, tile by tile, each read with what a disc can reach twice over."""
    height, width = found.states.shape
    for rows in _slices(height):
        sides = tuple(float(np.median(each)) for each in cell_sides(row_band(found.grid, rows.start, rows.stop)))
        across, down = (math.ceil(radius_m / side) for side in sides)
        if across > width and down > height:
            raise InputError(f"--close {radius_m:g}: is wider than {source}; give metres.")
        for columns in _slices(width):
            around = [_widened(rows, 2 * down + 1, height), _widened(columns, 2 * across + 1, width)]
            mapped = found.states[around[0], around[1]] == MAPPED
            if not mapped.any():
                continue
            beyond = [(down + 1, down + 1), (across + 1, across + 1)]
            closed = _closed(np.pad(mapped, beyond), radius_m, sides=(sides[1], sides[0]))
            here = tuple(
                slice(part.start - wide.start + pad[0], part.stop - wide.start + pad[0])
                for part, wide, pad in zip((rows, columns), around, beyond, strict=True)
            )
            tile = found.states[rows, columns]
            tile[closed[here] & (tile == OTHER)] = CLOSED


def _closed(mask: NDArray[np.bool_], radius_m: float, *, sides: tuple[float, float]) -> NDArray[np.bool_]:
    """Dilation and erosion by a disc, by distances between centres; a mask without gaps stays."""
    dilated = ndimage.distance_transform_edt(~mask, sampling=sides) <= radius_m
    closed: NDArray[np.bool_] = ndimage.distance_transform_edt(dilated, sampling=sides) > radius_m
    return closed


def _fill(found: Footprint, fill_ha: float) -> None:
    """Fill small holes."""
    holes = found.trace().holes
    corners = Corners.of([(number, ring, False) for number, ring in enumerate(holes)], len(holes))
    small = np.flatnonzero(corners.sums(area_bands(found.grid)) < fill_ha * M2_PER_HA)
    if not len(small):
        return
    outlines = [(shapely.Polygon(holes[number]), 1) for number in small]
    burnt = rasterize(outlines, found.states.shape, fill=0, transform=Affine.identity(), dtype="uint8")
    for rows in row_slices(len(burnt)):
        states = found.states[rows]
        states[(burnt[rows] == 1) & (states == OTHER)] = FILLED


def _slices(size: int) -> list[slice]:
    return [slice(start, min(start + TILE, size)) for start in range(0, size, TILE)]


def _widened(part: slice, by: int, size: int) -> slice:
    return slice(max(part.start - by, 0), min(part.stop + by, size))

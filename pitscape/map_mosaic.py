"""Categorical rasters that make one mosaic, and the tiles that it is read in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from pitscape.categories import Categories, open_categories
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import ALIGNMENT_TOLERANCE, grid_of
from pitscape.imagery.legend import Legend
from pitscape.imagery.raster import rasters_in
from pitscape.resilience.mosaic import overlapping

TILE_SUFFIXES = (".tif", ".tiff", ".img", ".jp2")
"""Of the tiles in a folder; a virtual raster there is most often their mosaic."""


@dataclass(frozen=True)
class MapTile:
    """A rectangle of a raster that is read by itself.

    Attributes:
        path: The raster.
        rows: Start and stop in it.
        columns: The same across.
        place: Row and column of the rectangle's first cell on the grid of the mosaic.
    """

    path: Path
    rows: slice
    columns: slice
    place: tuple[int, int]

    def __str__(self) -> str:
        """What messages call it."""
        return f"{self.path} {self.window}"

    @property
    def window(self) -> str:
        """Which part of the raster it is.

        >>> MapTile(Path("a.tif"), slice(0, 64), slice(64, 90), (0, 64)).window
        '[rows 0-64, columns 64-90]'
        """
        rows, columns = self.rows, self.columns
        return f"[rows {rows.start}-{rows.stop}, columns {columns.start}-{columns.stop}]"


@dataclass(frozen=True)
class MapMosaic:
    """Rasters on one grid, without overlap.

    Attributes:
        paths: The files, from north-west to south-east.
        tiles: What is read at a time.
        cell_size: Width and height of a cell [m], > 0.
        nodata: Id of unobserved cells in all of them.
        legend: Their classes, where they carry them or they were given.
        affine: From columns and rows of the mosaic to coordinates.
        crs: Of the coordinates, None where there is none.
        shape: Rows and columns of the rectangle around all files.
    """

    paths: tuple[Path, ...]
    tiles: tuple[MapTile, ...]
    cell_size: tuple[float, float]
    nodata: int
    legend: Legend | None
    affine: Affine
    crs: str | None
    shape: tuple[int, int]

    @property
    def path(self) -> Path:
        """Its first file, which stands for it in messages."""
        return self.paths[0]

    @property
    def grid(self) -> GeoBox:
        """The grid of the rectangle around all files.

        Raises:
            InputError: If the files have no coordinate reference system.
        """
        if self.crs is None:
            raise InputError(f"{self.path}: has no coordinate reference system; assign one with gdal_edit -a_srs.")
        return GeoBox(self.shape, self.affine, self.crs)


def listed_maps(given: Sequence[Path]) -> list[Path]:
    """The rasters that were named, those of folders among them, in order of name.

    Raises:
        InputError: If a folder holds none, or a file is named twice.
    """
    paths = [path for each in given for path in (rasters_in(each, TILE_SUFFIXES) if each.is_dir() else [each])]
    seen = set()
    for path in paths:
        if path.resolve() in seen:
            raise InputError(f"{path}: is named twice; name each tile once.")
        seen.add(path.resolve())
    return sorted(paths)


def mosaic_of(
    paths: Sequence[Path],
    *,
    unit: str | None = None,
    nodata: int | None = None,
    legend: Legend | None = None,
    tile: int | None = None,
) -> MapMosaic:
    """Look at the files of a mosaic, without reading their cells.

    Args:
        paths: Categorical rasters.
        unit: "m" takes the coordinates of rasters without CRS as metres.
        nodata: Id of unobserved cells, where files name none.
        legend: The classes, for rasters that do not carry them.
        tile: Rows and columns that are read at a time; None: a file at a time.

    Raises:
        InputError: If a file is no such raster, lies on another grid than the first, has another nodata or legend, or two
            overlap.
    """
    first: Categories | None = None
    found, refused, crs = [], {}, None
    for path in paths:
        try:
            with open_categories(path, unit=unit, nodata=nodata, legend=legend) as classes:
                if first is None:
                    first, affine = classes, classes.affine
                    first_crs = classes.dataset.crs
                    crs = None if first_crs is None else grid_of(classes.dataset).crs
                _check_alike(classes, first, first_crs)
                found.append((_place(classes, first, affine), classes.shape, path))
        except InputError as error:
            refused[path.name] = str(error)
    if refused:
        (_, reason), *others = refused.items()
        raise InputError(reason + (f" And neither can these be used: {', '.join(dict(others))}." if others else ""))
    assert first is not None
    found.sort()
    places, shapes = np.array([place for place, _, _ in found]), np.array([shape for _, shape, _ in found])
    if meet := overlapping(places, places + shapes):
        one, other = (found[number][2] for number in meet)
        raise InputError(f"{other}: overlaps {one}; cut it, so that each cell is in one file.")
    corner = places.min(axis=0)
    height, width = ((places + shapes).max(axis=0) - corner).tolist()
    return MapMosaic(
        paths=tuple(path for _, _, path in found),
        tiles=tuple(each for place, shape, path in found for each in _tiles(path, shape, place - corner, tile)),
        cell_size=first.cell_size,
        nodata=first.nodata,
        legend=first.legend,
        affine=affine @ Affine.translation(int(corner[1]), int(corner[0])),
        crs=None if crs is None else str(crs),
        shape=(height, width),
    )


def _check_alike(classes: Categories, first: Categories, crs: Any) -> None:  # noqa: ANN401 - rasterio has no types
    if classes.nodata != first.nodata:
        raise InputError(
            f"{classes.path}: has another nodata than {first.path}; bring them to one with gdal_translate -a_nodata, or pass "
            "--nodata where files name none."
        )
    if (classes.legend and classes.legend.names) != (first.legend and first.legend.names):
        raise InputError(
            f"{classes.path}: has another legend than {first.path}; pass --legend, or map both with one model."
        )
    if classes.dataset.crs != crs:
        raise InputError(f"{classes.path}: has another CRS than {first.path}; bring it to that grid with gdalwarp.")


def _place(classes: Categories, first: Categories, affine: Affine) -> tuple[int, int]:
    """Row and column of the first cell of a raster on the grid of the first one."""
    relative, (height, width) = ~affine @ classes.affine, classes.shape
    stretch = [(relative.a - 1) * width, relative.b * height, relative.d * width, (relative.e - 1) * height]
    if max(map(abs, stretch)) > ALIGNMENT_TOLERANCE:
        sizes = [f"{each.cell_size[0]:g} x {each.cell_size[1]:g} m" for each in (classes, first)]
        raise InputError(
            f"{classes.path}: has cells of {sizes[0]}, {first.path} of {sizes[1]}, or is turned against it; bring it to that "
            "grid with gdalwarp -tap."
        )
    row, column = round(relative.f), round(relative.c)
    off = max(relative.f - row, relative.c - column, key=abs)
    if abs(off) > ALIGNMENT_TOLERANCE:
        raise InputError(
            f"{classes.path}: is shifted by {abs(off):.3f} of a cell against {first.path}; bring it to that grid with "
            "gdalwarp -tap."
        )
    return row, column


def _tiles(path: Path, shape: tuple[int, int], place: tuple[int, int], side: int | None) -> Iterator[MapTile]:
    height, width = map(int, shape)
    for row in range(0, height, side or height):
        for column in range(0, width, side or width):
            rows = slice(row, min(row + (side or height), height))
            columns = slice(column, min(column + (side or width), width))
            yield MapTile(path, rows, columns, (int(place[0]) + row, int(place[1]) + column))

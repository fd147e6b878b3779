"""Where the labels of a scene come from: a raster of codes, or polygons with their classes in a column."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import geopandas
import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import rasterize
from rasterio.windows import Window
from shapely.geometry import box

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of, is_placed, part, same_grid
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.raster import open_raster
from pitscape.imagery.vector import read_vector

Crosswalk = Mapping[int | str, str]
"""Class name by the code or word of a label; "ignore" stands for no class."""

VECTORS = (".gpkg", ".geojson", ".shp")
LOSSY = (".jpg", ".jpeg")
NOT_NAMED = 254


class LabelSource(Protocol):
    """Labels on the grid of a scene."""

    @property
    def path(self) -> Path:
        """The file."""

    def read(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """Class ids (y, x) of a window of the scene, 255 where unlabelled."""


@dataclass(frozen=True, eq=False)
class LabelRaster:
    """One band of label codes.

    Attributes:
        path: The file.
        codes: Class id by code, shape (256,); 255 for "ignore", 254 for codes that the crosswalk does not name.
    """

    path: Path
    codes: NDArray[np.uint8]

    def read(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """Class ids (y, x) of a window.

        Raises:
            InputError: If a code is not named in the crosswalk.
        """
        with open_raster(self.path) as dataset:
            codes = dataset.read(1, window=Window.from_slices(rows, columns))
        classes: NDArray[np.uint8] = self.codes[codes]
        if (unknown := classes == NOT_NAMED).any():
            code = int(codes[unknown][0])
            raise InputError(
                f"{self.path}: holds label code {code}, which the crosswalk does not name; add it, as ignore if it is "
                "no class."
            )
        return classes


@dataclass(frozen=True, eq=False)
class LabelPolygons:
    """Polygons of classes; a pixel has the class of those that hold its centre.

    Where polygons of different classes overlap, a pixel has none.

    Attributes:
        path: The file.
        grid: Of the scene.
        shapes: Class id and geometry of each polygon, in the scene's projection.
    """

    path: Path
    grid: GeoBox
    shapes: geopandas.GeoDataFrame = field(repr=False)

    def read(self, rows: slice, columns: slice) -> NDArray[np.uint8]:
        """Class ids (y, x) of a window."""
        window = part(self.grid, rows, columns)
        classes = np.full(window.shape, UNOBSERVED, np.uint8)
        near = self.shapes.iloc[self.shapes.sindex.query(box(*window.extent.geom.bounds))]
        taken = np.zeros(window.shape, np.bool_)
        for class_id, group in near.groupby("class_id"):
            inside = rasterize(group.geometry, window.shape, transform=window.affine, dtype="uint8").astype(np.bool_)
            classes[inside] = int(str(class_id))
            classes[inside & taken] = UNOBSERVED
            taken |= inside
        return classes


def label_source(
    path: Path, grid: GeoBox, legend: Legend, crosswalk: Crosswalk, *, column: str, gsd_m: float | None = None
) -> LabelSource:
    """The labels of a scene.

    Args:
        path: A raster of bytes on the scene's grid, or polygons in any projection.
        grid: Of the scene.
        legend: The classes.
        crosswalk: From codes (raster) or words (column of polygons) to classes.
        column: Of the polygons' classes.
        gsd_m: Side of a pixel of rasters that say nothing of their place [m]: such labels lie where their image does.

    Raises:
        InputError: If the raster has another grid, is a JPEG or not one band of bytes, or the polygons have no such column, no
            projection or a word that the crosswalk does not name, or their image has no place.
    """
    if path.suffix.lower() in VECTORS:
        if not is_placed(grid):
            raise InputError(
                f"{path}: its image does not say where it is; give labels of tiles without a place as rasters."
            )
        return _polygons(path, grid, legend, crosswalk, column)
    if path.suffix.lower() in LOSSY:
        raise InputError(f"{path}: JPEG changes codes; give labels as PNG or TIFF.")
    with open_raster(path) as labels:
        if labels.count != 1:
            raise InputError(f"{path}: has {labels.count} bands; label codes stand in one.")
        if labels.dtypes[0] != "uint8":
            raise InputError(f"{path}: holds {labels.dtypes[0]}; label codes must be uint8.")
        own = grid_of(labels, gsd_m=gsd_m)
        if not (same_grid(grid, own) or (not is_placed(own) and own.shape == grid.shape)):
            raise InputError(f"{path}: is on another grid than its image; bring it to the image's grid.")
    return LabelRaster(path, code_table(legend, crosswalk))


def code_table(legend: Legend, crosswalk: Crosswalk) -> NDArray[np.uint8]:
    """Class id by code, shape (256,); 255 for "ignore", 254 for codes that the crosswalk does not name.

    Raises:
        InputError: If a code does not fit one byte or a name is not of the legend.
    """
    words = [code for code in crosswalk if not isinstance(code, int)]
    if words:
        raise InputError(f"label code {words[0]!r} in the crosswalk: codes of rasters are numbers, 0 to 255.")
    named = {code: name for code, name in crosswalk.items() if isinstance(code, int)}
    table = legend.crosswalk(named)
    table[[code for code in range(256) if code not in named]] = NOT_NAMED
    return table


def _polygons(path: Path, grid: GeoBox, legend: Legend, crosswalk: Crosswalk, column: str) -> LabelPolygons:
    table = read_vector(path)
    if column not in table.columns:
        columns = ", ".join(str(name) for name in table.columns if name != table.geometry.name)
        raise InputError(f"{path}: has no column {column!r}; it has {columns or 'none'}.")
    names = {str(code): name for code, name in crosswalk.items()}
    unknown = sorted({str(word) for word in table[column]} - set(names))
    if unknown:
        raise InputError(
            f"{path}: the crosswalk does not name {unknown[0]!r} of column {column}; add it, or ignore it."
        )
    ids = [UNOBSERVED if (name := names[str(word)]) == "ignore" else legend.id_of(name) for word in table[column]]
    shapes = geopandas.GeoDataFrame({"class_id": ids}, geometry=table.geometry.make_valid(), crs=table.crs)
    return LabelPolygons(path, grid, shapes.to_crs(str(grid.crs)))

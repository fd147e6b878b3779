"""Class maps: one-byte cloud-optimised GeoTIFFs that carry their legend."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pydantic import ValidationError
from rasterio.shutil import copy as copy_raster
from rasterio.windows import Window

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of, row_band
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.outputs import replacing, scratch
from pitscape.imagery.raster import open_raster

BLOCK = 512
COG_LAYOUT = {"compress": "DEFLATE", "predictor": "NO", "blocksize": BLOCK, "bigtiff": "IF_SAFER"}


@dataclass(frozen=True)
class ClassMap:
    """An open class map.

    Attributes:
        path: The file.
        grid: Where its pixels are.
        legend: The classes, read from the file.
    """

    path: Path
    grid: GeoBox
    legend: Legend
    dataset: Any

    def read(self, rows: slice | None = None) -> NDArray[np.uint8]:
        """Class ids (y, x), 255 where unobserved, of all rows or some.

        Raises:
            InputError: If there is an id that the legend lacks.
        """
        height, width = self.grid.shape
        wanted = rows or slice(0, height)
        ids: NDArray[np.uint8] = self.dataset.read(1, window=Window.from_slices(wanted, slice(0, width)))
        if self.dataset.nodata is not None:
            ids[ids == self.dataset.nodata] = UNOBSERVED
        unknown = ids[(ids >= len(self.legend)) & (ids != UNOBSERVED)]
        if unknown.size:
            names = ", ".join(self.legend.names)
            raise InputError(
                f"{self.path}: holds class id {unknown[0]}; its legend has {names} (0 to {len(self.legend) - 1})."
            )
        return ids

    def row_bands(self, rows: int = BLOCK) -> Iterator[tuple[NDArray[np.uint8], GeoBox]]:
        """The map from top to bottom in bands of at most ``rows`` rows, each with its grid."""
        height = self.grid.shape[0]
        for start in range(0, height, rows):
            stop = min(start + rows, height)
            yield self.read(slice(start, stop)), row_band(self.grid, start, stop)


@contextmanager
def open_class_map(path: Path, legend: Legend | None = None) -> Iterator[ClassMap]:
    """Open a class map.

    Args:
        path: One band of bytes.
        legend: The classes, for maps that do not carry them.

    Raises:
        InputError: If it is no one-byte raster, or has no legend.
    """
    with open_raster(path) as dataset:
        if dataset.count != 1 or dataset.dtypes[0] != "uint8":
            raise InputError(
                f"{path}: is no class map; one band of uint8 is needed, it has {dataset.count} of {dataset.dtypes[0]}."
            )
        yield ClassMap(path, grid_of(dataset), _legend_of(dataset, legend), dataset)


@contextmanager
def new_class_map(
    path: Path, grid: GeoBox, legend: Legend, *, tags: Mapping[str, str] | None = None
) -> Iterator[Callable[[int, NDArray[np.uint8]], None]]:
    """Write a class map band of rows by band of rows; it appears whole when the block ends well.

    Class names stand in the band's tags and, for GIS programs, in ``path.aux.xml``.

    Args:
        path: The output.
        grid: Where its pixels are.
        legend: The classes.
        tags: Further tags of the file; equal work should give equal ones.

    Yields:
        A function of a first row and class ids (y, x) of whole rows, 255 where unobserved.
    """
    with replacing(path) as image, replacing(names_file(path)) as names, scratch(path) as plain:
        with rasterio.open(plain, "w", **_profile(grid)) as dataset:
            dataset.write_colormap(1, {c.id: (*c.rgb, 255) for c in legend.classes} | {UNOBSERVED: (0, 0, 0, 0)})
            dataset.update_tags(1, LEGEND=legend.model_dump_json(), **{f"CLASS_{c.id}": c.name for c in legend.classes})
            dataset.update_tags(**(tags or {}))

            def write(first_row: int, ids: NDArray[np.uint8]) -> None:
                dataset.write(ids, 1, window=Window(0, first_row, ids.shape[1], ids.shape[0]))

            yield write
        copy_raster(plain, image, driver="COG", overview_resampling="MODE", **COG_LAYOUT)
        names.write_text(_category_names(legend), encoding="utf-8", newline="\n")


def save_class_map(path: Path, ids: NDArray[np.uint8], grid: GeoBox, legend: Legend) -> None:
    """Write class ids (y, x) that are in memory as a class map."""
    with new_class_map(path, grid, legend) as write:
        write(0, ids)


def names_file(path: Path) -> Path:
    """Where GDAL looks for the class names of a raster."""
    return path.with_name(path.name + ".aux.xml")


def _profile(grid: GeoBox) -> dict[str, Any]:
    height, width = grid.shape
    return {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": 1,
        "dtype": "uint8",
        "crs": str(grid.crs),
        "transform": grid.affine,
        "nodata": UNOBSERVED,
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "compress": "DEFLATE",
        "bigtiff": "IF_SAFER",
    }


def _category_names(legend: Legend) -> str:
    names = "\n".join(f"      <Category>{escape(name)}</Category>" for name in legend.names)
    return (
        "<PAMDataset>\n"
        '  <PAMRasterBand band="1">\n'
        f"    <CategoryNames>\n{names}\n    </CategoryNames>\n"
        "  </PAMRasterBand>\n"
        "</PAMDataset>\n"
    )


def _legend_of(dataset: Any, given: Legend | None) -> Legend:  # noqa: ANN401
    """The legend that the file carries, else the given one."""
    stored = dataset.tags(1).get("LEGEND")
    if stored is None:
        if given is None:
            raise InputError(f"{dataset.name}: carries no legend; name one with --legend (four_class or a YAML file).")
        return given
    try:
        return Legend.model_validate_json(stored)
    except ValidationError as error:
        raise InputError(f"{dataset.name}: the legend in its tags is not valid; map the scene again.") from error

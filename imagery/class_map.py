"""Class maps: one-byte cloud-optimised GeoTIFFs that carry their legend."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pydantic import ValidationError
from rasterio.windows import Window

from pitscape.imagery.cog import BLOCK, new_cog
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of, row_band
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.outputs import replacing
from pitscape.imagery.raster import open_raster
from pitscape.imagery.sieve import sieve
from pitscape.imagery.virtual import check_virtual


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

    def read(self, rows: slice | None = None, columns: slice | None = None) -> NDArray[np.uint8]:
        """Class ids (y, x), 255 where unobserved, of all rows and columns or some.

        Raises:
            InputError: If there is an id that the legend lacks.
        """
        height, width = self.grid.shape
        window = Window.from_slices(rows or slice(0, height), columns or slice(0, width))
        ids: NDArray[np.uint8] = self.dataset.read(1, window=window)
        if self.dataset.nodata is not None:
            ids[ids == self.dataset.nodata] = UNOBSERVED
        return self.checked(ids)

    def checked(self, ids: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The same class ids.

        Raises:
            InputError: If there is an id that the legend lacks.
        """
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
        InputError: If it is no one-byte raster, has no legend, or is a mosaic in which land without a file would be a class.
    """
    with open_raster(path) as dataset:
        if dataset.count != 1 or dataset.dtypes[0] != "uint8":
            raise InputError(
                f"{path}: is no class map; one band of uint8 is needed, it has {dataset.count} of {dataset.dtypes[0]}."
            )
        known = legend_of(path, dataset, legend)
        if known is None:
            raise InputError(f"{path}: carries no legend; name one with --legend (four_class or a YAML file).")
        yield ClassMap(path, grid_of(dataset), known, dataset)


def legend_of(path: Path, dataset: Any, given: Legend | None) -> Legend | None:  # noqa: ANN401 - rasterio has no types
    """The legend that an open raster carries, else the given one, else the one that all files of a mosaic carry.

    Raises:
        InputError: If the stored one is not valid, files of a mosaic differ, or land without a file would be a class.
    """
    stored = dataset.tags(1).get("LEGEND")
    try:
        found = Legend.model_validate_json(stored) if stored else given
    except ValidationError as error:
        raise InputError(f"{path}: the legend in its tags is not valid; map the scene again.") from error
    if dataset.driver != "VRT":
        return found
    found = found or _legend_of_sources(path)
    if found and dataset.nodata is None:
        raise InputError(f"{path}: has no nodata, so that gaps between its files would be class 0; make it with 255.")
    return found


class WriteIds(Protocol):
    """Writes a part of a class map."""

    def __call__(self, row: int, ids: NDArray[np.uint8], column: int = 0) -> None:
        """Write class ids (y, x), 255 where unobserved, from a row and a column on."""


@contextmanager
def new_class_map(
    path: Path, grid: GeoBox, legend: Legend, *, tags: Mapping[str, str] | None = None, least_cells: int = 0
) -> Iterator[WriteIds]:
    """Write a class map part by part; it appears whole when the block ends well.

    Class names stand in the band's tags and, for GIS programs, in ``path.aux.xml``.

    Args:
        path: The output.
        grid: Where its pixels are.
        legend: The classes.
        tags: Further tags of the file; equal work should give equal ones.
        least_cells: Smaller patches go to their largest neighbour; see ``sieve``.

    Yields:
        A function of a first row, class ids (y, x), 255 where unobserved, and a first column.
    """

    def describe(dataset: Any) -> None:  # noqa: ANN401
        dataset.set_band_description(1, "class")
        dataset.write_colormap(1, {c.id: (*c.rgb, 255) for c in legend.classes} | {UNOBSERVED: (0, 0, 0, 0)})
        dataset.update_tags(1, LEGEND=legend.model_dump_json(), **{f"CLASS_{c.id}": c.name for c in legend.classes})
        dataset.update_tags(**(tags or {}))

    amend = partial(sieve, least_cells=least_cells) if least_cells > 1 else None
    with (
        replacing(names_file(path)) as names,
        new_cog(path, grid, 1, overviews="MODE", describe=describe, amend=amend) as write,
    ):

        def write_ids(row: int, ids: NDArray[np.uint8], column: int = 0) -> None:
            write(row, column, ids[None])

        yield write_ids
        names.write_text(_category_names(legend), encoding="utf-8", newline="\n")


def save_class_map(path: Path, ids: NDArray[np.uint8], grid: GeoBox, legend: Legend) -> None:
    """Write class ids (y, x) that are in memory as a class map."""
    with new_class_map(path, grid, legend) as write:
        write(0, ids)


def names_file(path: Path) -> Path:
    """Where GDAL looks for the class names of a raster."""
    return path.with_name(path.name + ".aux.xml")


def _category_names(legend: Legend) -> str:
    names = "\n".join(f"      <Category>{escape(name)}</Category>" for name in legend.names)
    return (
        "<PAMDataset>\n"
        '  <PAMRasterBand band="1">\n'
        f"    <CategoryNames>\n{names}\n    </CategoryNames>\n"
        "  </PAMRasterBand>\n"
        "</PAMDataset>\n"
    )


def _legend_of_sources(mosaic: Path) -> Legend | None:
    found: dict[Path, Legend | None] = {}
    for source in dict.fromkeys(check_virtual(mosaic)):
        with open_raster(source) as dataset:
            found[source] = legend_of(source, dataset, None)
        first = next(iter(found))
        if _names(found[source]) != _names(found[first]):
            raise InputError(f"{mosaic}: {source.name} has another legend than {first.name}; map both with one model.")
    return next(iter(found.values()), None)


def _names(legend: Legend | None) -> tuple[str, ...]:
    return legend.names if legend else ()

"""The rasters of a simulated site: one folder each, written window by window."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.class_map import new_class_map
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.legend import UNOBSERVED, load_legend
from pitscape.imagery.simulated.files import WriteWindow, new_raster
from pitscape.imagery.simulated.records import NO_VALUE
from pitscape.imagery.simulated.sensing.radar import POLARISATIONS
from pitscape.imagery.simulated.sensing.thematic_mapper import FACTOR, LIKE

SENTINEL2 = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")


@dataclass(frozen=True)
class Layer:
    """One kind of raster.

    Attributes:
        bands: Their descriptions.
        dtype: uint8, uint16 or float32.
        nodata: Value of cells without one; None where every cell has one.
        unit: Of every band.
        cells: Cells of the site to one of the raster, along rows and columns.
        yearly: Whether it is of a year, not of a day.
        sensor: Name of the sensor whose scenes it is like.
        tags: Of every band.
    """

    bands: tuple[str, ...]
    dtype: str
    nodata: float | None = None
    unit: str = ""
    cells: int = 1
    yearly: bool = False
    sensor: str = ""
    tags: dict[str, str] = field(default_factory=dict)


LAYERS = {
    "images": Layer(SENTINEL2, "uint16", 0, sensor="sentinel2_l2a"),
    "images_cloudy": Layer((*SENTINEL2, "SCL"), "uint16", 0, sensor="sentinel2_l2a"),
    "images_landsat": Layer((*LIKE, "QA_PIXEL"), "uint16", 0, cells=FACTOR, sensor="landsat5_c2l2"),
    "sar": Layer(POLARISATIONS, "float32", float("nan"), "dB", sensor="sentinel1_grd_db"),
    "dem": Layer(("elevation",), "float32", None, "m", sensor="dem"),
    "truth": Layer(("class",), "uint8", UNOBSERVED),
    "influence": Layer(("influence",), "uint8", tags={"0": "not changed", "1": "changed by the mine"}),
    "npp": Layer(("npp",), "float32", NO_VALUE, "kg C m-2 y-1", yearly=True),
    "et": Layer(("et",), "float32", NO_VALUE, "mm y-1", yearly=True),
    "runoff": Layer(("runoff",), "float32", NO_VALUE, "mm y-1", yearly=True),
}
"""Rasters of each epoch by the name of their folder; Landsat's is of the first, radar is of those since 2017."""


@contextmanager
def new_layer(path: Path, grid: GeoBox, layer: Layer) -> Iterator[WriteWindow]:
    """Write a layer window by window.

    Args:
        path: The file.
        grid: The grid of the site.
        layer: What it is.

    Yields:
        A function that writes the values of a window of the layer's own cells; windows come row by row.
    """
    if layer is LAYERS["truth"]:
        with _new_truth(path, grid) as write:
            yield write
        return
    own = coarser(grid, layer.cells)
    with new_raster(
        path,
        own,
        bands=layer.bands,
        dtype=layer.dtype,
        nodata=layer.nodata,
        unit=layer.unit,
        tags=layer.tags,
        sensor=layer.sensor,
    ) as write:
        yield write


def coarser(grid: GeoBox, factor: int) -> GeoBox:
    """The grid from the same corner whose cells are ``factor`` times as wide; the last may reach beyond."""
    rows, columns = (-(-side // factor) for side in grid.shape)
    return GeoBox((rows, columns), grid.affine @ grid.affine.scale(factor), grid.crs)


@contextmanager
def _new_truth(path: Path, grid: GeoBox) -> Iterator[WriteWindow]:
    """A class map, whose windows are kept until they fill whole rows of blocks, which GDAL need not keep then."""
    height, width = grid.shape
    with new_class_map(path, grid, load_legend()) as write_rows:
        kept = np.empty((0, width), np.uint8)

        def write(ids: NDArray[Any], rows: slice, columns: slice) -> None:
            nonlocal kept
            if columns.start == 0:
                kept = np.vstack([kept, np.empty((rows.stop - rows.start, width), np.uint8)])
            kept[len(kept) - len(ids) :, columns] = ids
            if columns.stop == width:
                whole = len(kept) if rows.stop == height else len(kept) // BLOCK * BLOCK
                write_rows(rows.stop - len(kept), kept[:whole])
                kept = kept[whole:].copy()

        yield write

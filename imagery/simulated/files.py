"""Files of a simulated site: images, masks and yearly rasters as GeoTIFF, tables as CSV."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rasterio
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from pitscape.imagery.outputs import write_text
from pitscape.imagery.radiometry import SENSOR_TAG
from pitscape.imagery.simulated.sensing.scene import CELL_M

CRS = "EPSG:32650"
EASTING_M, NORTHING_M = 620_000.0, 5_010_000.0
"""Upper left corner of the site, in the steppe of Inner Mongolia."""

LAYOUT = {
    "driver": "GTiff",
    "compress": "DEFLATE",
    "tiled": True,
    "blockxsize": 256,
    "blockysize": 256,
    "bigtiff": "IF_SAFER",
}
PREDICTOR = {"uint8": 1, "uint16": 2, "float32": 3}

WriteWindow = Callable[[NDArray[Any], slice, slice], None]
"""Writes bands (band, y, x), or one (y, x), to rows and columns."""


def simulated_grid(size: int, *, number: int = 0) -> GeoBox:
    """The grid of a piece of simulated land; those of other numbers lie south of it, apart from one another."""
    north = NORTHING_M - number * (size * CELL_M + 5_000)
    return GeoBox((size, size), Affine(CELL_M, 0, EASTING_M, 0, -CELL_M, north), CRS)


@contextmanager
def new_raster(
    path: Path,
    grid: GeoBox,
    *,
    bands: Sequence[str],
    dtype: str,
    nodata: float | None = None,
    unit: str = "",
    tags: dict[str, str] | None = None,
    sensor: str = "",
) -> Iterator[WriteWindow]:
    """Write a tiled GeoTIFF window by window.

    Args:
        path: The file.
        grid: Where its cells are.
        bands: Description of each band.
        dtype: uint8, uint16 or float32.
        nodata: Value of cells without one.
        unit: Of every band.
        tags: Further tags of every band.
        sensor: Name of the sensor whose scene it is like.

    Yields:
        A function that writes a window.
    """
    place = {"crs": str(grid.crs), "transform": grid.affine, "height": grid.shape[0], "width": grid.shape[1]}
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", count=len(bands), dtype=dtype, nodata=nodata, predictor=PREDICTOR[dtype], **place, **LAYOUT
    ) as dataset:

        def write(values: NDArray[Any], rows: slice, columns: slice) -> None:
            window = Window.from_slices(rows, columns)
            dataset.write(values.reshape(len(bands), *values.shape[-2:]), window=window)

        yield write
        if sensor:
            dataset.update_tags(**{SENSOR_TAG: sensor})
        for number, name in enumerate(bands, start=1):
            dataset.set_band_description(number, name)
            if unit:
                dataset.set_band_unit(number, unit)
            dataset.update_tags(number, **(tags or {}))


def write_raster(
    path: Path,
    values: NDArray[Any],
    grid: GeoBox,
    *,
    bands: Sequence[str],
    **options: Any,  # noqa: ANN401
) -> None:
    """Write bands (band, y, x), or one (y, x), that are in memory; options are those of ``new_raster``."""
    with new_raster(path, grid, bands=bands, dtype=str(values.dtype), **options) as write:
        write(values, slice(0, grid.shape[0]), slice(0, grid.shape[1]))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[float]]) -> None:
    """Write a CSV file with a header."""
    lines = [",".join(columns), *(",".join(str(value) for value in row) for row in rows)]
    write_text(path, "\n".join(lines) + "\n")

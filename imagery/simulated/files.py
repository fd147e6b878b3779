"""Files of a simulated site: images, masks and yearly rasters as GeoTIFF, tables as CSV."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import rasterio
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.outputs import write_text
from pitscape.imagery.simulated.scene import CELL_M

CRS = "EPSG:32650"
EASTING_M, NORTHING_M = 620_000.0, 5_010_000.0
"""Upper left corner of the site, in the steppe of Inner Mongolia."""

LAYOUT = {"driver": "GTiff", "compress": "DEFLATE", "tiled": True, "blockxsize": 256, "blockysize": 256}
PREDICTOR = {"uint8": 1, "uint16": 2, "float32": 3}


def simulated_grid(size: int, *, number: int = 0) -> GeoBox:
    """The grid of a piece of simulated land; those of other numbers lie south of it, apart from one another."""
    north = NORTHING_M - number * (size * CELL_M + 5_000)
    return GeoBox((size, size), Affine(CELL_M, 0, EASTING_M, 0, -CELL_M, north), CRS)


def write_raster(
    path: Path,
    values: NDArray[Any],
    grid: GeoBox,
    *,
    bands: Sequence[str],
    nodata: float | None = None,
    unit: str = "",
    tags: dict[str, str] | None = None,
) -> None:
    """Write bands (band, y, x), or one (y, x), as a tiled GeoTIFF.

    Args:
        path: The file.
        values: uint8, uint16 or float32.
        grid: Where its cells are.
        bands: Description of each band.
        nodata: Value of cells without one.
        unit: Of every band.
        tags: Further tags of every band.
    """
    stack = values.reshape(-1, *grid.shape)
    kind = str(stack.dtype)
    place = {"crs": str(grid.crs), "transform": grid.affine, "height": grid.shape[0], "width": grid.shape[1]}
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", count=len(stack), dtype=kind, nodata=nodata, predictor=PREDICTOR[kind], **place, **LAYOUT
    ) as dataset:
        dataset.write(stack)
        for number, name in enumerate(bands, start=1):
            dataset.set_band_description(number, name)
            if unit:
                dataset.set_band_unit(number, unit)
            dataset.update_tags(number, **(tags or {}))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[float]]) -> None:
    """Write a CSV file with a header."""
    lines = [",".join(columns), *(",".join(str(value) for value in row) for row in rows)]
    write_text(path, "\n".join(lines) + "\n")

"""Ready class maps in codes of their own, brought to the legend of a site."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rasterio.windows import Window

from pitscape.imagery.class_map import new_class_map
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.raster import open_raster


def write_ready_map(source: Path, output: Path, legend: Legend, crosswalk: Mapping[int, str]) -> None:
    """Write a class map that carries its legend.

    Args:
        source: One band of bytes; its nodata becomes 255.
        output: The class map.
        legend: The classes.
        crosswalk: Class name by code, "ignore" for no class; without any, codes are class ids.

    Raises:
        InputError: If the raster is none of bytes, or holds a code without a class.
    """
    table = legend.crosswalk(crosswalk) if crosswalk else _same_ids(legend)
    named = set(crosswalk) if crosswalk else set(range(len(legend)))
    with open_raster(source) as dataset:
        if dataset.count != 1 or dataset.dtypes[0] != "uint8":
            raise InputError(f"{source}: is no class map; one band of uint8 is needed.")
        nodata = UNOBSERVED if dataset.nodata is None else int(dataset.nodata)
        height, width = dataset.shape
        with new_class_map(output, grid_of(dataset), legend) as write:
            for start in range(0, height, BLOCK):
                window = Window(0, start, width, min(BLOCK, height - start))
                codes = dataset.read(1, window=window)
                if unknown := sorted({*np.unique(codes).tolist()} - named - {nodata, UNOBSERVED}):
                    raise InputError(f"{source}: holds code {unknown[0]}; name its class, or ignore, in crosswalk.")
                write(start, np.where(codes == nodata, np.uint8(UNOBSERVED), table[codes]))


def _same_ids(legend: Legend) -> np.ndarray:
    table = np.full(256, UNOBSERVED, np.uint8)
    table[: len(legend)] = np.arange(len(legend))
    return table

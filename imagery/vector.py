"""Vector files: points, lines and polygons with their coordinate reference system."""

from pathlib import Path

import geopandas
import pyogrio

from pitscape.imagery.errors import InputError


def read_vector(path: Path, *, first_layer: bool = False) -> geopandas.GeoDataFrame:
    """The rows of a file that GDAL reads; tables without geometry, such as styles of QGIS, are passed over.

    Args:
        path: The file.
        first_layer: Of several layers take the first; else they are refused, since one cannot know which is meant.

    Raises:
        InputError: If there is no such file, it is no vector file, has no geometry or no CRS, or has several layers.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path.")
    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        whole = len(layers) == 1 or (first_layer and layers)
        table = pyogrio.read_dataframe(path, layer=layers[0]) if whole else None
    except Exception as error:  # of many kinds
        raise InputError(f"{path}: is not a vector file that GDAL can read; give a GeoPackage.") from error
    if not layers:
        raise InputError(f"{path}: has no geometry; give one with geometry, for example a GeoPackage.")
    if table is None:
        raise InputError(
            f"{path}: has the layers {', '.join(layers)}; save the one that is meant as a file of its own."
        )
    if table.crs is None:
        raise InputError(f"{path}: has no coordinate reference system; assign one.")
    return table

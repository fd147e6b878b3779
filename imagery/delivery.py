"""What a path holds: which of the formats in which products are delivered."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.imagery.geotiff import read_geotiff
from pitscape.imagery.landsat import is_landsat, read_landsat
from pitscape.imagery.product import Product
from pitscape.imagery.raster import Raster
from pitscape.imagery.remote.path import RemotePath
from pitscape.imagery.safe import is_safe, read_safe
from pitscape.imagery.sensor import Sensor

Opener = Callable[[str], Raster]
"""Opens a raster by its address, once."""


def read_product(
    path: Path, opened: Opener, *, sensor: Sensor | None = None, stored_bands: Sequence[str] | None = None
) -> Product:
    """What a path holds.

    Args:
        path: A Sentinel-2 SAFE folder or zip, a Landsat Collection 2 folder or tar, or a raster with named bands.
        opened: Opens rasters.
        sensor: The sensor it is read as; None to recognise it.
        stored_bands: The raster's bands by name, where it does not name them.

    Raises:
        InputError: If it is none of these, or of another sensor.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path.")
    if isinstance(path, RemotePath):
        if path.suffix.lower() == ".zip" or is_landsat(path):
            raise InputError(
                f"{path}: SAFE and Landsat products are read on the local disk; copy it, or give a GeoTIFF."
            )
        return read_geotiff(opened(str(path)), path, sensor=sensor, stored_bands=stored_bands)
    if is_safe(path):
        return read_safe(path, sensor=sensor)
    if is_landsat(path):
        return read_landsat(path, sensor=sensor)
    if path.is_dir():
        raise InputError(f"{path}: is neither a Sentinel-2 SAFE folder nor a Landsat Collection 2 folder.")
    return read_geotiff(opened(str(path)), path, sensor=sensor, stored_bands=stored_bands)

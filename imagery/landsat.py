"""Landsat products of Collection 2 as USGS delivers them: a folder or a tar archive of one GeoTIFF per band."""

import posixpath
import re
import tarfile
import zlib
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.imagery.product import BandFile, Product, date_of, sensor_of, sort_bands
from pitscape.imagery.radiometry import Facts
from pitscape.imagery.sensor import Sensor

PRODUCT = re.compile(r"(?P<platform>L[COTEM]\d\d)_(?P<level>L\d[A-Z]{2})_\d{6}_(?P<day>\d{8})_\d{8}_02_(?:T1|T2|RT)")
SENSORS = {
    "LC08": "landsat89_c2l2",
    "LC09": "landsat89_c2l2",
    "LT04": "landsat5_c2l2",
    "LT05": "landsat5_c2l2",
    "LE07": "landsat5_c2l2",
}
"""Level 2 by platform; TM and ETM+ have the same bands, stored alike."""

ARCHIVES = (".tar", ".tar.gz", ".tgz")


def is_landsat(path: Path) -> bool:
    """Whether a path looks like a Collection 2 product: a folder or archive with rasters of one product's name."""
    if path.is_dir():
        return any(PRODUCT.match(entry.name) for entry in path.iterdir())
    return path.name.lower().endswith(ARCHIVES)


def read_landsat(path: Path, *, sensor: Sensor | None = None) -> Product:
    """What a Collection 2 product is.

    Args:
        path: Folder or tar archive.
        sensor: The sensor it is read as; None to find out.

    Raises:
        InputError: If it is none, is not level 2, or is of another sensor.
    """
    names, root = (_archived(path), f"/vsitar/{path}") if path.is_file() else (_listed(path), str(path))
    named = [(match, name) for name in names if (match := PRODUCT.match(Path(name).name))]
    if not named:
        raise InputError(f"{path}: holds no Landsat Collection 2 rasters (LC08_L2SP_..._SR_B4.TIF).")
    products = sorted({match.group(0) for match, _ in named})
    if len(products) > 1:
        raise InputError(f"{path}: holds {len(products)} products ({products[0]}, {products[1]} ...); give one each.")
    first = named[0][0]
    if not first["level"].startswith("L2") or first["platform"] not in SENSORS:
        raise InputError(
            f"{path}: is {first['platform']} {first['level']}; level 2 (L2SP) of Landsat 4, 5, 7, 8 or 9 is read."
        )
    found, recognised = sensor_of(path, (), sensor, SENSORS[first["platform"]])
    images = (
        (Path(name).stem.removeprefix(match.group(0) + "_"), BandFile(f"{root}/{name}"))
        for match, name in named
        if name.lower().endswith(".tif")
    )
    files, quality = sort_bands(found, images)
    facts = Facts(f"name {first.group(0)}", acquired=date_of(Path(first["day"])))
    return Product(path, found, recognised, files, quality, (facts,))


def _listed(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_file())


def _archived(path: Path) -> list[str]:
    try:
        with tarfile.open(path, "r:" if path.suffix.lower() == ".tar" else "r:gz") as archive:
            return sorted(posixpath.normpath(member.name) for member in archive.getmembers() if member.isfile())
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise InputError(f"{path}: is not a tar archive or is cut off; fetch or copy it again.") from error

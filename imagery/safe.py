"""Sentinel-2 products in ESA's SAFE format, as a folder or a zip archive."""

import datetime
import re
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.imagery.product import BandFile, Product, sensor_of, sort_bands
from pitscape.imagery.radiometry import Facts, baseline_number
from pitscape.imagery.sensor import Sensor

METADATA = re.compile(r"(?:^|/)MTD_MSI(L1C|L2A)\.xml$")
IMAGE = re.compile(r"/IMG_DATA/(?:R(?P<folder>\d+)m/)?[^/]*_(?P<band>B\d[0-9A]|SCL)(?:_\d+m)?\.(?:jp2|tif)$")
MOST_BYTES = 20_000_000
"""More than any product's metadata file has; an archive may claim any size."""


def is_safe(path: Path) -> bool:
    """Whether a path looks like a SAFE product: a folder with its metadata file, or a zip of one."""
    if path.is_dir():
        return any(METADATA.search(f"/{entry.name}") for entry in path.iterdir())
    return path.suffix.lower() == ".zip"


def read_safe(path: Path, *, sensor: Sensor | None = None) -> Product:
    """What a SAFE product is; of bands at several resolutions the finest is taken.

    Args:
        path: ``X.SAFE`` or a zip of it.
        sensor: The sensor it is read as; None to find out.

    Raises:
        InputError: If it is none, is of another sensor, or its metadata lack baseline or date.
    """
    names, root = (_zipped(path), f"/vsizip/{path}") if path.is_file() else (_listed(path), str(path))
    products = [name for name in names if METADATA.search(f"/{name}")]
    granules = {name.split("IMG_DATA/")[0] for name in names if IMAGE.search(f"/{name}")}
    if not products:
        raise InputError(
            f"{path}: holds no MTD_MSIL1C.xml or MTD_MSIL2A.xml; give a Sentinel-2 product in SAFE format."
        )
    if len(products) > 1 or len(granules) > 1:
        raise InputError(
            f"{path}: holds {len(products)} products with {len(granules)} granules; give one granule each."
        )
    metadata = products[0]
    level = METADATA.search(f"/{metadata}")
    assert level is not None
    found, recognised = sensor_of(path, (), sensor, f"sentinel2_{level.group(1).lower()}")
    finest: dict[str, tuple[int, str]] = {}
    for name in names:
        image = IMAGE.search(f"/{name}")
        if image:
            candidate = (int(image["folder"] or 0), name)
            finest[image["band"]] = min(candidate, finest.get(image["band"], candidate))
    files, quality = sort_bands(found, ((band, BandFile(f"{root}/{name}")) for band, (_, name) in finest.items()))
    return Product(path, found, recognised, files, quality, (_facts(path, _text(path, metadata), Path(metadata).name),))


def _listed(folder: Path) -> list[str]:
    return sorted(entry.relative_to(folder).as_posix() for entry in folder.rglob("*") if entry.is_file())


def _zipped(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return sorted(archive.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: is not a zip archive or is cut off; fetch or copy it again.") from error


def _text(path: Path, name: str) -> str:
    try:
        if path.is_dir():
            return (path / name).read_text(encoding="utf-8", errors="replace")
        with zipfile.ZipFile(path) as archive, archive.open(name) as file:
            return file.read(MOST_BYTES).decode("utf-8", errors="replace")
    except (OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:  # RuntimeError: encrypted
        raise InputError(f"{path}: {name} cannot be read ({error}); fetch or copy it again.") from error


def _facts(path: Path, xml: str, name: str) -> Facts:
    """Baseline and date; both stand in every product's metadata."""
    baseline = _first(xml, ("PROCESSING_BASELINE",))
    day = _first(xml, ("DATATAKE_SENSING_START", "PRODUCT_START_TIME"))
    if baseline is None or day is None:
        raise InputError(f"{path}: {name} lacks processing baseline or date; fetch the product again.")
    try:
        return Facts(name, baseline=baseline_number(baseline), acquired=datetime.date.fromisoformat(day[:10]))
    except ValueError as error:
        raise InputError(
            f"{path}: {name} has baseline {baseline!r} and date {day!r}; fetch the product again."
        ) from error


def _first(xml: str, tags: Iterable[str]) -> str | None:
    for tag in tags:
        found = re.search(rf"<{tag}>\s*([^<]+?)\s*<", xml)
        if found:
            return found.group(1)
    return None

"""Raster files, looked at before GDAL opens them: of which format they are, and what lies beside them."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.remote.name import place
from pitscape.imagery.remote.path import RemotePath
from pitscape.imagery.remote.signed import query_of
from pitscape.imagery.remote.store import UnreachableError
from pitscape.imagery.virtual import check_virtual, sources_of

HDF4_MAGIC = b"\x0e\x03\x13\x01"
ARCHIVE = re.compile(r"^/vsi(?:zip|tar)/")
DRIVERS = {
    b"II*\0": "GTiff",
    b"MM\0*": "GTiff",
    b"II+\0": "GTiff",
    b"MM\0+": "GTiff",
    b"\0\0\0\x0cjP": "JP2OpenJPEG",
    b"\xffO\xffQ": "JP2OpenJPEG",
    b"EHFA_HEADER_TAG": "HFA",
    b"\x89HDF": "netCDF",
    b"CDF": "netCDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
}
"""Formats that are read, by the first bytes of a file; others of GDAL's can make requests or reach other files."""

REMOTE_DRIVERS = frozenset({"GTiff", "JP2OpenJPEG", "VRT"})
"""Formats whose windows are read without the rest of the file."""

ARCHIVE_DRIVERS = {".tif": "GTiff", ".jp2": "JP2OpenJPEG"}
START = 1024
NETWORK = re.compile(r"HTTP|curl|onnect|timed? ?out|reset by peer", re.IGNORECASE)
"""What GDAL says where a request has failed."""


@dataclass(frozen=True)
class RasterFile:
    """A raster file that may be opened.

    Attributes:
        address: The path, or GDAL's address within an archive, for messages.
        name: By which GDAL opens it.
        driver: GDAL's name of its format.
        alone: Whether GDAL need not look for files beside it.
    """

    address: str
    name: str
    driver: str
    alone: bool = False

    @classmethod
    def of(cls, address: str, *, beside: bool = True) -> "RasterFile":
        """The file of an address.

        Args:
            address: A path, local or remote, or GDAL's address within an archive.
            beside: Whether mask and metadata beside a remote file matter.

        Raises:
            InputError: If it is not there, of no format that is read, or a virtual raster that is no plain mosaic.
        """
        if ARCHIVE.match(address):
            return cls(address, address, ARCHIVE_DRIVERS.get(Path(address).suffix.lower(), "GTiff"))
        path = place(address)
        driver = _driver(path)
        if not isinstance(path, RemotePath):
            return cls(address, address, driver)
        if driver not in REMOTE_DRIVERS:
            raise InputError(f"{path}: is {driver}, of which a store gives no windows; give a cloud-optimised GeoTIFF.")
        if driver == "VRT" and query_of(str(path)):
            raise InputError(
                f"{path}: is a mosaic of files that its signed address does not open; sign each, or copy it."
            )
        alone = driver != "VRT" and not (beside and files_beside(path))
        return cls(str(path), path.store.gdal_name(path), driver, alone)

    def open(self) -> Any:  # noqa: ANN401 - rasterio has no types
        """Open it with rasterio.

        Raises:
            InputError: If GDAL cannot read it.
        """
        try:
            if self.name == self.address:
                return rasterio.open(self.name, driver=self.driver)
            with ThreadPoolExecutor(1) as aside:  # settings of another thread than the main one are its own
                return aside.submit(self._open_remote).result()
        except rasterio.errors.RasterioIOError as error:
            if self.name != self.address:
                raise failure_of(self.address, error) from None
            raise InputError(
                f"{self.address}: is not a raster that GDAL can read, or is cut off; give a GeoTIFF."
            ) from error

    def _open_remote(self) -> Any:  # noqa: ANN401
        with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR" if self.alone else "TRUE"):
            return rasterio.open(self.name, driver=self.driver)


def files_beside(path: Path) -> list[Path]:
    """Mask and metadata beside a raster, as GDAL finds them; none of a signed address, which opens one file."""
    if query_of(str(path)):
        return []
    beside = (path.with_name(path.name + suffix) for suffix in (".msk", ".aux.xml"))
    return [each for each in beside if each.is_file() and _is_whole(each)]


@contextmanager
def naming_damage(address: str) -> Iterator[None]:
    """Answer a failed read of a file in one line that names it."""
    try:
        yield
    except rasterio.errors.RasterioIOError as error:
        if isinstance(place(address), RemotePath):
            raise failure_of(address, error) from None
        cause = " ".join(str(error.__cause__ or error).split())[:120]
        if Path(address).name not in cause and "Read" not in str(error):
            raise
        raise InputError(f"{address}: is damaged or cut off ({cause}); fetch or copy it again.") from error


def failure_of(address: str, error: BaseException) -> PitscapeError:
    """Why a remote file was not read: the store is asked, as GDAL's words hold addresses.

    Raises:
        UnreachableError: If the store does not answer now.
    """
    path = place(address)
    assert isinstance(path, RemotePath)
    if path.look() is None:
        return PitscapeError(f"{path}: is not there any more; it was deleted or replaced meanwhile.")
    if NETWORK.search(f"{error} {error.__cause__ or ''}"):
        return UnreachableError(f"{path}: could not be read to its end, as requests failed; run it again.")
    return InputError(f"{path}: is damaged, cut off, or no raster that GDAL can read; put it there again.")


def _is_whole(path: Path) -> bool:
    """Whether a remote file is no page that a server sends in place of one that it lacks: those come in no parts."""
    found = path.look() if isinstance(path, RemotePath) else None
    return found is None or found.in_parts


def _driver(path: Path) -> str:
    """GDAL's name of a file's format.

    Raises:
        InputError: If it is not there, of no format that is read, or a virtual raster that is no plain mosaic.
    """
    start = _start(path)
    if start.startswith(HDF4_MAGIC):
        raise InputError(f"{path}: is HDF4, which is not read here; export it as GeoTIFF.")
    if start.lstrip().lower().startswith((b"<vrtdataset", b"<?xml")):
        if path.suffix.lower() != ".vrt":
            check_virtual(path)
            raise InputError(f"{path}: is a virtual raster; end its name in .vrt.")
        for source in sources_of(path):
            if source.suffix.lower() != ".vrt":
                _driver(source)
        return "VRT"
    for magic, driver in DRIVERS.items():
        if start.startswith(magic):
            return driver
    raise InputError(f"{path}: is not a raster of a format that is read; give a GeoTIFF.")


def _start(path: Path) -> bytes:
    """The first bytes of a file."""
    if isinstance(path, RemotePath) and path.look() is not None:
        return path.store.read(path, 0, START)
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path.")
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a raster.")
    with path.open("rb") as file:
        return file.read(START)

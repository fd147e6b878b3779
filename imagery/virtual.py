"""Virtual rasters (VRT): plain mosaics of files beside them are read, whatever could reach elsewhere is not."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from pitscape.imagery.errors import InputError

PLAIN = frozenset(
    [
        "vrtdataset",
        "srs",
        "geotransform",
        "metadata",
        "mdi",
        "vrtrasterband",
        "colorinterp",
        "description",
        "unittype",
        "offset",
        "scale",
        "nodatavalue",
        "hidenodatavalue",
        "categorynames",
        "category",
        "colortable",
        "entry",
        "histograms",
        "simplesource",
        "complexsource",
        "sourcefilename",
        "sourceband",
        "sourceproperties",
        "srcrect",
        "dstrect",
        "nodata",
        "scaleoffset",
        "scaleratio",
        "usemaskband",
        "maskband",
        "overviewlist",
        "blockxsize",
        "blockysize",
    ]
)
"""Elements of a mosaic as gdalbuildvrt and gdal_translate write them; GDAL does not mind their case."""

CONNECTION = re.compile(r"<|\w{2,}:|.*://", re.DOTALL)
"""Names that GDAL takes for more than files, wherever the VRT lies: another server, a driver with its arguments, a VRT as text."""


@dataclass(frozen=True)
class PlacedSource:
    """A file of a virtual raster.

    Attributes:
        path: The file.
        rows: Of the virtual raster that may be made of it; None for all.
        columns: The same across.
    """

    path: Path
    rows: slice | None
    columns: slice | None


def check_virtual(path: Path) -> list[Path]:
    """Refuse a VRT as ``placed_sources`` does; its sources."""
    return [source.path for source in placed_sources(path)]


def placed_sources(path: Path) -> list[PlacedSource]:
    """The sources of a VRT, which is refused with anything but plain ones that are files in or below its folder.

    Args:
        path: The VRT.

    Returns:
        Each as often as it is named.

    Raises:
        InputError: If it holds code, derived bands or references to other places, or is no XML.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    if re.search(r"<!(?:DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise InputError(f"{path}: is no plain virtual raster; write it out with gdal_translate and give that.")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - without a DOCTYPE there are no entities
    except ElementTree.ParseError as error:
        raise InputError(f"{path}: is a virtual raster with broken XML ({error}); make it again.") from error
    folder, sources = path.parent.resolve(), list[PlacedSource]()
    for element in root.iter():
        attributes = _attributes(element)
        if element.tag.lower() not in PLAIN or "subclass" in attributes:
            what = attributes.get("subclass", element.tag)
            raise InputError(
                f"{path}: holds {what}, and only plain mosaics are read; write it out with gdal_translate."
            )
        named = [child for child in element if child.tag.lower() == "sourcefilename"]
        sources += [PlacedSource(_source(path, folder, child), *_place(element)) for child in named]
    return sources


def _source(virtual: Path, folder: Path, element: ElementTree.Element) -> Path:
    name = (element.text or "").strip()
    place = folder / name if _attributes(element).get("relativetovrt", "0") == "1" else Path(name)
    found = place.resolve()
    if CONNECTION.match(name) or not found.is_relative_to(folder) or not found.is_file():
        raise InputError(
            f"{virtual}: takes pixels from {name}, which is no file in its folder; write it out with gdal_translate."
        )
    return found


def _place(element: ElementTree.Element) -> tuple[slice | None, slice | None]:
    """Rows and columns of a source, with those of which it fills a part."""
    for child in element:
        if child.tag.lower() == "dstrect":
            return _span(child, "y"), _span(child, "x")
    return None, None


def _span(rectangle: ElementTree.Element, axis: str) -> slice | None:
    given = _attributes(rectangle)
    try:
        start, size = float(given[f"{axis}off"]), float(given[f"{axis}size"])
        return slice(math.floor(start), math.ceil(start + size)) if size > 0 else None
    except (KeyError, ValueError, OverflowError):
        return None


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    return {name.lower(): value for name, value in element.attrib.items()}


def with_sources(paths: Iterable[Path]) -> list[Path]:
    """Files, those of which virtual rasters among them are made after each, all of them once.

    Raises:
        InputError: As ``sources_of`` does.
    """
    return [*dict.fromkeys(each for path in paths for each in (path, *sources_of(path)))]


def sources_of(path: Path) -> list[Path]:
    """The files of which a virtual raster is made, with those of virtual ones among them, each once; none for another file.

    Raises:
        InputError: If it is a virtual raster that is not read.
    """
    found, waiting = {path.resolve(): None}, [path]
    while waiting:
        virtual = waiting.pop()
        for source in check_virtual(virtual) if virtual.suffix.lower() == ".vrt" else ():
            if source not in found:
                found[source] = None
                waiting.append(source)
    return [*found][1:]

"""Items of a STAC catalogue: what of them is used, checked, since anyone may have written them."""

import datetime
import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import Band, Quality

NOT_DATA = frozenset({"thumbnail", "overview", "visual", "metadata"})
RESERVED = re.compile(r"(?i:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?")
LONGEST_NAME = 120


@dataclass(frozen=True)
class File:
    """One raster of an item.

    Attributes:
        url: As the item gives it, absolute.
        names: Of its bands, in their order: each of them several.
        gsd_m: Ground sampling distance [m]; infinity where the item does not tell.
        roles: What it is for.
        itemsize: Bytes of a stored number.
        cells: Of the whole raster; infinite where the item does not tell.
    """

    url: str
    names: tuple[frozenset[str], ...]
    gsd_m: float
    roles: frozenset[str]
    itemsize: int
    cells: float


@dataclass(frozen=True)
class Item:
    """One scene of a catalogue.

    Attributes:
        id: In the catalogue; any text.
        acquired: Day of acquisition.
        bbox: West, south, east, north [degrees].
        cloud_cover: Clouds in the whole scene [%]; None where the catalogue does not tell.
        platform: Satellite; "" where the catalogue does not tell.
        properties: All others.
        files: By key.
    """

    id: str
    acquired: datetime.date
    bbox: tuple[float, float, float, float]
    cloud_cover: float | None
    platform: str
    properties: Mapping[str, Any]
    files: Mapping[str, File]

    def find(self, band: Band | Quality) -> tuple[File, int]:
        """The file that holds a band, and the band's number in it, from 1.

        A key of the item that names the band goes before names of bands within files; of several, the finest is taken.

        Raises:
            InputError: If there is none.
        """
        common = band.common_name if isinstance(band, Band) else ""
        for name in dict.fromkeys([band.name, common, *sorted(band.names)]):
            if name in self.files and len(self.files[name].names) <= 1:
                return self.files[name], 1
        within = [
            (file.gsd_m, len(file.names), key, index)
            for key, file in self.files.items()
            for index, names in enumerate(file.names, start=1)
            if names & band.names and not file.roles & NOT_DATA
        ]
        if not within:
            known = ", ".join(safe_name(key) for key in self.files) or "none"
            raise InputError(f"item {safe_name(self.id)}: has no asset for band {band.name}; it has {known}.")
        _, _, key, index = min(within)
        return self.files[key], index


def read_item(content: Any, *, base: str) -> Item:  # noqa: ANN401 - JSON
    """An item from its JSON.

    Args:
        content: Anything that a server sent.
        base: Address of the page it stood on.

    Raises:
        InputError: If it is no item.
    """
    try:
        properties = dict(content["properties"])
        day = properties.get("datetime") or properties["start_datetime"]
        box = [float(side) for side in content["bbox"]]
        cloud = properties.get("eo:cloud_cover")
        own = [link["href"] for link in content.get("links", ()) if link.get("rel") == "self"]
        home = urljoin(base, str(own[0])) if own else base
        item = Item(
            id=str(content["id"]),
            acquired=datetime.date.fromisoformat(str(day)[:10]),
            bbox=(box[0], box[1], box[len(box) // 2], box[len(box) // 2 + 1]),
            cloud_cover=float(cloud) if isinstance(cloud, int | float) and math.isfinite(cloud) else None,
            platform=str(properties.get("platform") or ""),
            properties=properties,
            files=dict(_files(content["assets"], home)),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        name = content.get("id", "without id") if isinstance(content, Mapping) else "without id"
        raise InputError(f"item {safe_name(str(name))}: is no valid STAC item ({type(error).__name__}).") from None
    if not item.id or not _is_text(item.id + item.platform):
        raise InputError(f"item {safe_name(item.id)}: its id or platform is no text.")
    return item


def safe_name(text: str) -> str:
    """A text as the stem of a file name on any system: it names no folder and no device, and is not too long.

    A text that is no such name already gets one that it shares with no other text: what was changed is marked by the
    first digits of its SHA-256.

    >>> safe_name("S2B_33UXS_20230709_0_L2A")
    'S2B_33UXS_20230709_0_L2A'
    >>> safe_name("../../etc/passwd")
    'etc_passwd_3754d6cb'
    >>> safe_name("NUL.tif")
    'item_NUL.tif_957090a3'
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", text)
    name = re.sub(r"\.{2,}", "_", name).strip("._- ")[:LONGEST_NAME]
    if not name or RESERVED.fullmatch(name):
        name = f"item_{name}".rstrip("_")
    return name if name == text else f"{name}_{_digits(text)}"


def safe_names(texts: Iterable[str]) -> dict[str, str]:
    """Safe names of different texts, which differ in more than case, so that no two are one file anywhere."""
    names = {text: safe_name(text) for text in texts}
    folded = [name.casefold() for name in names.values()]
    return {
        text: name if folded.count(name.casefold()) == 1 else f"{name}_{_digits(text)}" for text, name in names.items()
    }


def _is_text(text: str) -> bool:
    """Whether a text can be written in UTF-8, which lone surrogates cannot."""
    return not re.search("[\ud800-\udfff]", text)


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _files(assets: Mapping[str, Any], home: str) -> Iterator[tuple[str, File]]:
    """The assets of an item by key; those that are none are left out, as nobody may want them."""
    for key, asset in assets.items():
        with suppress(KeyError, IndexError, TypeError, ValueError, AttributeError):
            yield str(key), _file(asset, home)


def _file(asset: Mapping[str, Any], home: str) -> File:
    described = asset.get("eo:bands") or asset.get("bands") or []
    stored = asset.get("raster:bands") or asset.get("bands") or [asset]
    names = tuple(
        frozenset(
            str(band[field]) for field in ("name", "common_name", "eo:common_name") if isinstance(band.get(field), str)
        )
        for band in described
    )
    kind = str(stored[0].get("data_type") or asset.get("data_type") or "uint16")
    size = re.search(r"(8|16|32|64)$", kind)
    shape = asset.get("proj:shape")
    return File(
        url=urljoin(home, str(asset["href"])),
        names=names,
        gsd_m=_gsd(asset, [*described, *stored]),
        roles=frozenset(str(role) for role in asset.get("roles") or ()),
        itemsize=int(size[1]) // 8 if size else 2,
        cells=float(math.prod(int(side) for side in shape)) if shape else math.inf,
    )


def _gsd(asset: Mapping[str, Any], bands: list[Mapping[str, Any]]) -> float:
    told = [asset.get("gsd"), *(band.get("gsd", band.get("spatial_resolution")) for band in bands)]
    numbers = [float(gsd) for gsd in told if isinstance(gsd, int | float) and gsd > 0]
    return min(numbers, default=math.inf)

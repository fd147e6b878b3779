"""Searching a STAC catalogue for scenes of a sensor."""

import datetime
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import Sensor
from pitscape.imagery.stac.address import AddressRules, clean
from pitscape.imagery.stac.item import Item, read_item
from pitscape.imagery.stac.web import Web

EARTH_SEARCH = "https://earth-search.aws.element84.com/v1"
TOKEN_VARIABLE = "PITSCAPE_STAC_TOKEN"  # noqa: S105 - its name, not the token
PAGE_ITEMS = 100
MOST_SEEN = 20_000
"""A search that goes on for longer is given up; it may never end."""

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


@dataclass(frozen=True)
class Search:
    """What to look for.

    Attributes:
        bbox: West, south, east and north [degrees].
        start: First day.
        end: Last day.
        collection: Of the catalogue; None for the first of the sensor's that it has.
        cloud_cover: Most clouds in the whole scene [%]; scenes of which the catalogue does not tell are taken.
        month: Days of this month alone, 1 to 12.
        platform: Scenes of this platform alone, for example "landsat-5".
        max_items: More scenes than this are refused.
    """

    bbox: Box
    start: datetime.date
    end: datetime.date
    collection: str | None = None
    cloud_cover: float = 100.0
    month: int | None = None
    platform: str | None = None
    max_items: int = 200

    def __post_init__(self) -> None:
        """Refuse what cannot be searched."""
        west, south, east, north = self.bbox
        if not (-180 <= west < east <= 180 and -80 <= south < north <= 84):
            raise InputError(
                f"--bbox {west:g},{south:g},{east:g},{north:g}: must be west, south, east, north in degrees, west < east, "
                f"between 80 S and 84 N; cut a box at the date line in two."
            )
        if self.start > self.end:
            raise InputError(f"--dates {self.start}/{self.end}: end before they start; swap them.")
        if not 0 <= self.cloud_cover <= 100:
            raise InputError(f"--cloud-cover {self.cloud_cover:g}: must be 0 to 100 %.")
        if self.month is not None and not 1 <= self.month <= 12:
            raise InputError(f"--month {self.month}: must be 1 to 12.")
        if self.max_items < 1:
            raise InputError(f"--max-items {self.max_items}: must be at least 1.")

    def takes(self, item: Item) -> bool:
        """Whether an item is what is looked for, whatever the catalogue made of the question."""
        west, south, east, north = self.bbox
        w, s, e, n = item.bbox
        meets = w < east and e > west and s < north and n > south
        day = item.acquired
        return (
            meets
            and self.start <= day <= self.end
            and (self.month is None or day.month == self.month)
            and (item.cloud_cover is None or item.cloud_cover <= self.cloud_cover)
            and (self.platform is None or item.platform.lower() == self.platform.lower())
        )


@dataclass(frozen=True)
class Found:
    """The scenes of a search.

    Attributes:
        collection: They belong to.
        items: In order of day and id.
    """

    collection: str
    items: tuple[Item, ...]


def connect(catalogue: str, *, allow_private: bool = False, max_bytes: float = float("inf")) -> Web:
    """Prepare to read a catalogue; the environment's PITSCAPE_STAC_TOKEN is its bearer token.

    Args:
        catalogue: Address of a STAC API.
        allow_private: Whether its host may be private.
        max_bytes: It fails when more was read.

    Raises:
        InputError: If that is no address of a catalogue.
    """
    parts = urlsplit(catalogue)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InputError(f"--catalogue {clean(catalogue)}: must be the address of a STAC API, https://...")
    rules = AddressRules(catalogue, allow_private=allow_private)
    rules.check(catalogue, "--catalogue")
    return Web(rules, token=os.environ.get(TOKEN_VARIABLE), max_bytes=max_bytes)


def search_catalogue(web: Web, sensor: Sensor, search: Search) -> Found:
    """Search a catalogue.

    Args:
        web: Of ``connect``.
        sensor: Whose scenes are wanted.
        search: Which of them.

    Raises:
        InputError: If it is no STAC API that can be searched, has none of the collections or no such scene, or more
            than ``search.max_items``.
        PitscapeError: If it cannot be reached.
    """
    import pystac_client
    from pystac.errors import STACError
    from pystac_client.errors import ClientTypeError
    from pystac_client.exceptions import APIError, ParametersError
    from pystac_client.warnings import ignore

    place = clean(web.rules.catalogue)
    with ignore():
        try:
            client = pystac_client.Client.open(_address(web.rules.catalogue), stac_io=_pages(web))
            collection = _collection(client, sensor, search, place)
            items = _taken(_results(client, collection, search), sensor, search, place)
        except (APIError, ParametersError, STACError, ClientTypeError, NotImplementedError, RecursionError) as error:
            problem = type(error).__name__
        except (ValueError, KeyError, TypeError, AttributeError) as error:  # of pystac, about what a server sent
            problem = type(error).__name__
        else:
            problem = ""
    if problem:
        raise InputError(f"--catalogue {place}: does not answer as a STAC API with item search ({problem}); check it.")
    if not items:
        raise InputError(
            f"--catalogue {place}: has no scene of {collection} in this box and time; widen --dates, --cloud-cover or --bbox."
        )
    return Found(collection, tuple(sorted(items, key=lambda item: (item.acquired, item.id))))


def _pages(web: Web) -> Any:  # noqa: ANN401 - a class of the extra
    """What pystac-client reads through: pages of the catalogue's host, and no local file."""
    from pystac_client.exceptions import APIError
    from pystac_client.stac_api_io import StacApiIO

    class Pages(StacApiIO):
        def read_text(self, source: Any, *_: Any, **options: Any) -> str:  # noqa: ANN401
            if isinstance(source, str):
                return self.request(source, **options)
            link = source.to_dict()
            method = str(link.get("method", "GET")).upper()
            body = link.get("body") if method == "POST" else None
            if link.get("merge"):
                body = {**(options.get("parameters") or {}), **(body or {})}
            return self.request(str(link["href"]), method, None, body)

        def request(
            self,
            href: str,
            method: str | None = None,
            headers: dict[str, str] | None = None,  # noqa: ARG002 - a catalogue sets none
            parameters: dict[str, Any] | None = None,
        ) -> str:
            if (method or "GET").upper() == "POST":
                reply = web.page("POST", href, json=parameters)
            else:
                reply = web.page("GET", href, params=parameters)
            if reply.status == 404:
                missing = APIError("not found")
                missing.status_code = 404
                raise missing
            return reply.body.decode("utf-8")

    return Pages()


def _address(catalogue: str) -> str:
    """The catalogue's address without what ``Web`` adds to each request by itself."""
    parts = urlsplit(catalogue)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _collection(client: Any, sensor: Sensor, search: Search, place: str) -> str:  # noqa: ANN401
    wanted = [search.collection] if search.collection else [name for name in sensor.collections if "/" not in name]
    if not wanted:
        raise InputError(f"--sensor {sensor.name}: names no STAC collection; name one with --collection.")
    for name in wanted:
        if not re.fullmatch(r"[\w.+-]+", name):
            raise InputError(f"--collection {name!r}: must be letters, digits and _.+- alone.")
        if client.get_collection(name) is not None:
            return name
    raise InputError(f"--catalogue {place}: has no collection {' or '.join(wanted)}; name one with --collection.")


def _results(client: Any, collection: str, search: Search) -> Iterator[Item]:  # noqa: ANN401
    found = client.search(
        collections=[collection],
        bbox=list(search.bbox),
        datetime=f"{search.start}T00:00:00Z/{search.end}T23:59:59Z",
        limit=PAGE_ITEMS,
    )
    for content in found.items_as_dicts():
        yield read_item(content, base=found.url_with_parameters() if found.method == "GET" else found.url)


def _carries(item: Item, sensor: Sensor) -> bool:
    """Whether the item's satellite carries the sensor, as far as both are told."""
    return not (item.platform and sensor.platforms) or item.platform.lower() in sensor.platforms


def _taken(results: Iterator[Item], sensor: Sensor, search: Search, place: str) -> list[Item]:
    items: dict[str, Item] = {}
    for seen, item in enumerate(results):
        if search.takes(item) and _carries(item, sensor):
            items.setdefault(item.id, item)
        if len(items) > search.max_items:
            raise InputError(
                f"--catalogue {place}: has more than {search.max_items} such scenes; narrow --dates, --month or "
                f"--cloud-cover, or raise --max-items."
            )
        if seen >= MOST_SEEN:
            raise InputError(f"--catalogue {place}: lists more than {MOST_SEEN} scenes; narrow --dates or --bbox.")
    return list(items.values())

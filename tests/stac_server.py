"""A STAC API with range-served cloud-optimised GeoTIFFs on loopback, which tests start."""

import base64
import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.shutil import copy as copy_raster
from rasterio.warp import transform_bounds

CORE = "https://api.stacspec.org/v1.0.0"
CONFORMS_TO = [f"{CORE}/core", f"{CORE}/item-search", f"{CORE}/collections", f"{CORE}/ogcapi-features"]


@dataclass
class StacServer:
    """What is served, how it misbehaves, and what it was asked.

    Attributes:
        folder: Of the files below ``/files/``.
        items: Of the catalogue.
        collections: It has.
        page: Items on a page.
        secret: The Authorization header without which nothing is served.
        failures: By path, what goes wrong first: a status, "cut" for a broken answer, "wait" for none until the end.
        redirects: By path, where requests are sent.
        next_page: Where pages say that the next one is, instead of the right place.
        ranges: Whether parts of files are served.
        asked: Method, path with query, Range and Authorization of each request.
    """

    folder: Path
    items: list[dict[str, Any]] = field(default_factory=list)
    collections: Sequence[str] = ("sentinel-2-l2a",)
    page: int = 100
    secret: str | None = None
    failures: dict[str, list[int | str]] = field(default_factory=lambda: defaultdict(list))
    redirects: dict[str, str] = field(default_factory=dict)
    next_page: str | None = None
    ranges: bool = True
    asked: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)
    port: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def file_requests(self) -> list[str]:
        return [path for _, path, _, _ in self.asked if path.startswith("/files/")]

    def href(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/files/{name}"

    def add(
        self,
        item_id: str,
        day: str,
        bands: Mapping[str, NDArray[np.generic]],
        transform: Affine,
        *,
        crs: str = "EPSG:32633",
        nodata: float | None = 0,
        cloud: float | None = None,
        properties: Mapping[str, Any] | None = None,
        collection: str = "sentinel-2-l2a",
    ) -> dict[str, Any]:
        """Write bands, each by its key, as COGs, and list them as an item; coarser ones cover the same land."""
        assets, (height, width) = {}, max(pixels.shape for pixels in bands.values())
        stem = re.sub(r"\W", "_", item_id)
        for key, pixels in bands.items():
            scale = Affine.scale(width / pixels.shape[1], height / pixels.shape[0])
            write_cog(self.folder / f"{stem}_{key}.tif", pixels[None], transform @ scale, crs, nodata=nodata)
            assets[key] = {"href": self.href(f"{stem}_{key}.tif"), "roles": ["data"]}
        west, south = transform @ (0, height)
        east, north = transform @ (width, 0)
        box = transform_bounds(crs, "EPSG:4326", west, south, east, north)
        told = {"datetime": f"{day}T10:00:31Z", **(properties or {})}
        if cloud is not None:
            told["eo:cloud_cover"] = cloud
        item = stac_item(item_id, box, told, assets, collection=collection)
        self.items.append(item)
        return item


def stac_item(
    item_id: str,
    box: Sequence[float],
    properties: Mapping[str, Any],
    assets: Mapping[str, Any],
    *,
    collection: str = "sentinel-2-l2a",
) -> dict[str, Any]:
    """An item of a catalogue."""
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": item_id,
        "collection": collection,
        "bbox": list(box),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": dict(properties),
        "assets": {key: dict(asset) for key, asset in assets.items()},
        "links": [],
    }


def write_cog(
    path: Path, pixels: NDArray[np.generic], transform: Affine, crs: str, *, nodata: float | None = None
) -> Path:
    """Write an array (band, y, x) as a cloud-optimised GeoTIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = pixels.shape
    profile = {"count": count, "height": height, "width": width, "dtype": pixels.dtype.name, "nodata": nodata}
    plain = path.with_suffix(".plain")
    with rasterio.open(plain, "w", driver="GTiff", crs=crs, transform=transform, **profile) as dataset:
        dataset.write(pixels)
    copy_raster(plain, path, driver="COG", blocksize=128, compress="DEFLATE", overviews="NONE")
    plain.unlink()
    return path


def basic(user: str, password: str) -> str:
    """The Authorization header of a user."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@contextmanager
def serving(folder: Path) -> Iterator[StacServer]:
    """Serve until the block ends."""
    state = StacServer(folder)
    handler = type("Handler", (_Handler,), {"state": state})
    server = _Server(("127.0.0.1", 0), handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Clients that leave early are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms
    state: StacServer

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(json.loads(body or b"{}"))

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, body: dict[str, Any]) -> None:
        path = urlsplit(self.path).path
        headers = self.headers.get("Range"), self.headers.get("Authorization")
        self.state.asked.append((self.command, self.path, *headers))
        if self.state.failures[path]:
            self._fail(self.state.failures[path].pop(0))
        elif path in self.state.redirects:
            self._send(302, b"", {"Location": self.state.redirects[path]})
        elif self.state.secret and self.headers.get("Authorization") != self.state.secret:
            self._send(401, b"")
        elif path.startswith("/files/"):
            self._file(self.state.folder / path.removeprefix("/files/"))
        else:
            self._page(path, body)

    def _fail(self, how: int | str) -> None:
        if how == "wait":
            self.state.ended.wait()
            self.close_connection = True
        elif how == "cut":
            self.send_response(206 if self.headers.get("Range") else 200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x")
            self.close_connection = True
        else:
            self._send(int(how), b"")

    def _page(self, path: str, body: dict[str, Any]) -> None:
        home = self.state.url
        named = path.removeprefix("/v1/collections/")
        if path == "/v1":
            links = [
                {"rel": "self", "href": home},
                {"rel": "root", "href": home},
                {"rel": "data", "href": f"{home}/collections"},
                {"rel": "search", "href": f"{home}/search", "method": "GET"},
                {"rel": "search", "href": f"{home}/search", "method": "POST"},
            ]
            catalogue = {"type": "Catalog", "stac_version": "1.0.0", "id": "test", "description": "test"}
            self._json(catalogue | {"conformsTo": CONFORMS_TO, "links": links})
        elif path == "/v1/search":
            self._search(body)
        elif named in self.state.collections:
            extent = {
                "spatial": {"bbox": [[-180, -90, 180, 90]]},
                "temporal": {"interval": [["2015-01-01T00:00:00Z", None]]},
            }
            collection = {"type": "Collection", "stac_version": "1.0.0", "id": named, "description": "test"}
            self._json(collection | {"license": "other", "extent": extent, "links": []})
        else:
            self._send(404, b"{}")

    def _search(self, body: dict[str, Any]) -> None:
        """All items of the collections, whatever else was asked for, page by page: clients must look themselves."""
        asked = body.get("collections", [])
        start = int(body.get("start", parse_qs(urlsplit(self.path).query).get("start", ["0"])[0]))
        found = [item for item in self.state.items if item["collection"] in asked]
        stop = start + self.state.page
        links = []
        if stop < len(found):
            following = {"method": "POST", "body": {"start": stop}, "merge": True}
            links = [{"rel": "next", "href": self.state.next_page or f"{self.state.url}/search", **following}]
        self._json({"type": "FeatureCollection", "features": found[start:stop], "links": links})

    def _file(self, path: Path) -> None:
        if not path.is_file():
            self._send(404, b"")
            return
        content = path.read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not wanted or not self.state.ranges:
            self._send(200, content)
            return
        start, stop = int(wanted[1]), min(int(wanted[2]) + 1, len(content))
        place = {"Content-Range": f"bytes {start}-{stop - 1}/{len(content)}", "ETag": f'"{hash(content)}"'}
        self._send(206, content[start:stop], place)

    def _json(self, content: Mapping[str, Any]) -> None:
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # the client has read enough
            self.close_connection = True

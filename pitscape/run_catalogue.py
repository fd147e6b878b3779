"""The STAC catalogue of a run: an item for each epoch, by which programs find its maps by place and date."""

import datetime
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from odc.geo.geobox import GeoBox

from pitscape.epoch_settings import Epoch
from pitscape.file_hashes import FileHashes
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.outputs import write_json
from pitscape.imagery.product import date_of
from pitscape.run_assets import Assets
from pitscape.site_files import load_site
from pitscape.site_settings import SiteSettings
from pitscape.step_memory import HASHES

CATALOGUE, ITEMS = "catalog.json", "stac"
STAC_VERSION = "1.1.0"
EXTENSIONS = [
    f"https://stac-extensions.github.io/{name}/schema.json"
    for name in ("projection/v2.0.0", "raster/v2.0.0", "classification/v2.0.0", "file/v2.1.0")
]
DEGREES = "EPSG:4326"
DECIMALS = 7
"""Of degrees, about a centimetre."""


def write_catalogue(out: Path, *, site_file: Path) -> Path | None:
    """Write ``catalog.json`` and an item for each epoch, with relative links, once all else of a run is there.

    Args:
        out: Folder of a site's results, with ``site.json`` and ``report.html``.
        site_file: Its site file, for the images and ready maps.

    Returns:
        The catalogue; None for a site of tables, which has no place on the ground. What an earlier run left of it goes.
    """
    settings = load_site(site_file)
    _remove(out)
    if not settings.has_maps:
        return None
    site = json.loads((out / "site.json").read_text(encoding="utf-8"))
    hashes = FileHashes(out / HASHES)
    for place, epoch in enumerate(settings.epochs):
        write_json(item_file(out, epoch), _item(place, settings, site, out, Assets(out, out / ITEMS, hashes)))
    hashes.save()
    write_json(out / CATALOGUE, _catalogue(settings, site, out))
    return out / CATALOGUE


def item_file(out: Path, epoch: Epoch) -> Path:
    """Where the item of an epoch is."""
    return out / ITEMS / f"{epoch.name}.json"


def times(epoch: Epoch, acquired: str | None) -> dict[str, str | None]:
    """Date and interval of an epoch: the day of its scene where one names it, else the whole year.

    Args:
        epoch: The epoch.
        acquired: The day of its scene, where a run found it.

    >>> times(Epoch(classes="map.tif", year=2015), None)["start_datetime"]
    '2015-01-01T00:00:00Z'
    """
    named = (date_of(Path(name)) for name in (epoch.image, *epoch.images.values(), epoch.classes) if name)
    day = datetime.date.fromisoformat(acquired) if acquired else next((each for each in named if each), None)
    first, last = (day, day) if day else (datetime.date(epoch.year, 1, 1), datetime.date(epoch.year, 12, 31))
    ends = {"start_datetime": f"{first}T00:00:00Z", "end_datetime": f"{last}T23:59:59Z"}
    return {"datetime": f"{day}T00:00:00Z" if day else None, **ends}


@lru_cache(maxsize=4)
def footprint(grid: GeoBox) -> Any:  # noqa: ANN401 - of shapely
    """Outline of a grid in degrees, its edges followed in eight parts; cut at the date line."""
    part = max(abs(grid.extent.boundingbox.span_x), abs(grid.extent.boundingbox.span_y)) / 8
    found = grid.extent.to_crs(DEGREES, resolution=part, wrapdateline=True).geom
    return shapely.orient_polygons(shapely.transform(found, lambda each: np.round(each, DECIMALS)))


def _remove(out: Path) -> None:
    """Remove the catalogue of an earlier run with the items that it names."""
    try:
        links = json.loads((out / CATALOGUE).read_text(encoding="utf-8"))["links"]
        items = [out / each["href"] for each in links if each["rel"] == "item"]
    except (OSError, ValueError, KeyError, TypeError):
        items = []
    for path in (out / CATALOGUE, *items):
        if path.parent in {out, out / ITEMS}:
            path.unlink(missing_ok=True)


def _catalogue(settings: SiteSettings, site: dict[str, Any], out: Path) -> dict[str, Any]:
    items = [
        {
            "rel": "item",
            "href": f"./{item_file(out, epoch).relative_to(out).as_posix()}",
            "type": "application/geo+json",
            "title": epoch.name,
        }
        for epoch in settings.epochs
    ]
    return {
        "type": "Catalog",
        "stac_version": STAC_VERSION,
        "id": settings.site,
        "title": site["site"]["title"],
        "description": f"Maps and results of the site {settings.site}, one item an epoch. Notes: "
        + (" ".join(site["site"]["notes"]) or "none."),
        "links": [
            {"rel": "root", "href": f"./{CATALOGUE}", "type": "application/json"},
            *items,
            {"rel": "about", "href": "./report.html", "type": "text/html", "title": "report"},
            {"rel": "describedby", "href": "./site.json", "type": "application/json", "title": "all numbers"},
        ],
    }


def _item(place: int, settings: SiteSettings, site: dict[str, Any], out: Path, assets: Assets) -> dict[str, Any]:
    epoch = settings.epochs[place]
    classes = settings.map_of(epoch, out)
    with open_class_map(classes) as found:
        grid, legend = found.grid, found.legend
    shape = footprint(grid)
    back = {"href": f"../{CATALOGUE}", "type": "application/json"}
    record = site["provenance"]["maps"][place]
    beside = {name: classes.parent / path for name, path in record.get("outputs", {}).items()}
    windows = {row["epoch"]: out / "resilience" / row["file"] for row in site["resilience_maps"]}
    numbers = {"resilience": (windows.get(epoch.name), "resilience in a moving window")}
    numbers["confidence"] = (beside.get("confidence"), "probability of the mapped class")
    known = {
        "classes": assets.class_map(classes, legend),
        **{name: assets.numbers(path, title) for name, (path, title) in numbers.items() if path},
        "polygons": assets.layer(beside["polygons"], "classes, polygons") if "polygons" in beside else None,
        "image": assets.scene(epoch.image),
        **{f"image-{sensor}": assets.scene(path) for sensor, path in epoch.images.items()},
        "extents": assets.layer(out / "extents.gpkg", "mined land of all epochs, polygons"),
        "affected": assets.layer(out / "affected.gpkg", "affected land, polygons")
        if site["affected"] and epoch is settings.epochs[-1]
        else None,
        "outlines": assets.file(out / "outlines.svg", "picture of all outlines", "image/svg+xml", "overview"),
        "site": assets.file(out / "site.json", "all numbers of the site", "application/json", "metadata"),
        "report": assets.file(out / "report.html", "report of the site", "text/html", "metadata"),
    }
    inputs = {"classes": epoch.classes, "image": epoch.image} | {
        f"image-{name}": path for name, path in epoch.images.items()
    }
    elsewhere = {name: named for name, path in inputs.items() if (named := assets.elsewhere(path))}
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": EXTENSIONS,
        "id": f"{settings.site} {epoch.name}",
        "geometry": shapely.geometry.mapping(shape),
        "bbox": list(shape.bounds),
        "properties": {
            "title": f"{site['site']['title']}, {epoch.name}",
            **times(epoch, record.get("acquired")),
            **({"pitscape:inputs": elsewhere} if elsewhere else {}),
        },
        "links": [{"rel": "root", **back}, {"rel": "parent", **back}],
        "assets": {name: each for name, each in known.items() if each},
    }

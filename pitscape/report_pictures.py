"""The pictures of a site's report: scenes, class maps, maps of resilience, outlines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.legend import mined_word
from pitscape.imagery.sensor import load_sensor
from pitscape.inference.predictor import OnnxPredictor
from pitscape.outlines import ground_km, round_length, write_outlines
from pitscape.pictures import RAMP, class_picture, data_uri, field_ends, field_picture, scene_picture
from pitscape.site_settings import SiteSettings


def class_maps(settings: SiteSettings, out: Path) -> list[Path]:
    """The class map of each epoch."""
    return [settings.map_of(epoch, out) for epoch in settings.epochs]


def epoch_pictures(settings: SiteSettings, out: Path) -> Sequence[dict[str, str]]:
    """Name, class map and scene of each epoch, the pictures as ``data:`` addresses."""
    sensor = OnnxPredictor(Path(settings.model)).card.sensor if settings.model else load_sensor(settings.sensor)
    found = []
    for epoch, classes in zip(settings.epochs, class_maps(settings, out), strict=True):
        scene = data_uri(scene_picture(Path(epoch.image), sensor, epoch.reading)) if epoch.image else ""
        found.append({"name": epoch.name, "classes": data_uri(class_picture(classes)), "scene": scene})
    return found


def resilience_pictures(site: dict[str, Any], out: Path) -> dict[str, Any]:
    """Maps of E, or of ECO_RES where E is not known, from a moving window; all in one scale."""
    maps = site["resilience_maps"]
    if not maps:
        return {}
    band = "E" if all("E" in each["bands"] for each in maps) else "ECO_RES"
    paths = [out / "resilience" / each["file"] for each in maps]
    low, high = field_ends(paths, band)
    pictures = [data_uri(field_picture(path, band, low, high)) for path in paths]
    named = [{"name": each["epoch"], "picture": picture} for each, picture in zip(maps, pictures, strict=True)]
    return {"band": band, "side_m": maps[0]["side_m"], "low": low, "high": high, "ramp": RAMP, "maps": named}


def scale_bar(path: Path) -> dict[str, float]:
    """A round length of about a quarter of the map's width: in km, and in percent of the width."""
    with open_class_map(path) as classes:
        width_km, _ = ground_km(tuple(classes.dataset.bounds), classes.dataset.crs)
    length = round_length(width_km)
    return {"km": length, "percent": 100 * length / width_km}


def outlines(site: dict[str, Any], settings: SiteSettings, out: Path, maps: Sequence[dict[str, str]]) -> Markup:
    """The picture of excavated and affected land, over the last scene or class map."""
    background = maps[-1]["scene"] or maps[-1]["classes"]
    kind = mined_word(site["site"]["notes"])
    last = class_maps(settings, out)[-1]
    return Markup(write_outlines(site, out, last, background=background, kind=kind))  # noqa: S704 - escaped there

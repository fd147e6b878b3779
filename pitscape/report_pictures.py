"""Pictures of a site's report beside its map: resilience in a moving window, and the outlines."""

import re
from html import escape, unescape
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pitscape.epoch_images import COLOURS, optical_image
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.legend import mined_word
from pitscape.outlines import write_outlines
from pitscape.pictures import (
    OUTLINES_SIDE,
    RAMP,
    class_pixels,
    data_uri,
    field_ends,
    field_picture,
    png,
    scene_pixels,
)
from pitscape.report_language import Language
from pitscape.report_map import shown_maps
from pitscape.site_settings import SiteSettings


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


def outlines(site: dict[str, Any], settings: SiteSettings, out: Path, language: Language) -> Markup:
    """The picture of excavated and affected land, over the last scene or class map; empty for a site of tables."""
    if not settings.has_maps:
        return Markup()
    last = settings.epochs[-1]
    classes = shown_maps(site, settings, out)[last.name]
    if image := optical_image(last, settings, COLOURS):
        with open_class_map(classes) as opened:
            pixels = scene_pixels(image, opened.grid, side=OUTLINES_SIDE)
    else:
        pixels = class_pixels(classes, side=OUTLINES_SIDE)
    kind = mined_word(site["site"]["notes"])
    picture = write_outlines(site, out, classes, background=data_uri(png(pixels)), kind=kind)
    return Markup(_in_language(picture, language))  # noqa: S704 - names are escaped in it


def _in_language(picture: str, language: Language) -> str:
    """The words of a picture in the language of the page."""
    texts = r"(<(?:text|title)\b[^>]*>)([^<]*)"
    return re.sub(texts, lambda found: found[1] + escape(language.terms(unescape(found[2]))), picture)

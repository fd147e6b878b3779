"""The picture of outlines: excavated land by epoch and affected land over the last scene, with scale, north and km2."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from odc.geo.geobox import GeoBox
from shapely import get_parts
from shapely.affinity import affine_transform
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

WIDTH = 960.0
ROW = 24.0
ROOM = 16.0
INK = "#33302c"
AFFECTED = "#1f5f8b"
FONT = f'font-family="system-ui, sans-serif" font-size="15" fill="{INK}"'
RAMP = ("#f7d08a", "#e08a3c", "#c0562f", "#6d1f12")
"""Colours of the excavated land from the first epoch to the last."""


@dataclass(frozen=True)
class Outline:
    """Land to be outlined.

    Attributes:
        shape: On the map's projection; None for land that has no outline, and stands in the legend alone.
        words: Its line in the legend, with its km2.
        colour: CSS colour of the line.
        dashed: Whether the line is.
    """

    shape: BaseGeometry | None
    words: str
    colour: str
    dashed: bool = False


def ramp(n: int) -> list[str]:
    """Colours of ``n`` epochs from light to dark, the last one the darkest.

    >>> ramp(2)
    ['#f7d08a', '#6d1f12']
    """
    stops = np.array([[int(each[at : at + 2], 16) for at in (1, 3, 5)] for each in RAMP], np.float64)
    places = np.linspace(0, len(RAMP) - 1, n) if n > 1 else np.array([len(RAMP) - 1.0])
    channels = [np.interp(places, np.arange(len(RAMP)), stops[:, channel]) for channel in range(3)]
    return ["#{:02x}{:02x}{:02x}".format(*(round(each) for each in rgb)) for rgb in zip(*channels, strict=True)]


def outline_picture(
    outlines: Sequence[Outline], grid: GeoBox, ground_km: tuple[float, float], *, background: str, bar_km: float
) -> str:
    """Outlines over a picture of the land, as SVG that opens by itself and within a page.

    Args:
        outlines: In the order in which they are drawn and told.
        grid: Of the map, whose axes the picture has.
        ground_km: Width and height of the map on the ground [km].
        background: Picture of the whole map as a ``data:`` address; empty for none.
        bar_km: Length of the scale bar [km].

    Returns:
        The document. Outlines beyond the map widen the picture.
    """
    pixels = WIDTH / ground_km[0]
    size = (WIDTH, ground_km[1] * pixels)
    shapes = [None if each.shape is None else _on_picture(each.shape, grid, size) for each in outlines]
    west, north, east, south = _frame(shapes, size)
    scale = WIDTH / (east - west)
    height = (south - north) * scale
    image = f'<image href="{background}" width="{size[0]:.1f}" height="{size[1]:.1f}" opacity=".75" preserveAspectRatio="none"/>'
    lines = [_path(shape, each, scale) for shape, each in zip(shapes, outlines, strict=True) if shape is not None]
    rows = -(-len(outlines) // 2)
    whole = height + 2 * ROOM + 30 + rows * ROW
    box = f"{west:.2f} {north:.2f} {east - west:.2f} {south - north:.2f}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {whole:.0f}" role="img" {FONT}>',
        "<title>Outlines of mined and affected land</title>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<svg width="{WIDTH:.0f}" height="{height:.1f}" viewBox="{box}">',
        image if background else "",
        *lines,
        "</svg>",
        f'<rect width="{WIDTH:.0f}" height="{height:.1f}" fill="none" stroke="{INK}"/>',
        _north(WIDTH - 40, 16),
        _bar(height + ROOM, bar_km, bar_km * pixels * scale),
        *(_told(each, n, rows, height + 2 * ROOM + 30) for n, each in enumerate(outlines)),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _on_picture(shape: BaseGeometry, grid: GeoBox, size: tuple[float, float]) -> BaseGeometry:
    """A shape in units of the picture, y downwards."""
    to_cells = ~grid.affine
    x, y = size[0] / grid.shape[1], size[1] / grid.shape[0]
    a, b, c, d, e, f = to_cells.a, to_cells.b, to_cells.c, to_cells.d, to_cells.e, to_cells.f
    moved: BaseGeometry = affine_transform(shape, [a * x, b * x, d * y, e * y, c * x, f * y])
    return moved


def _frame(shapes: Sequence[BaseGeometry | None], size: tuple[float, float]) -> tuple[float, float, float, float]:
    """West, north, east, south of the map and all outlines."""
    boxes = [(0.0, 0.0, *size), *(each.bounds for each in shapes if each is not None and not each.is_empty)]
    return (*(min(box[n] for box in boxes) for n in (0, 1)), *(max(box[n] for box in boxes) for n in (2, 3)))


def _path(shape: BaseGeometry, outline: Outline, scale: float) -> str:
    """A line with a pale rim, so that it shows on any land."""
    rings = [
        ring for part in get_parts(shape) if isinstance(part, Polygon) for ring in (part.exterior, *part.interiors)
    ]
    drawn = " ".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring.coords[:-1]) + "Z" for ring in rings)
    dash = f' stroke-dasharray="{8 / scale:.2f} {5 / scale:.2f}"' if outline.dashed else ""
    rim = f'<path d="{drawn}" fill="none" stroke="#fff" stroke-opacity=".7" stroke-width="{4 / scale:.2f}"/>'
    line = f'<path d="{drawn}" fill="none" stroke="{outline.colour}" stroke-width="{2 / scale:.2f}"{dash}/>'
    return rim + line if drawn else ""


def _north(x: float, y: float) -> str:
    arrow = f'<path d="M{x} {y} l9 26 l-9 -7 l-9 7 Z" fill="{INK}" stroke="#fff"/>'
    return f'{arrow}<text x="{x}" y="{y + 43}" text-anchor="middle" stroke="#fff" stroke-width="3" paint-order="stroke">N</text>'


def _bar(y: float, length_km: float, length: float) -> str:
    line = f'<path d="M8 {y:.1f} v8 h{length:.1f} v-8" fill="none" stroke="{INK}" stroke-width="2"/>'
    return f'{line}<text x="{16 + length:.1f}" y="{y + 9:.1f}">{length_km:g} km</text>'


def _told(outline: Outline, n: int, rows: int, top: float) -> str:
    """A line of the legend, in one of two columns."""
    x, y = 8 + (n // rows) * WIDTH / 2, top + (n % rows) * ROW
    dash = ' stroke-dasharray="8 5"' if outline.dashed else ""
    line = f'<path d="M{x:.1f} {y:.1f} h32" stroke="{outline.colour}" stroke-width="3"{dash}/>'
    words = f'<text x="{x + 42:.1f}" y="{y + 5:.1f}">{escape(outline.words)}</text>'
    return (line if outline.shape is not None else "") + words


def words_of(row: dict[str, Any], adjusted: dict[str, Any] | None, kind: str) -> str:
    """Legend of the excavated land of an epoch: mapped km2, and the 95 % interval of the adjusted ones where there is a sample.

    Args:
        row: Of ``extents`` of ``site.json``.
        adjusted: Its row of ``adjusted_areas``.
        kind: What the class is called, excavated or disturbed.
    """
    told = f"{kind} {row['epoch']}: {row['area_km2']:.2f} km²"
    if adjusted is None:
        return told
    return f"{told}; sample {adjusted['low_km2']:.2f} to {adjusted['high_km2']:.2f}"

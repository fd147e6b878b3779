"""The map of a report: scene, classes, excavated and affected land of each epoch, with scale and north."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas
from odc.geo.geobox import GeoBox
from pyproj import Geod, Transformer
from shapely import get_parts
from shapely.affinity import affine_transform
from shapely.geometry import Polygon

from pitscape.epoch_images import COLOURS, optical_image
from pitscape.imagery.class_map import open_class_map
from pitscape.metric_maps import metric_map
from pitscape.outlines import ground_km, read_shapes, round_length
from pitscape.pictures import class_pixels, data_uri, scene_pixels, webp
from pitscape.site_settings import SiteSettings

MOST_PIXELS = 6_000_000
"""Of the scenes of all epochs together, whatever the size of the rasters."""

LARGEST_SIDE = 1024


def site_map(site: dict[str, Any], settings: SiteSettings, out: Path) -> dict[str, Any]:
    """What the map shows; empty for a site of tables.

    Returns:
        ``epochs`` (name, addresses of ``scene`` and ``classes``, ``extents`` and ``affected`` as SVG paths in cells),
        ``width`` and ``height`` in cells, ``aspect`` of the land, ``bar_km`` and ``bar_percent`` of the width, and
        ``north_deg``, to which true north is turned from the top, clockwise.
    """
    if not settings.has_maps:
        return {}
    paths = list(shown_maps(site, settings, out).values())
    with open_class_map(paths[0]) as classes:
        grid, bounds, crs = classes.grid, tuple(classes.dataset.bounds), classes.dataset.crs
    width_km, height_km = ground_km(bounds, crs)
    bar = round_length(width_km)
    return {
        "epochs": _epochs(site, settings, paths, grid, out),
        "width": grid.shape[1],
        "height": grid.shape[0],
        "aspect": width_km / height_km,
        "bar_km": bar,
        "bar_percent": 100 * bar / width_km,
        "north_deg": true_north(grid),
    }


def shown_maps(site: dict[str, Any], settings: SiteSettings, out: Path) -> dict[str, Path]:
    """Class map by name of epoch, all on one grid."""
    moved = {epoch["name"] for epoch in site["epochs"] if epoch.get("resampled")}
    return {
        epoch.name: metric_map(out, epoch.name) if epoch.name in moved else settings.map_of(epoch, out)
        for epoch in settings.epochs
    }


def true_north(grid: GeoBox) -> float:
    """Angle of true north from the top of a grid at its middle [deg, clockwise, -180 to 180].

    >>> from affine import Affine
    >>> round(true_north(GeoBox((10, 10), Affine(10, 0, 620_000, 0, -10, 5_010_000), "EPSG:32650")), 1)
    -1.1
    """
    height, width = grid.shape
    to_ground = Transformer.from_crs(str(grid.crs), "EPSG:4326", always_xy=True)
    ends = [to_ground.transform(*(grid.affine @ (width / 2, y))) for y in (height, 0)]
    azimuth: float = Geod(ellps="WGS84").inv(*ends[0], *ends[1])[0]
    return -azimuth


def picture_side(epochs: int) -> int:
    """Largest side of a picture of one of so many epochs [px]."""
    return min(LARGEST_SIDE, int((MOST_PIXELS / epochs) ** 0.5))


def _epochs(
    site: dict[str, Any], settings: SiteSettings, paths: list[Path], grid: GeoBox, out: Path
) -> list[dict[str, Any]]:
    side = picture_side(len(paths))
    extents = _extents(out, grid, side)
    affected = _affected(site, out, grid, side)
    found = []
    for place, (epoch, classes) in enumerate(zip(settings.epochs, paths, strict=True)):
        image = optical_image(epoch, settings, COLOURS)
        scene = data_uri(webp(scene_pixels(image, grid, side=side)), "webp") if image else ""
        found.append(
            {
                "name": epoch.name,
                "scene": scene,
                "classes": data_uri(webp(class_pixels(classes, side=side), lossless=True), "webp"),
                "extents": extents.get(epoch.name, ""),
                "affected": affected if place == len(paths) - 1 else "",
            }
        )
    return found


def _extents(out: Path, grid: GeoBox, side: int) -> Mapping[str, str]:
    """Excavated land by epoch."""
    shapes = read_shapes(out / "extents.gpkg", grid)
    return {str(epoch): _path(rows, grid, side) for epoch, rows in shapes.groupby("epoch")}


def _affected(site: dict[str, Any], out: Path, grid: GeoBox, side: int) -> str:
    """Affected land of the last epoch; empty where the site file names none."""
    return _path(read_shapes(out / "affected.gpkg", grid), grid, side) if site["affected"] else ""


def _path(table: geopandas.GeoDataFrame, grid: GeoBox, side: int) -> str:
    """Rings in cells, y downwards, as fine as the picture."""
    to_cells = ~grid.affine
    matrix = [to_cells.a, to_cells.b, to_cells.d, to_cells.e, to_cells.c, to_cells.f]
    fine = 0.5 * max(1.0, max(grid.shape) / side)
    rings = []
    for shape in table.geometry:
        for part in get_parts(affine_transform(shape, matrix).simplify(fine)):
            if isinstance(part, Polygon):
                rings += [part.exterior, *part.interiors]
    return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring.coords[:-1]) + "Z" for ring in rings)

"""The outlines of a site, read from what its run has written."""

from pathlib import Path
from typing import Any

import geopandas
import pyogrio
from odc.geo.geobox import GeoBox
from pyproj import CRS, Geod, Transformer

from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.outputs import write_text
from pitscape.inference.sample.accuracy import Z95
from pitscape.outline_picture import AFFECTED, INK, Outline, outline_picture, ramp, words_of

ROUND_LENGTHS_KM = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
NOT_NAMED = "affected land: the site file names none"


def write_outlines(site: dict[str, Any], out: Path, class_map: Path, *, background: str, kind: str) -> str:
    """Draw excavated land of all epochs and affected land into ``outlines.svg``.

    Args:
        site: Content of ``site.json``.
        out: Folder of the site's results, with ``extents.gpkg`` and, where the site file names one, ``affected.gpkg``.
        class_map: Of the last epoch.
        background: Picture of that map or its scene as a ``data:`` address.
        kind: What the mined class is called, excavated or disturbed.

    Returns:
        The picture, SVG.
    """
    with open_class_map(class_map) as classes:
        grid, bounds, crs = classes.grid, classes.dataset.bounds, classes.dataset.crs
    table = read_shapes(out / "extents.gpkg", grid)
    adjusted = {row["epoch"]: row for row in site["adjusted_areas"] if row["role"] == "mined"}
    drawn = []
    for row, colour in zip(site["extents"], ramp(len(site["extents"])), strict=True):
        shapes = table.geometry[table["epoch"] == row["epoch"]]
        shape = shapes.union_all() if len(shapes) else None
        drawn.append(Outline(shape, words_of(row, adjusted.get(row["epoch"]), kind), colour))
    drawn.append(_affected(site["affected"], out, grid))
    size = ground_km(tuple(bounds), crs)
    picture = outline_picture(drawn, grid, size, background=background, bar_km=round_length(size[0]))
    write_text(out / "outlines.svg", picture)
    return picture


def ground_km(bounds: tuple[float, ...], crs: Any) -> tuple[float, float]:  # noqa: ANN401 - of rasterio
    """Width and height of a box on the ground, through its middle, along the axes of its map [km]."""
    west, south, east, north = bounds
    x, y, geod = (west + east) / 2, (south + north) / 2, Geod(ellps="WGS84")
    to_ground = Transformer.from_crs(crs.to_wkt(), "EPSG:4326", always_xy=True)
    across, along = (
        [to_ground.transform(*end) for end in ends] for ends in (((west, y), (east, y)), ((x, south), (x, north)))
    )
    return geod.inv(*across[0], *across[1])[2] / 1000, geod.inv(*along[0], *along[1])[2] / 1000


def round_length(width_km: float) -> float:
    """A round length of about a quarter of a width, both in km.

    >>> round_length(9.0)
    2
    """
    return max((km for km in ROUND_LENGTHS_KM if km <= width_km / 4), default=ROUND_LENGTHS_KM[0])


def read_shapes(path: Path, grid: GeoBox) -> geopandas.GeoDataFrame:
    """Shapes of a file on the projection of a grid."""
    table, wanted = pyogrio.read_dataframe(path, layer=path.stem), CRS.from_user_input(str(grid.crs))
    return table if table.crs == wanted else table.to_crs(wanted)


def _affected(found: dict[str, Any] | None, out: Path, grid: GeoBox) -> Outline:
    if found is None:
        return Outline(None, NOT_NAMED, INK)
    error = "" if found["se_km2"] is None else f" ± {Z95 * found['se_km2']:.2f}"
    words = f"affected ({found['of']}): {found['area_km2']:.2f}{error} km²"
    shape = read_shapes(out / "affected.gpkg", grid).geometry.union_all()
    return Outline(shape, words, AFFECTED, dashed=True)

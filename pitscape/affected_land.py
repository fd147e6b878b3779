"""The land that a mine affects: its outline, and its area with the standard error."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
from pyproj import CRS

from pitscape.adjusted_areas import area_of, observed_km2
from pitscape.ecosystem_types import EcosystemTypes
from pitscape.frame import Frame
from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.class_map import ClassMap, open_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend
from pitscape.imagery.vector import read_vector
from pitscape.inference.areas.reprojection import ground_area
from pitscape.inference.layer_style import single_style
from pitscape.inference.outlines.extents import class_extents
from pitscape.inference.vector_layer import write_layer
from pitscape.measures import Measures
from pitscape.mine_settings import Affected
from pitscape.outline_picture import AFFECTED
from pitscape.site_influence import site_influence

STYLE = single_style(AFFECTED, fill=40, dashed=True)


def write_affected(
    maps: Mapping[str, Path],
    measures: Measures,
    frame: Frame,
    areas: Sequence[dict[str, Any]],
    *,
    output: Path,
    say: Callable[[str], None],
) -> dict[str, Any] | None:
    """The section ``affected`` of ``site.json``; the outline is written to a GeoPackage.

    It comes from :func:`affected_land`, or is an influence scope.

    Args:
        maps: Class map by name of epoch, in order of time.
        measures: Of the last epoch.
        frame: The types and settings of the site.
        areas: Rows of ``areas`` of ``site.json``.
        output: The GeoPackage; not written where the site file names no affected land.
        say: Told what is being done.
    """
    wanted = frame.settings.affected
    said: dict[str, Any] | None
    outline: geopandas.GeoDataFrame | None
    if wanted and wanted.influence:
        said, outline = site_influence(wanted.influence, maps, say)
        said["se_km2"] = wanted.se_km2
    else:
        with open_class_map(list(maps.values())[-1]) as classes:
            said, outline = affected_land(wanted, classes, measures, frame, areas)
    if said is not None and outline is not None:
        error = math.nan if said["se_km2"] is None else said["se_km2"]
        known = {"of": said["of"], "area_km2": said["area_km2"], "se_km2": error}
        write_layer(output, outline.assign(**known), "affected", title=f"affected land: {said['of']}", style=STYLE)
    return said


def affected_land(
    wanted: Affected | None, last: ClassMap, measures: Measures, frame: Frame, areas: Sequence[dict[str, Any]]
) -> tuple[dict[str, Any] | None, geopandas.GeoDataFrame | None]:
    """The land that the mine affects, as the site file names it: polygons, or classes of the last epoch.

    Args:
        wanted: What the site file says.
        last: Class map of the last epoch.
        measures: Of the last epoch.
        frame: The types of the site.
        areas: Rows of ``areas`` of ``site.json``.

    Returns:
        ``area_km2`` (geodesic; of classes with a sample the adjusted area, unless they
        share a type with other classes), ``se_km2`` (None where not known) and
        ``of`` in words; and the outline on the map's projection. None and None where the site file names none.

    Raises:
        InputError: If the file holds no polygons, or a class is unknown.
    """
    if wanted is None:
        return None, None
    if wanted.polygons:
        outline = _polygons(Path(wanted.polygons), last)
        area = ground_area(outline.geometry.iloc[0], outline.crs) / M2_PER_KM2
        said = {"area_km2": area, "se_km2": wanted.se_km2, "of": Path(wanted.polygons).name}
        return said, outline
    parts = [class_extents(last, name, epoch=measures.epoch) for name in wanted.classes]
    table = pd.concat(parts, ignore_index=True)
    outline = geopandas.GeoDataFrame(geometry=[table.union_all()], crs=parts[0].crs)
    whole = observed_km2(areas, measures.epoch)
    mapped = sum(
        row["area_km2"] for row in areas if row["epoch"] == measures.epoch and row["class_name"] in wanted.classes
    )
    said = {"area_km2": float(mapped), "se_km2": wanted.se_km2, "of": " and ".join(wanted.classes)}
    types = _types_alone(wanted.classes, last.legend, frame.types)
    if types and measures.covariance is not None and whole is not None:
        said["area_km2"], said["se_km2"] = area_of(types, measures, frame.types, whole)
    return said, outline


def _types_alone(classes: Sequence[str], legend: Legend, types: EcosystemTypes) -> set[str]:
    """Types that hold classes of a legend and nothing else; empty where a type holds others too."""
    of = {land.name: land.name if land.name in types.names else land.role for land in legend.classes}
    found = {of[name] for name in classes}
    others = {of[name] for name in of if name not in classes}
    return set() if found & others or not found <= set(types.names) else found


def _polygons(path: Path, last: ClassMap) -> geopandas.GeoDataFrame:
    """The polygons of a file as one shape in the projection of a map, so that overlaps count once."""
    table = read_vector(path, first_layer=True)
    areal = table[table.geom_type.isin(["Polygon", "MultiPolygon"])]
    if areal.empty:
        raise InputError(f"{path}: holds no polygons; give the outline of the affected land.")
    known = areal.to_crs(CRS.from_user_input(str(last.grid.crs)))
    return geopandas.GeoDataFrame(geometry=[known.geometry.make_valid().union_all()], crs=known.crs)

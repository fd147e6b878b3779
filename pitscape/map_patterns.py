"""Landscape metrics of one raster and of zones in it, in one pass over its rows."""

import argparse
from collections.abc import Iterator
from typing import TypeAlias

from shapely.geometry.base import BaseGeometry

from pitscape.categories import Categories
from pitscape.ecology import naming
from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.grid import grid_of
from pitscape.imagery.legend import load_legend
from pitscape.inference.areas.zones import read_zones
from pitscape.resilience.landscape import Pattern, pattern_of
from pitscape.resilience.patches import Patches, find_patches_in_bands
from pitscape.resilience.zones import zone_patches
from pitscape.zone_rectangle import inside_zone, zone_rectangle

Land: TypeAlias = tuple[str, Pattern | None]
"""Name and metrics of a zone, None where no cell of it is observed; the whole is called ""."""


def map_patterns(classes: Categories, arguments: argparse.Namespace) -> list[Land]:
    """The metrics of a raster, and of zones in it.

    Args:
        classes: The open raster.
        arguments: Of ``pitscape landscape``.

    Returns:
        The whole, then each zone.

    Raises:
        InputError: If no cell is observed, or there are more than 255 classes.
    """
    with naming(classes.path):
        patches = find_patches_in_bands(classes.bands(), nodata=classes.nodata)
        return [("", _pattern(patches, classes, arguments)), *_zones(classes, arguments)]


def _zones(classes: Categories, arguments: argparse.Namespace) -> Iterator[Land]:
    if not arguments.zones:
        return
    holder = ClassMap(classes.path, grid_of(classes.dataset), classes.legend or load_legend(), classes.dataset)
    for zone in read_zones(arguments.zones, holder, name_column=arguments.zone_name):
        assert zone.geometry is not None
        patches = _patches_in(zone.geometry, classes)
        yield zone.name, _pattern(patches, classes, arguments) if patches else None


def _patches_in(geometry: BaseGeometry, classes: Categories) -> Patches | None:
    """The patches of the cells whose centre lies in a zone, read from the rectangle around it."""
    rectangle = zone_rectangle(geometry, classes.affine, classes.shape)
    if rectangle is None:
        return None
    inside = inside_zone(geometry, classes.affine, *rectangle)
    return zone_patches(classes.read(*rectangle), inside, nodata=classes.nodata)


def _pattern(patches: Patches, classes: Categories, arguments: argparse.Namespace) -> Pattern:
    return pattern_of(patches, cell_size=classes.cell_size, connect_distance=arguments.connect_distance)

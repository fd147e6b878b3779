"""The extents of a site's mined land: polygons of all epochs in one file, and their sums."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas
import pandas as pd

from pitscape.imagery.class_map import open_class_map
from pitscape.inference.layer_style import categorised_style
from pitscape.inference.outlines.extents import class_extents, write_extents
from pitscape.outline_picture import ramp


def mined_extents(
    maps: Mapping[str, Path], output: Path, *, confidence: Mapping[str, Path] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """Write polygons of all classes with the role ``mined``.

    Args:
        maps: Class map by name of epoch.
        output: The GeoPackage; its polygons are on the projection of the first map.
        confidence: Probability of the mapped class by name of epoch, where it is known.

    Returns:
        The section ``extents`` of ``site.json``: number, sum and largest area of the polygons of each epoch.
    """
    tables, sums = [], []
    for epoch, path in maps.items():
        with open_class_map(path) as classes:
            mined = [land.name for land in classes.legend.classes if land.role == "mined"]
            found = [class_extents(classes, name, epoch=epoch, confidence=confidence.get(epoch)) for name in mined]
        tables += found
        areas = [float(area) for table in found for area in table["area_km2"]]
        largest = max(areas, default=0.0)
        sums.append({"epoch": epoch, "polygons": len(areas), "area_km2": sum(areas), "largest_km2": largest})
    same = [table.to_crs(tables[0].crs) for table in tables]
    joined = pd.concat([table for table in same if len(table)] or same[:1], ignore_index=True)
    epochs = [str(row["epoch"]) for row in sums]
    style = categorised_style("epoch", dict(zip(epochs, ramp(len(epochs)), strict=True)))
    whole = geopandas.GeoDataFrame(joined, geometry="geometry", crs=tables[0].crs)
    write_extents(output, whole, title=f"mined land, {epochs[0]} to {epochs[-1]}", style=style)
    return sums

"""What is known of a simulated site at a date: cells, areas, volumes and polygons."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import shapes

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.outputs import replacing
from pitscape.imagery.simulated.terrain.shapes import Field, Mask
from pitscape.imagery.simulated.terrain.surfaces import Surface

PIT = (Surface.PIT, Surface.PIT_POND)
DUMPS = (Surface.DUMP, Surface.RESTORED)

KINDS = {
    "pit": (Surface.PIT,),
    "sump": (Surface.PIT_POND,),
    "dump": (Surface.DUMP,),
    "restored": (Surface.RESTORED,),
    "tailings pond": (Surface.BASIN,),
    "plant": (Surface.PLANT,),
    "haul road": (Surface.HAUL_ROAD,),
}
"""Parts of a mine that polygons outline."""

POLYGON_LAYER = "mine"
COLUMNS = ("mine", "kind", "epoch", "area_km2", "geometry")


@dataclass
class Tally:
    """Sums over the pieces of a site at a date; pieces are added one after the other.

    Attributes:
        cells: By class id, 255 for what was not observed.
        m2: Their geodesic area [m2].
        affected_m2: Area that the mine has changed, observed or not.
        excavated_m2: Area of pits and of the water in them.
        excavated_m3: Volume of the pits below the land before mining.
        dumped_m3: Volume of the dumps above it.
        polygons: Records of the parts of mines.
    """

    cells: NDArray[np.int64] = field(default_factory=lambda: np.zeros(UNOBSERVED + 1, np.int64))
    m2: NDArray[np.float64] = field(default_factory=lambda: np.zeros(UNOBSERVED + 1))
    affected_m2: float = 0.0
    excavated_m2: float = 0.0
    excavated_m3: float = 0.0
    dumped_m3: float = 0.0
    polygons: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, classes: NDArray[np.uint8], surface: NDArray[np.uint8], changed: Mask, relief: Field, grid: GeoBox
    ) -> None:
        """Add a piece.

        Args:
            classes: Land class ids (y, x), 255 where not observed.
            surface: What covers each cell, as ``Surface``.
            changed: What the mine has changed.
            relief: By how much it raised the land [m].
            grid: Where the cells are.
        """
        area = np.broadcast_to(cell_areas(grid), classes.shape)
        pit, dumps = np.isin(surface, PIT), np.isin(surface, DUMPS)
        self.cells += np.bincount(classes.ravel(), minlength=UNOBSERVED + 1)
        self.m2 += np.bincount(classes.ravel(), area.ravel(), minlength=UNOBSERVED + 1)
        self.affected_m2 += float(area[changed].sum())
        self.excavated_m2 += float(area[pit].sum())
        self.excavated_m3 -= float((area * np.minimum(relief, 0))[pit].sum())
        self.dumped_m3 += float((area * np.maximum(relief, 0))[dumps].sum())

    def described(self, legend: Legend) -> dict[str, Any]:
        """The sums, for ``truth.json``."""
        return {
            "classes": [
                {
                    "class_id": c.id,
                    "class_name": c.name,
                    "cells": int(self.cells[c.id]),
                    "area_km2": round(float(self.m2[c.id]) / 1e6, 6),
                }
                for c in legend.classes
            ],
            "unobserved_cells": int(self.cells[UNOBSERVED]),
            "unobserved_km2": round(float(self.m2[UNOBSERVED]) / 1e6, 6),
            "excavated_km2": round(self.excavated_m2 / 1e6, 6),
            "affected_km2": round(self.affected_m2 / 1e6, 6),
            "excavated_million_m3": round(self.excavated_m3 / 1e6, 3),
            "dumped_million_m3": round(self.dumped_m3 / 1e6, 3),
        }


def mine_polygons(surface: NDArray[np.uint8], grid: GeoBox, *, mine: int, epoch: str) -> list[dict[str, Any]]:
    """Outlines of the parts of a mine, one per patch of edge-neighbouring cells.

    Args:
        surface: What covers each cell, as ``Surface``.
        grid: Where the cells are.
        mine: Number of the mine.
        epoch: Date.

    Returns:
        Records of mine, kind, epoch, area_km2 (sum of geodesic cell areas) and geometry (GeoJSON).
    """
    records: list[dict[str, Any]] = []
    areas = cell_areas(grid)
    for kind, surfaces in KINDS.items():
        labels = cc3d.connected_components(np.isin(surface, surfaces), connectivity=4).astype(np.int32)
        m2 = np.bincount(labels.ravel(), np.broadcast_to(areas, labels.shape).ravel())
        records += [
            {"mine": mine, "kind": kind, "epoch": epoch, "area_km2": m2[int(label)] / 1e6, "geometry": outline}
            for outline, label in shapes(labels, mask=labels > 0, connectivity=4, transform=grid.affine)
        ]
    return records


def write_polygons(path: Path, records: Sequence[dict[str, Any]], grid: GeoBox) -> None:
    """Write polygons as layer ``mine`` of a GeoPackage; equal polygons give equal bytes."""
    import geopandas
    import pyogrio
    from shapely.geometry import shape

    rows = [{**record, "geometry": shape(record["geometry"])} for record in records]
    table = geopandas.GeoDataFrame(rows, columns=list(COLUMNS), geometry="geometry", crs=str(grid.crs))
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "1970-01-01T00:00:00.000Z"})
    try:
        with replacing(path) as temporary:
            table.to_file(temporary, layer=POLYGON_LAYER, driver="GPKG")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})

"""One epoch of a simulated site: its rasters, drawn piece by piece."""

import datetime
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.sensor import Sensor
from pitscape.imagery.simulated.district import Piece
from pitscape.imagery.simulated.records import RAIN_MM, simulate_et, simulate_npp, simulate_runoff
from pitscape.imagery.simulated.sensing.clouds import clouded, draw_sky, scene_classification
from pitscape.imagery.simulated.sensing.day import decimal_year
from pitscape.imagery.simulated.sensing.radar import FIRST_YEAR as FIRST_RADAR_YEAR
from pitscape.imagery.simulated.sensing.radar import simulate_radar
from pitscape.imagery.simulated.sensing.scene import SimulatedScene, simulate_scene
from pitscape.imagery.simulated.sensing.thematic_mapper import landsat_scene
from pitscape.imagery.simulated.terrain.land import Land
from pitscape.imagery.simulated.terrain.shapes import Mask, generator

PLAIN_M = 1_050.0
"""Mean height of the land above the sea."""

Rasters = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Epoch:
    """A date of a site.

    Attributes:
        acquired: Day of its scenes.
        rain_mm: Precipitation of its year.
        first: Whether it is the first, of which there is a Landsat scene.
        sensor: Of its optical scenes.
        landsat: Of the scene at 30 m.
    """

    acquired: datetime.date
    rain_mm: float
    first: bool
    sensor: Sensor
    landsat: Sensor

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"simulated_{self.acquired:%Y%m%d}"

    def has(self, layer: str) -> bool:
        """Whether there is such a layer of this date."""
        return {"images_landsat": self.first, "sar": self.acquired.year >= FIRST_RADAR_YEAR}.get(layer, True)

    def draw(self, piece: Piece, wanted: Collection[str]) -> "DrawnPiece":
        """Draw the layers of a piece that are wanted; what is drawn does not depend on which others are."""
        land = piece.territory.at(decimal_year(self.acquired))
        key = (*piece.territory.key, 9, self.acquired.year)
        wetness = (self.rain_mm / sum(RAIN_MM) - 1) / 0.2
        scene = simulate_scene(key, land, piece.grain, self.acquired, self.sensor, wetness=wetness, place=piece.place)
        changed = piece.territory.changed_at(land.year)
        rasters: Rasters = {
            "images": scene.stored,
            "truth": np.where(scene.observed, land.classes, UNOBSERVED).astype(np.uint8),
            "influence": changed.astype(np.uint8),
            "dem": (PLAIN_M + land.elevation).astype(np.float32),
            **self._clouded(piece, land, scene, wanted),
            **self._yearly(key, land, wanted),
        }
        if "sar" in wanted and self.has("sar"):
            rasters["sar"] = simulate_radar(key, land, piece.grain, piece.place, self.acquired.toordinal())
        inside = {name: values[..., *piece.inside] for name, values in rasters.items() if name in wanted}
        if "images_landsat" in wanted and self.has("images_landsat"):
            cut = replace(scene, stored=scene.stored[:, *piece.inside], observed=scene.observed[piece.inside])
            inside["images_landsat"] = landsat_scene(generator(*key, 4), cut, self.sensor, self.landsat)
        relief = land.elevation - piece.territory.ground.elevation
        return DrawnPiece(
            piece,
            inside,
            classes=rasters["truth"][piece.inside],
            surface=land.surface[piece.inside],
            changed=changed[piece.inside],
            relief=relief[piece.inside],
        )

    def _clouded(self, piece: Piece, land: Land, scene: SimulatedScene, wanted: Collection[str]) -> Rasters:
        if "images_cloudy" not in wanted:
            return {}
        sky = draw_sky(piece.place, self.acquired.toordinal(), scene.sun)
        classified = scene_classification(land.classes, scene.observed, sky)
        return {"images_cloudy": np.concatenate([clouded(scene, sky, self.sensor), classified[None]])}

    def _yearly(self, key: tuple[int, ...], land: Land, wanted: Collection[str]) -> Rasters:
        rasters: Rasters = {}
        if {"npp", "et"} & set(wanted):
            rng = generator(*key, 1)
            rasters = {"npp": simulate_npp(rng, land, self.rain_mm), "et": simulate_et(rng, land, self.rain_mm)}
        if "runoff" in wanted:
            rasters["runoff"] = simulate_runoff(generator(*key, 3), land, self.rain_mm)
        return rasters


@dataclass(frozen=True)
class DrawnPiece:
    """What was drawn of a piece, cut to the site.

    Attributes:
        piece: The piece.
        rasters: Values by layer.
        classes: Land class ids (y, x), 255 where not observed.
        surface: What covers each cell, as ``Surface``.
        changed: What the mine has changed.
        relief: By how much it raised the land [m].
    """

    piece: Piece
    rasters: Rasters
    classes: NDArray[np.uint8]
    surface: NDArray[np.uint8]
    changed: Mask
    relief: NDArray[np.float32]

    def window(self, cells: int) -> tuple[slice, slice]:
        """Where it lies in a raster with ``cells`` cells of the site to one of its own."""
        return _divided(self.piece.rows, cells), _divided(self.piece.columns, cells)


def _divided(cells: slice, by: int) -> slice:
    """The larger cells that a range of cells fills.

    >>> _divided(slice(768, 1000), 3)
    slice(256, 334, None)
    """
    return slice(cells.start // by, -(-cells.stop // by))

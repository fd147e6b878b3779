"""Simulated land with a mine, at any year: known to the cell, for scenes and truth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from pitscape.imagery.simulated.terrain.ground import Ground, simulate_ground
from pitscape.imagery.simulated.terrain.mine import Mine, draw_plan, simulate_mine
from pitscape.imagery.simulated.terrain.place import Place, whole_place
from pitscape.imagery.simulated.terrain.shapes import Field, Mask, generator, smooth_noise
from pitscape.imagery.simulated.terrain.surfaces import ECOSYSTEM, LAND_CLASS, Surface, looked_up

PIT_BENCH, PIT_BENCHES, PIT_BENCH_HEIGHT = 4.5, 7, 18.0
DUMP_BENCH, DUMP_BENCHES, DUMP_BENCH_HEIGHT = 10.0, 2, 14.0
"""Width [cells], number and height [m] of the steps of pit and dumps."""


@dataclass(frozen=True)
class Land:
    """Land at one time. All arrays have shape (size, size).

    Attributes:
        year: The time, fractional.
        surface: What covers each cell, as ``Surface``.
        parcel: Number of the field or plot that the cell lies in, below ``plots``.
        plots: How many fields and plots there are, at any time.
        step: Steps down into the pit, or up a dump, from its edge, fractional; 0 elsewhere.
        elevation: Height of the surface, pit and dumps included [m].
        age: Years since the surface is as it is; infinity for land before mining.
    """

    year: float
    surface: NDArray[np.uint8]
    parcel: NDArray[np.int32]
    plots: int
    step: Field
    elevation: Field
    age: Field

    @property
    def classes(self) -> NDArray[np.uint8]:
        """Land class id of each cell: 0 mined, 1 occupied, 2 vegetated, 3 water."""
        return looked_up(self.surface, LAND_CLASS)

    def covered(self, *kinds: Surface) -> Mask:
        """Cells whose surface is one of ``kinds``."""
        mask: Mask = np.isin(self.surface, kinds)
        return mask


@dataclass(frozen=True)
class Territory:
    """A piece of land and the mine that will come.

    Attributes:
        key: Key of the random generators; longer ones that begin so draw its look and its scenes.
        place: Where it lies in its site.
        ground: The land before mining.
        mine: When the mine takes each cell.
        unevenness: Smooth noise that bends the benches, mean 1.
        heaps: Height of what lorries tip on the dumps [m].
    """

    key: tuple[int, ...]
    place: Place
    ground: Ground
    mine: Mine
    unevenness: Field
    heaps: Field

    @property
    def size(self) -> int:
        """Rows and columns."""
        return self.place.size

    @property
    def ecosystems(self) -> NDArray[np.uint8]:
        """Ecosystem before mining: 1 forest, 2 grassland, 3 farmland, 0 none of them."""
        return looked_up(self.ground.surface, ECOSYSTEM)

    def surface_at(self, year: float) -> NDArray[np.uint8]:
        """What covers each cell at a time, as ``Surface``."""
        surface = self.ground.surface.copy()
        for kind, since in self.mine.since.items():
            surface[since <= year] = kind
        return surface

    def changed_at(self, year: float) -> Mask:
        """Cells that the mine has changed by a time: all that it ever covered, restored land too."""
        changed: Mask = np.minimum.reduce(list(self.mine.since.values())) <= year
        return changed

    def at(self, year: float) -> Land:
        """The land at a time, as a fractional year."""
        surface, age = self.surface_at(year), np.full((self.size, self.size), np.inf, np.float32)
        for since in self.mine.since.values():
            there = since <= year
            age[there] = year - since[there]
        step, relief = self._steps(surface)
        works = np.isin(surface, (Surface.PLANT, Surface.BASIN))
        before = int(self.ground.parcel.max()) + 1
        parcel = np.where(works, self.mine.plots + before, self.ground.parcel).astype(np.int32)
        plots = before + int(self.mine.plots.max()) + 1
        return Land(year, surface, parcel, plots, step, self.ground.elevation + relief, age)

    def _steps(self, surface: NDArray[np.uint8]) -> tuple[Field, Field]:
        """Fractional steps of pit and dumps, and how much they lower and raise the land [m]."""
        pit = np.isin(surface, (Surface.PIT, Surface.PIT_POND))
        dump = np.isin(surface, (Surface.DUMP, Surface.RESTORED))
        down = _inwards(pit, PIT_BENCH * self.unevenness, PIT_BENCHES)
        up = _inwards(dump, DUMP_BENCH * self.unevenness, DUMP_BENCHES)
        relief = DUMP_BENCH_HEIGHT * _terraces(up) - PIT_BENCH_HEIGHT * _terraces(down)
        relief = gaussian_filter(relief, 0.6) + np.where(surface == Surface.DUMP, self.heaps, 0)
        return down + up, relief.astype(np.float32)


def simulate_territory(
    key: tuple[int, ...], size: int, *, opens: float, complete: float, place: Place | None = None
) -> Territory:
    """Draw a piece of land on which a mine opens.

    Args:
        key: Equal keys draw equal land.
        size: Rows and columns, at least 64.
        opens: When digging begins [year, fractional].
        complete: When the mine has reached its final extent.
        place: Where it lies in its site; alone by default.
    """
    place = place or whole_place(key, size)
    plan = draw_plan(generator(*key, 0), size, opens=opens, complete=complete)
    ground = simulate_ground(generator(*key, 1), place, mine=plan.centre)
    rng = generator(*key, 2)
    mine = simulate_mine(rng, ground, plan)
    unevenness = np.clip(1 + 0.25 * smooth_noise(rng, size, 0.05 * size + 4), 0.6, 1.5).astype(np.float32)
    return Territory(key, place, ground, mine, unevenness, 1.3 * smooth_noise(rng, size, 1.1))


def _inwards(mask: Mask, bench: Field, benches: int) -> Field:
    """Steps from the edge of an area inwards, each ``bench`` cells wide; the innermost is a plain."""
    if not mask.any():
        return np.zeros(mask.shape, np.float32)
    inside: Field = np.minimum(distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1] / bench, benches)
    return np.where(mask, inside, 0).astype(np.float32)


def _terraces(step: Field) -> Field:
    """Steps as terraces: the first third of each is a steep face, the rest is flat."""
    whole = np.floor(step)
    terraces: Field = np.where(step > 0, whole + np.minimum((step - whole) * 3, 1), 0).astype(np.float32)
    return terraces

"""A simulated open-pit mine: when pit, dumps, plant, basins and haul roads take each cell of the land."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.simulated.terrain.ground import Ground, bent
from pitscape.imagery.simulated.terrain.shapes import (
    Field,
    Mask,
    Point,
    growth_years,
    lattice,
    lobes,
    moved,
    near_lines,
    smooth_noise,
    turned,
    within,
)
from pitscape.imagery.simulated.terrain.surfaces import Surface

HAUL_HALF_WIDTH = 1.6
DAM_WIDTH = 3
"""Cells."""

WATER_AND_VILLAGES = (Surface.RIVER, Surface.LAKE, Surface.VILLAGE)


@dataclass(frozen=True)
class MinePlan:
    """What a mine is to become.

    Attributes:
        centre: Where digging begins.
        heading: Direction in which the pit grows [rad, from east towards south].
        opens: When digging begins [year, fractional].
        complete: When pit and dumps reach their shares.
        pit_share: Share of the land that the pit takes.
        dump_share: Share that the dumps take.
    """

    centre: Point
    heading: float
    opens: float
    complete: float
    pit_share: float
    dump_share: float


@dataclass(frozen=True)
class Mine:
    """When the mine takes each cell.

    Attributes:
        plan: What it was drawn from.
        since: Year from which a cell is covered so, infinity for never; later surfaces lie over earlier ones.
        plots: Number of the plot within the plant or the basins that a cell lies in, (y, x).
    """

    plan: MinePlan
    since: dict[Surface, Field]
    plots: NDArray[np.int32]


def draw_plan(rng: np.random.Generator, size: int, *, opens: float, complete: float) -> MinePlan:
    """Draw where a mine opens, where it goes and how large it gets."""
    heading = rng.uniform(0, 2 * np.pi)
    middle = (size * rng.uniform(0.44, 0.56), size * rng.uniform(0.44, 0.56))
    return MinePlan(
        centre=moved(middle, heading, -0.1 * size),
        heading=heading,
        opens=opens,
        complete=complete,
        pit_share=rng.uniform(0.09, 0.12),
        dump_share=rng.uniform(0.045, 0.06),
    )


def simulate_mine(rng: np.random.Generator, ground: Ground, plan: MinePlan) -> Mine:
    """Draw a mine on land that is there.

    Args:
        rng: Where it is drawn from.
        ground: The land before mining.
        plan: What the mine is to become.
    """
    kept = within(np.isin(ground.surface, WATER_AND_VILLAGES), 4)
    pit = _pit(rng, plan, ~kept)
    free = ~(kept | within(np.isfinite(pit), 4))
    side = float(rng.choice([-1, 1]))
    works_at, works_angle = _beside(pit, plan, side * rng.uniform(1.3, 1.9))
    works = _works(rng, plan, works_at, works_angle, free)
    free &= ~within(np.isfinite(works.plant) | np.isfinite(works.basins), 3)
    places = [_beside(pit, plan, np.pi + rng.uniform(-0.4, 0.4)), _beside(pit, plan, -side * rng.uniform(1.2, 1.7))]
    dump = _dumps(rng, plan, free, places)
    haul = [bent(rng, plan.centre, place) for place in (*(place for place, _ in places), works_at)]
    since = {
        Surface.HAUL_ROAD: _from(plan.opens, near_lines(len(pit), haul, HAUL_HALF_WIDTH) & ~kept),
        Surface.DUMP: dump,
        Surface.RESTORED: dump + 4.8 + 0.7 * smooth_noise(rng, len(pit), 6),
        Surface.PLANT: works.plant,
        Surface.BASIN: works.basins,
        Surface.PIT: pit,
        Surface.PIT_POND: _pit_pond(rng, plan, pit),
    }
    return Mine(plan, since, works.plots)


def _beside(pit: Field, plan: MinePlan, turn: float) -> tuple[Point, float]:
    """A place just outside the finished pit, and the direction that leads there."""
    angle = plan.heading + turn
    return moved(plan.centre, angle, _reach(pit, plan.centre, angle) + 0.065 * len(pit)), angle


def _pit(rng: np.random.Generator, plan: MinePlan, allowed: Mask) -> Field:
    score = lobes(rng, len(allowed), plan.centre, plan.heading, forward=rng.uniform(1.8, 2.6))
    cells = round(plan.pit_share * allowed.size)
    return growth_years(score, allowed, cells=cells, years=(plan.opens, plan.complete), power=0.75)


def _pit_pond(rng: np.random.Generator, plan: MinePlan, pit: Field) -> Field:
    """Water that gathers where the pit is oldest."""
    score = lobes(rng, len(pit), plan.centre, plan.heading, forward=1.8)
    old = pit < plan.opens + 0.45 * (plan.complete - plan.opens)
    cells = round(0.06 * np.isfinite(pit).sum())
    since = growth_years(score, old, cells=cells, years=(plan.opens + 1, plan.complete), power=1)
    flooded: Field = np.maximum(since, pit + 0.8)
    return flooded


def _dumps(rng: np.random.Generator, plan: MinePlan, allowed: Mask, places: list[tuple[Point, float]]) -> Field:
    """Two dumps that grow away from the pit, the second from a later year."""
    size = len(allowed)
    since = np.full((size, size), np.inf, np.float32)
    delays = (0.1, 0.3 * (plan.complete - plan.opens))
    for (place, angle), delay in zip(places, delays, strict=True):
        score = lobes(rng, size, place, angle, forward=1.4)
        cells = round(plan.dump_share * size * size)
        years = (plan.opens + delay, plan.complete)
        since = np.minimum(since, growth_years(score, allowed, cells=cells, years=years, power=0.8))
    return since


@dataclass(frozen=True)
class _Works:
    """The plant, its settling basins, and the plots of both."""

    plant: Field
    basins: Field
    plots: NDArray[np.int32]


def _works(rng: np.random.Generator, plan: MinePlan, centre: Point, angle: float, free: Mask) -> _Works:
    """A plant that is built in two stages, and a row of basins beside it of which a new one is dug every two years."""
    size = len(free)
    along, across = turned(size, centre, angle + np.pi / 2)
    half, deep = (max(share * size * rng.uniform(0.9, 1.2), least) for share, least in ((0.05, 5), (0.033, 4)))
    plant = _from(plan.opens, (np.abs(along) < half) & (np.abs(across) < deep) & free)
    later = _from(plan.opens + 3.2, (np.abs(along) < half) & (np.abs(across - 1.3 * deep) < 0.3 * deep) & free)
    basins, dams = _basins(plan, along - half - 2, (np.abs(across) < 0.9 * deep) & free)
    plots = lattice(along, across, length=max(0.024 * size, 4), width=max(0.017 * size, 3))
    return _Works(np.minimum(np.minimum(plant, later), dams), basins, plots)


def _basins(plan: MinePlan, along: Field, strip: Mask) -> tuple[Field, Field]:
    """Five basins along a strip of land, and the dams between them."""
    spacing = max(0.036 * len(strip), 6)
    number = np.floor(along / spacing)
    since = np.where(strip & (number >= 0) & (number < 5), plan.opens + 0.7 + 1.9 * number, np.inf).astype(np.float32)
    dam = along - number * spacing < DAM_WIDTH
    return np.where(dam, np.inf, since).astype(np.float32), np.where(dam, since, np.inf).astype(np.float32)


def _reach(pit: Field, centre: Point, angle: float) -> float:
    """How far the finished pit reaches from its beginning in a direction [cells]."""
    along, across = turned(len(pit), centre, angle)
    ray = np.isfinite(pit) & (along > 0) & (np.abs(across) < 0.04 * len(pit))
    return float(along[ray].max(initial=0))


def _from(year: float, where: Mask) -> Field:
    return np.where(where, year, np.inf).astype(np.float32)

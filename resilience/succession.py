"""Succession of a mined landscape: what kind it is, and in which state the ecosystem is, with the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.transitions import area_sum

Kind: TypeAlias = Literal["none", "terrestrial to new terrestrial", "terrestrial to aquatic", "amphibious"]
State: TypeAlias = Literal["primitive", "damaged", "degraded", "extremely degraded", "rebuilt", "stable"]

ROLES = ("mined", "occupied", "vegetated", "water")
DISTURBED = ("mined", "occupied")
NEWLY_DISTURBED = "land that was newly mined or occupied at any epoch"
LEAST_CHANGE = 0.01
LEAST_AQUATIC = 0.1
REBUILT = 0.5
STABLE = 0.9


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding on which a succession rests.

    Attributes:
        finding: What was measured.
        share: Its value, a fraction.
        of: What it is a fraction of.
    """

    finding: str
    share: float
    of: str


@dataclass(frozen=True, slots=True)
class Succession:
    """What became of the land.

    Attributes:
        kind: Type of the succession; ``none`` where less than 1 % of the land was changed.
        state: State of the ecosystem.
        stage: Stage of the life cycle on which the state rests; empty where it is not known.
        restored: Land that was mined or occupied at an earlier epoch, and now is vegetated or water, as a fraction of
            all that was or is disturbed beyond the first epoch; NaN where nothing is.
        evidence: The findings.
    """

    kind: Kind
    state: State
    stage: str
    restored: float
    evidence: tuple[Evidence, ...]


def succession(
    maps: Sequence[NDArray[np.integer[Any]]],
    roles: Sequence[str],
    *,
    cell_area: NDArray[np.floating[Any]] | float = 1.0,
    stage: str = "",
) -> Succession:
    """Type and state from the class maps of all epochs.

    Args:
        maps: Class ids (y, x) of at least two epochs in order of time; an id without a role is unobserved.
        roles: Role of each id, ``mined``, ``occupied``, ``vegetated`` or ``water``.
        cell_area: Area of a cell, or of every cell in a shape that broadcasts to (y, x).
        stage: Stage of the life cycle at the last epoch, where it is known.

    Returns:
        The succession of the land that every epoch observed.

        Type, from the land whose role changed between the first and the last epoch: ``terrestrial to aquatic`` where
        at least 90 % of it became water, ``terrestrial to new terrestrial`` where less than 10 % did, ``amphibious``
        between. Water counts only where it persists: at the last epoch and, with three or more, at the one before.

        State: ``primitive`` before any disturbance; ``stable`` where at least 90 % of the disturbed land is restored,
        ``rebuilt`` from 50 %; else by the life cycle, ``damaged`` in its initial and accelerated stages, ``degraded``
        in the stable, ``extremely degraded`` in the late stable stage and the decline; without a stage, ``degraded``.

    Raises:
        ValueError: If there are fewer than two maps, their shapes differ, a role is unknown or no cell was observed.

    Source: types, states and their order are of Dong et al. (2025); the limits are ours.
    """
    land, seen, area = _observed(maps, roles, cell_area)

    def share(cells: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
        whole = area_sum(area, among)
        return area_sum(area, cells & among) / whole if whole else float("nan")

    first, last = land[0], land[-1]
    wet = (last == ROLES.index("water")) & ((land[-2] == ROLES.index("water")) | (len(land) == 2))
    changed = seen & (first != last)
    touched = seen & np.logical_or.reduce([_disturbed(each) for each in land[1:]]) & ~_disturbed(first)
    restored = share(~_disturbed(last), touched)
    evidence = (
        Evidence("land whose role changed since the first epoch", share(changed, seen), "observed land"),
        Evidence("persistent water that was land", share(wet, changed), "changed land"),
        Evidence(NEWLY_DISTURBED, share(touched, seen), "observed land"),
        Evidence("of it, vegetated or water at the last epoch", restored, "newly disturbed land"),
        Evidence("mined or occupied land at the last epoch", share(_disturbed(last), seen), "observed land"),
    )
    kind = _kind(evidence[0].share, evidence[1].share)
    return Succession(kind, _state(evidence[2].share, restored, stage), stage, restored, evidence)


def states_of(
    maps: Sequence[NDArray[np.integer[Any]]],
    roles: Sequence[str],
    stages: Sequence[str],
    *,
    cell_area: NDArray[np.floating[Any]] | float = 1.0,
) -> tuple[State, ...]:
    """State of the ecosystem at each epoch but the first, which is what the others are compared with.

    Args:
        maps: As in :func:`succession`.
        roles: As there.
        stages: Stage of the life cycle at each epoch, empty where it is not known.
        cell_area: As there.

    Returns:
        The states that :func:`succession` gives for the maps up to each epoch, on the land that all epochs observed.

    Raises:
        ValueError: As there, or if there is not one stage for each epoch.

    >>> grass, half, pit = np.full((1, 4), 2), np.array([[0, 0, 2, 2]]), np.zeros((1, 4), int)
    >>> states_of([grass, grass, pit, half, grass], ROLES, ["initial"] * 3 + ["stable"] * 2)
    ('primitive', 'damaged', 'rebuilt', 'stable')
    """
    if len(stages) != len(maps):
        raise ValueError(
            f"{len(maps)} maps need one stage each, got {len(stages)}; an empty one where it is not known."
        )
    land, seen, area = _observed(maps, roles, cell_area)
    before, whole = _disturbed(land[0]), area_sum(area, seen)
    touched, found = np.zeros_like(seen), []
    for each, stage in zip(land[1:], stages[1:], strict=True):
        now = _disturbed(each)
        touched |= now & ~before & seen
        disturbed = area_sum(area, touched)
        restored = area_sum(area, touched & ~now) / disturbed if disturbed else float("nan")
        found.append(_state(disturbed / whole, restored, stage))
    return tuple(found)


def _observed(
    maps: Sequence[NDArray[np.integer[Any]]], roles: Sequence[str], cell_area: NDArray[np.floating[Any]] | float
) -> tuple[list[NDArray[np.int8]], NDArray[np.bool_], NDArray[np.float64]]:
    """Roles of all maps, where all of them observed, and the area of each cell."""
    land = _roles_of(maps, roles)
    seen = np.logical_and.reduce([each >= 0 for each in land])
    if not seen.any():
        raise ValueError("no cell is observed at every epoch: leave out the cloudiest one.")
    return land, seen, np.broadcast_to(np.asarray(cell_area, np.float64), seen.shape)


def _roles_of(maps: Sequence[NDArray[np.integer[Any]]], roles: Sequence[str]) -> list[NDArray[np.int8]]:
    """Each map as positions in ROLES, -1 where unobserved."""
    if len(maps) < 2 or any(each.shape != maps[0].shape for each in maps):
        raise ValueError(f"Succession needs at least two maps of one shape, got {[each.shape for each in maps]}.")
    if unknown := sorted(set(roles) - set(ROLES)):
        raise ValueError(f"unknown role {', '.join(unknown)}: there are {', '.join(ROLES)}.")
    land = [np.full(each.shape, -1, np.int8) for each in maps]
    for place, role in enumerate(roles):
        for codes, ids in zip(land, maps, strict=True):
            codes[ids == place] = ROLES.index(role)
    return land


def _disturbed(codes: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Where land is mined or occupied."""
    found: NDArray[np.bool_] = np.isin(codes, [ROLES.index(role) for role in DISTURBED])
    return found


def _kind(changed: float, aquatic: float) -> Kind:
    if changed < LEAST_CHANGE:
        return "none"
    if aquatic < LEAST_AQUATIC:
        return "terrestrial to new terrestrial"
    return "amphibious" if aquatic < 1 - LEAST_AQUATIC else "terrestrial to aquatic"


def _state(touched: float, restored: float, stage: str) -> State:
    if touched < LEAST_CHANGE:
        return "primitive"
    if restored >= REBUILT:
        return "stable" if restored >= STABLE else "rebuilt"
    if stage in {"initial", "accelerated"}:
        return "damaged"
    return "extremely degraded" if stage in {"late stable", "decline"} else "degraded"

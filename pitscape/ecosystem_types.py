"""The ecosystem types of a site: which there are, which class of land each is, and how resilient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend
from pitscape.resilience.elasticity import (
    FOUR_CLASS_SCORES,
    FOUR_CLASS_SCORES_ALTERNATIVE,
    TYPE_SCORES,
    TYPE_SCORES_ALTERNATIVE,
    ScoreSet,
)
from pitscape.site_settings import SiteSettings

ROLE_OF_TYPE = {"mined": "mined", "occupied": "occupied", "construction": "occupied", "water": "water"}
"""Land class of types that are no vegetation; all others are vegetated."""

VEGETATED = "vegetated"


@dataclass(frozen=True)
class EcosystemTypes:
    """Types in a fixed order, those that do not occur included.

    Attributes:
        roles: Land class of the paper by name of the type.
        pattern: Class over which patterns are measured, by name of the type: its land class, or itself.
        scores: Resilience scores in use.
        others: Further score sets of the same types, for sensitivity and uncertainty.
    """

    roles: Mapping[str, str]
    pattern: Mapping[str, str]
    scores: ScoreSet
    others: tuple[ScoreSet, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the types."""
        return tuple(self.roles)

    def score_rows(self) -> NDArray[np.float64]:
        """Scores of all sets, the one in use first, shape (sets, types)."""
        return np.array([[each.scores[name] for name in self.names] for each in (self.scores, *self.others)])

    def vector(self, shares: Mapping[str, float]) -> NDArray[np.float64]:
        """Shares in the order of the types, shape (types,)."""
        return np.array([shares.get(name, 0.0) for name in self.names])

    def pattern_places(self) -> NDArray[np.int64]:
        """Place of each type's class in patterns, shape (types,)."""
        classes = list(dict.fromkeys(self.pattern.values()))
        return np.array([classes.index(each) for each in self.pattern.values()])


def types_of_maps(settings: SiteSettings, legend: Legend, source: Path) -> EcosystemTypes:
    """The types of class maps: vegetated land split by a raster, else by the legend, else not at all.

    Raises:
        InputError: If a type has no score.
    """
    roles: dict[str, None] = dict.fromkeys(land.role for land in legend.classes)
    split = settings.ecosystems
    if split is not None:
        names = [*(role for role in roles if role != VEGETATED), *split.types.values(), split.otherwise]
        return _chosen(dict.fromkeys(names), settings, source, (TYPE_SCORES, TYPE_SCORES_ALTERNATIVE))
    if is_split(legend):
        own = ScoreSet("the legend's", {land.name: land.score for land in legend.classes}, "the legend")
        disturbed = {"mined": 0.3, "occupied": 0.4}
        higher = {c.name: max(c.score, disturbed.get(c.role, 0.0)) for c in legend.classes}
        other = ScoreSet("the legend's, alternative", higher, "the higher of two for disturbed land")
        found = _chosen({land.name: None for land in legend.classes}, settings, source, (own, other))
        names_alone = {name: name for name in found.roles}
        return replace(found, roles={land.name: land.role for land in legend.classes}, pattern=names_alone)
    found = _chosen(roles, settings, source, (FOUR_CLASS_SCORES, FOUR_CLASS_SCORES_ALTERNATIVE))
    return replace(found, roles={role: role for role in roles}, pattern={role: role for role in roles})


def types_of_table(settings: SiteSettings, source: Path) -> EcosystemTypes:
    """The types of a table of areas; with *vegetated* among them they are the land classes.

    Raises:
        InputError: If a type has no score.
    """
    areas = settings.tables.areas if settings.tables else None
    names = dict.fromkeys(areas.types.values() if areas else ())
    coarse = VEGETATED in names
    sets = (FOUR_CLASS_SCORES, FOUR_CLASS_SCORES_ALTERNATIVE) if coarse else (TYPE_SCORES, TYPE_SCORES_ALTERNATIVE)
    found = _chosen(names, settings, source, sets)
    return replace(found, pattern={name: name for name in names})


def is_split(legend: Legend) -> bool:
    """Whether a legend has more than one vegetated class, so that its classes are ecosystem types."""
    return sum(land.role == VEGETATED for land in legend.classes) > 1


def _chosen(
    names: Mapping[str, None], settings: SiteSettings, source: Path, sets: Sequence[ScoreSet]
) -> EcosystemTypes:
    """Types with the score set that the site file chooses, the others behind it."""
    default, alternative = sets
    order: tuple[ScoreSet, ...] = (alternative, default) if settings.scores == "alternative" else (default, alternative)
    if isinstance(settings.scores, dict):
        order = (_changed(default, f"{default.name}, own", settings.scores, names, source), *order)
    for name, changes in settings.score_variants.items():
        order += (_changed(order[0], name, changes, names, source),)
    if unknown := sorted(set(names) - set(order[0].scores)):
        known = ", ".join(order[0].scores)
        raise InputError(f"{source}: ecosystems: no score for {', '.join(unknown)}; there are {known}.")
    usable = tuple(each for each in order if set(names) <= set(each.scores))
    roles = {name: ROLE_OF_TYPE.get(name, VEGETATED) for name in names}
    return EcosystemTypes(roles, roles, usable[0], usable[1:])


def _changed(
    base: ScoreSet, name: str, changes: Mapping[str, float], names: Mapping[str, None], source: Path
) -> ScoreSet:
    """A score set with the changes of the site file."""
    if unknown := sorted(set(changes) - set(names)):
        raise InputError(f"{source}: scores: {', '.join(unknown)} is no type; there are {', '.join(names)}.")
    try:
        return ScoreSet(name, {**base.scores, **changes}, "site file", base.coarse)
    except ValueError as error:
        raise InputError(f"{source}: {error}") from error

"""Shares that an accuracy assessment has adjusted, with the covariance of their errors."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pitscape.accuracy_file import SharesFile
from pitscape.ecosystem_types import EcosystemTypes
from pitscape.imagery.errors import InputError
from pitscape.imagery.settings import checked
from pitscape.resilience.diversity import check_shares
from pitscape.resilience.factors import ShareDraws


@dataclass(frozen=True, eq=False)
class AdjustedShares:
    """Shares of all types of a site.

    Attributes:
        shares: By name of the type, those above 0.
        covariance: Of their errors, shape (types, types).
        intervals: Ends of the assessment's own 95 % intervals of shares, by name of the type or land class; none where
            it has none.
        area_km2: Of the land that was sampled; None where the file does not tell.
    """

    shares: dict[str, float]
    covariance: NDArray[np.float64]
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    area_km2: float | None = None


def load_adjusted(path: Path) -> SharesFile:
    """The content of a file of adjusted shares.

    Raises:
        InputError: If the file does not hold shares that sum to 1, and their covariance.
    """
    try:
        content = checked(json.loads(path.read_text(encoding="utf-8")), SharesFile, path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is no JSON file; give names, shares and covariance.") from error
    if len(content.shares) != len(content.names):
        raise InputError(f"{path}: has {len(content.names)} names and {len(content.shares)} shares; give one of each.")
    if len(set(content.names)) != len(content.names):
        raise InputError(f"{path}: names one class twice; give the share of each once.")
    try:
        given = check_shares(content.shares)
        ShareDraws(given[None], np.array(content.covariance, np.float64)[None])
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    return content


def read_adjusted(path: Path, mapped: Mapping[str, float], types: EcosystemTypes) -> AdjustedShares:
    """Read adjusted shares, and split those of land classes into types as the map has them.

    Within a class the map's proportions of types are taken as known; a class that is not mapped must have one type, or
    no share.

    Args:
        path: JSON of ``names``, ``shares`` and ``covariance``.
        mapped: Mapped shares of the types.
        types: The types.

    Raises:
        InputError: If the file does not hold them, or names what the site does not have.
    """
    content = load_adjusted(path)
    split = _composition(path, content, mapped, types)
    given, covariance = np.array(content.shares), np.array(content.covariance, np.float64)
    shares = split @ given
    found = {name: float(share) for name, share in zip(types.names, shares, strict=True) if share > 0}
    return AdjustedShares(found, split @ covariance @ split.T, _intervals(content), content.area_km2)


def _intervals(content: SharesFile) -> dict[str, tuple[float, float]]:
    """Own intervals of an assessment as shares of its area."""
    area = content.area_km2
    own = {name: content.interval_of(name) for name in content.names}
    return {name: (ends[0] / area, ends[1] / area) for name, ends in own.items() if area and ends}


def _composition(
    path: Path, content: SharesFile, mapped: Mapping[str, float], types: EcosystemTypes
) -> NDArray[np.float64]:
    """Share of each type (rows) in each name (columns)."""
    names, shares = content.names, content.shares
    if set(names) <= set(types.names):
        return np.array([[float(name == each) for each in names] for name in types.names])
    roles = set(types.roles.values())
    if unknown := sorted(set(names) - roles):
        raise InputError(
            f"{path}: {', '.join(unknown)} is no type nor land class of the site; there are {', '.join(types.names)}."
        )
    sums = {role: sum(mapped.get(name, 0.0) for name, of in types.roles.items() if of == role) for role in roles}
    alone = {role for role in roles if list(types.roles.values()).count(role) == 1}
    if vague := [
        name for name, share in zip(names, shares, strict=True) if share and not sums[name] and name not in alone
    ]:
        raise InputError(
            f"{path}: {vague[0]} is not mapped, so that its types are not known; give the shares of types."
        )

    def part(name: str, of: str) -> float:
        if of in alone:
            return 1.0
        return mapped.get(name, 0.0) / sums[of] if sums[of] else 0.0

    return np.array(
        [[part(name, each) if role == each else 0.0 for each in names] for name, role in types.roles.items()]
    )

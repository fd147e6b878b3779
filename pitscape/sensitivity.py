"""What E of a site rests on: what moved it, and what it would be under other definitions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pitscape.ecology import naming
from pitscape.frame import Frame
from pitscape.measures import Measures
from pitscape.observed_epochs import observed_part
from pitscape.resilience.attribution import Variant, contributions, sensitivity
from pitscape.resilience.elasticity import FOUR_CLASS_SCORES


def what_moved_e(measures: Sequence[Measures], frame: Frame) -> list[dict[str, Any]]:
    """Natural logarithm of E over the baseline's and of each of its factors; epochs without E are left out."""
    first = measures[frame.settings.baseline_place].elastic
    if first is None:
        return []
    known = [(each.epoch, each.elastic) for each in measures if each.elastic is not None]
    return [{"epoch": epoch, **asdict(contributions(later, first))} for epoch, later in known]


def variants(measures: Sequence[Measures], frame: Frame) -> list[dict[str, Any]]:
    """E for each score set and for H to the powers 2, 1 and 0, and over the four land classes instead of the types.

    With ``change``, the last epoch's value over the baseline's. Where NDVI or climate is missing, E over the
    baseline's with both held (``relative_e``). NaN for epochs of which too little was observed.
    """
    names = [each.epoch for each in measures]
    measures, frame = observed_part(measures, frame)
    if not measures or not all(each.shares for each in measures):
        return []
    complete = all(each.elastic is not None for each in measures)
    terms = [
        (m.vegetation.value, m.resilience["c1"], m.resilience["c2"]) if complete else (1.0, 1.0, 1.0) for m in measures
    ]
    types, power, place = frame.types, frame.settings.h_exponent, frame.settings.baseline_place
    with naming(frame.source):
        rows = sensitivity(
            [each.shares for each in measures],
            terms,
            scores=[types.scores, *types.others],
            h_exponents=sorted({2.0, 1.0, 0.0, power}, reverse=True),
            baseline=place,
        )
        lumped = [_lumped(each.shares, types.roles) for each in measures]
        coarse = sensitivity(lumped, terms, scores=[FOUR_CLASS_SCORES], h_exponents=(power,), baseline=place)
    epochs = [each.epoch for each in measures]
    found = [_row(each, epochs, place, complete=complete) | {"coarse_legend": types.scores.coarse} for each in rows]
    if not types.scores.coarse:
        found += [_row(each, epochs, place, complete=complete) | {"coarse_legend": True} for each in coarse]
    for row in found:
        row["values"] = dict.fromkeys(names, math.nan) | row["values"]
    return found


def _lumped(shares: Mapping[str, float], roles: Mapping[str, str]) -> dict[str, float]:
    """Shares of the land classes that the types belong to."""
    found = dict.fromkeys(roles.values(), 0.0)
    for name, share in shares.items():
        found[roles[name]] += share
    return found


def _row(variant: Variant, epochs: Sequence[str], baseline: int, *, complete: bool) -> dict[str, Any]:
    first = variant.e[baseline]
    scale = 1.0 if complete else 1 / first if first else math.nan
    return {
        "h_exponent": variant.h_exponent,
        "score_set": variant.score_set,
        "measure": "e" if complete else "relative_e",
        "values": {epoch: value * scale for epoch, value in zip(epochs, variant.e, strict=True)},
        "change": variant.change,
    }

"""What E of a site rests on: what moved it, and what it would be under other definitions."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pitscape.ecology import naming
from pitscape.frame import Frame
from pitscape.measures import Measures
from pitscape.resilience.attribution import contributions, sensitivity


def what_moved_e(measures: Sequence[Measures], frame: Frame) -> list[dict[str, Any]]:
    """Natural logarithm of E over the baseline's and of each of its factors; epochs without E are left out."""
    first = measures[frame.settings.baseline_place].elastic
    if first is None:
        return []
    known = [(each.epoch, each.elastic) for each in measures if each.elastic is not None]
    return [{"epoch": epoch, **asdict(contributions(later, first))} for epoch, later in known]


def variants(measures: Sequence[Measures], frame: Frame) -> list[dict[str, Any]]:
    """E, or ECO_res where E is not known, for each score set and for H to the powers 2, 1 and 0.

    With ``change``, the last epoch's value over the baseline's.
    """
    known = [each for each in measures if each.shares]
    if not known or len(known) < len(measures):
        return []
    place, epochs = frame.settings.baseline_place, [each.epoch for each in measures]
    complete = all(each.elastic is not None for each in measures)
    terms = [
        (m.vegetation.value, m.resilience["c1"], m.resilience["c2"]) if complete else (1.0, 1.0, 1.0) for m in known
    ]
    with naming(frame.source):
        found = sensitivity(
            [each.shares for each in known],
            terms,
            scores=[frame.types.scores, *frame.types.others],
            h_exponents=sorted({2.0, 1.0, 0.0, frame.settings.h_exponent}, reverse=True),
            baseline=place,
        )
    measure = "e" if complete else "relative_e"
    scale = [1.0 if complete else 1 / each.e[place] if each.e[place] else math.nan for each in found]
    return [
        {
            "h_exponent": each.h_exponent,
            "score_set": each.score_set,
            "measure": measure,
            "values": {epoch: value * by for epoch, value in zip(epochs, each.e, strict=True)},
            "change": each.change,
        }
        for each, by in zip(found, scale, strict=True)
    ]

"""Adjusted gain and loss of each class between two epochs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.assessed_material import Material
from pitscape.inference.sample.accuracy import Accuracy
from pitscape.inference.sample.planning import plan_points
from pitscape.inference.sample.stratified import Ratio, StratifiedSample
from pitscape.narrowing import sentence

KINDS = ("before", "after", "gain", "loss", "persistence", "net")


def change_ratios(classes: Sequence[str], codes: Sequence[int]) -> list[Ratio]:
    """Shares of the area that each class had before and has after, gained, lost, kept, and gained less lost.

    Args:
        classes: Of the legend.
        codes: Of the transitions that are assessed, ``before x classes + after``.

    Returns:
        For each class in order, those of ``KINDS``.
    """
    ones = np.ones((len(codes), len(codes)))
    return [Ratio(ones * signs, ones) for _, _, signs in _signs(classes, codes)]


def change_content(classes: Sequence[str], material: Material, found: Accuracy) -> dict[str, Any]:
    """What an assessment of transitions adds to ``accuracy.json``.

    ``names``, ``shares`` and ``covariance`` become those of the classes at the later epoch; ``before`` has the earlier one's.
    """
    assert isinstance(material.units, StratifiedSample)
    signs = list(_signs(classes, material.codes))
    rows = []
    for n, name in enumerate(classes):
        own = found.further[n * len(KINDS) : (n + 1) * len(KINDS)]
        row: dict[str, Any] = {"name": name}
        row |= {f"{kind}_km2": each.times(material.area_km2) for kind, each in zip(KINDS, own, strict=True)}
        rows.append(row)
    planning = []
    for (name, kind, sign), each in zip(signs, found.further, strict=True):
        if kind in {"gain", "loss"} and each.value > 0:
            plan = plan_points(material.units, np.flatnonzero(sign).tolist())
            what = f"{kind} of {name}"
            planning.append({"area": what} | sentence(what, each.times(material.area_km2), plan))
    after, before = (_marginal(signs, found, kind) for kind in ("after", "before"))
    transitions = {"names": list(material.units.classes), "shares": found.shares.tolist()}
    transitions["covariance"] = found.covariance.tolist()
    return after | {"before": before, "transitions": transitions, "changes": rows, "planning": planning}


def _signs(classes: Sequence[str], codes: Sequence[int]) -> list[tuple[str, str, NDArray[np.float64]]]:
    """How each transition counts for each kind of each class: 1, 0 or -1."""
    before, after = np.divmod(np.array(codes), len(classes))
    rows = []
    for n, name in enumerate(classes):
        was, now = (before == n).astype(np.float64), (after == n).astype(np.float64)
        rows += [
            (name, kind, sign)
            for kind, sign in zip(
                KINDS, (was, now, now * (1 - was), was * (1 - now), was * now, now - was), strict=True
            )
        ]
    return rows


def _marginal(signs: Sequence[tuple[str, str, NDArray[np.float64]]], found: Accuracy, kind: str) -> dict[str, Any]:
    """Shares of the classes at one epoch with their covariance, of those that occur."""
    kept = [(name, sign) for name, each, sign in signs if each == kind and sign.any()]
    to_classes = np.array([sign for _, sign in kept])
    return {
        "names": [name for name, _ in kept],
        "shares": (to_classes @ found.shares).tolist(),
        "covariance": (to_classes @ found.covariance @ to_classes.T).tolist(),
    }

"""Measures of epochs as what JSON can hold, and back."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from pitscape.adjusted import AdjustedShares
from pitscape.measures import Measures, Vegetation
from pitscape.quantities import Quantity
from pitscape.resilience.elasticity import Elasticity


def kept(measures: Sequence[Measures]) -> list[dict[str, Any]]:
    """Measures as objects, lists and numbers; NaN stays."""
    return [_kept(each) for each in measures]


def restored(content: Sequence[dict[str, Any]]) -> list[Measures]:
    """The measures that :func:`kept` was given, to the last bit."""
    return [_restored(each) for each in content]


def _kept(measures: Measures) -> dict[str, Any]:
    covariance = measures.covariance
    if measures.adjusted is None or covariance is None:
        return asdict(measures)
    plain = replace(measures, adjusted=None)
    return asdict(plain) | {"adjusted": vars(measures.adjusted) | {"covariance": covariance.tolist()}}


def _restored(content: dict[str, Any]) -> Measures:
    known = dict(content)
    if adjusted := known["adjusted"]:
        intervals = {name: (low, high) for name, (low, high) in adjusted["intervals"].items()}
        covariance = np.array(adjusted["covariance"], np.float64)
        known["adjusted"] = AdjustedShares(**(adjusted | {"covariance": covariance, "intervals": intervals}))
    if known["elastic"]:
        known["elastic"] = Elasticity(**known["elastic"])
    known["vegetation"] = Vegetation(**(known["vegetation"] | {"missing": tuple(known["vegetation"]["missing"])}))
    return Measures(**(known | {kind: Quantity(**known[kind]) for kind in ("npp", "et")}))

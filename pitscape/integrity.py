"""Integrity of a site's epochs in both forms, with what it rests on."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pitscape.ecology import naming
from pitscape.frame import Frame
from pitscape.imagery.errors import InputError
from pitscape.measures import Measures
from pitscape.resilience.bounds import DEFAULT_BOUNDS, Bounds, elasticity_bounds, fitted_bounds
from pitscape.resilience.entropy_weights import entropy_weights
from pitscape.resilience.integrity import Form, Indicators, Weights, depart, integrity_series, needed, normalise, weigh

FORMS: tuple[Form, ...] = ("published", "departure")


def integrity(measures: Sequence[Measures], frame: Frame) -> dict[str, Any]:
    """Integrity of all epochs in both forms; only SC where the baseline lacks inputs of FC or E.

    An epoch that lacks an indicator has no ECI and ThV, and is listed under ``undefined``.

    Raises:
        InputError: If the weights or bounds do not fit, or the baseline's ECI is no base for a ratio.
    """
    raw, place = [each.indicators for each in measures], frame.settings.baseline_place
    with naming(frame.source):
        bounds = bounds_of(measures, frame)
        weights = weights_of([each.indicators for each in measures if each.observed], bounds, frame)
        undefined = [(m.epoch, lacking(i, weights)) for m, i in zip(measures, raw, strict=True)]
        missing = undefined[place][1]
        result: dict[str, Any] = {
            "baseline": measures[place].epoch,
            "indicators": [{"epoch": m.epoch, **asdict(i)} for m, i in zip(measures, raw, strict=True)],
            "bounds": {name: asdict(value) for name, value in bounds.items()},
            "bounds_fitted": [name for name, value in frame.settings.bounds.items() if value == "fitted"],
            "weights": asdict(weights),
            "weights_from": "entropy" if frame.settings.weights == "entropy" else "given",
            "undefined": [{"epoch": epoch, "indicators": names} for epoch, names in undefined if names],
        }
        if missing:
            return result | {"series": _structure(measures, frame, bounds, weights), "missing": missing}
        result["series"] = {
            form: [
                {"epoch": m.epoch, **asdict(value)}
                for m, value in zip(
                    measures,
                    integrity_series(raw, bounds=bounds, weights=weights, form=form, baseline=place),
                    strict=True,
                )
            ]
            for form in FORMS
        }
    return result | {"missing": []}


def weights_of(raw: Sequence[Indicators], bounds: dict[str, Bounds], frame: Frame) -> Weights:
    """The weights in use: given, equal, or by entropy.

    Raises:
        InputError: If they are wanted by entropy, and the epochs do not have all indicators.
    """
    wanted = frame.settings.weights
    if wanted == "entropy":
        if absent := sorted({name for each in raw for name in lacking(each, Weights())}):
            raise InputError(f"{frame.source}: weights: entropy needs all indicators, {', '.join(absent)} is missing.")
        return entropy_weights([normalise(each, bounds) for each in raw])
    assert isinstance(wanted, dict)
    return Weights(**wanted)


def bounds_of(measures: Sequence[Measures], frame: Frame) -> dict[str, Bounds]:
    """The default bounds, that of E from the baseline, and those of the site file over both.

    The types are all that the site can have, not those that occur: a new epoch must not rescale the earlier ones.
    """
    first = measures[frame.settings.baseline_place].resilience
    bounds = dict(DEFAULT_BOUNDS) | {"e": Bounds(0, 1)}
    if not math.isnan(first["e"]):
        bounds["e"] = elasticity_bounds(
            types=len(frame.types.names),
            best_score=max(frame.types.scores.scores[name] for name in frame.types.names),
            c1=first["c1"],
            c2=first["c2"],
            h_exponent=frame.settings.h_exponent,
        )
    for name, value in frame.settings.bounds.items():
        series = [getattr(each.indicators, name) for each in measures if each.observed]
        bounds[name] = fitted_bounds(series) if value == "fitted" else Bounds(**value.model_dump())
    return bounds


def _structure(
    measures: Sequence[Measures], frame: Frame, bounds: dict[str, Bounds], weights: Weights
) -> dict[str, list[dict[str, Any]]]:
    """SC alone, in both forms."""
    scores = [normalise(each.indicators, bounds) for each in measures]
    first = scores[frame.settings.baseline_place]
    of_form = {"published": scores, "departure": [depart(each, first) for each in scores]}
    return {
        form: [{"epoch": m.epoch, "sc": weigh(each, weights)[0]} for m, each in zip(measures, series, strict=True)]
        for form, series in of_form.items()
    }


def lacking(indicators: Indicators, weights: Weights) -> list[str]:
    """Indicators that have weight and are not defined."""
    return [name for name in needed(weights) if math.isnan(getattr(indicators, name))]

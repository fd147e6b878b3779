"""The Monte Carlo run of a site: how far E, ECI and ThV can be off, and what contributes most."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.ecology import naming
from pitscape.frame import Frame
from pitscape.integrity import FORMS, bounds_of, lacking, weights_of
from pitscape.measures import Measures
from pitscape.observed_epochs import observed_part
from pitscape.resilience.climate import ClimateWindow
from pitscape.resilience.ensemble import Ensemble
from pitscape.resilience.factors import ClimateDraws, IndexDraws, ScoreDraws, ShareDraws, WeightDraws
from pitscape.resilience.propagation import Draw, Inputs, Spread, extended, interacting, propagate
from pitscape.resilience.stages import POINTS
from pitscape.threshold_years import drawn_points, enough, key_of, year_functions

Function = Callable[[Inputs, Inputs], NDArray[np.float64]]
"""From the draws of the inputs and of the outputs to a further output of shape (n, ...)."""

OUTPUTS = ("h_bits", "eco_res", "e", "eci_published", "eci_departure", "thv_published", "thv_departure")

NOT_DRAWN = "pattern metrics other than SHEI, NPP, ET, runoff"


def uncertainty(
    measures: Sequence[Measures], frame: Frame, *, functions: Mapping[str, Function] | None = None
) -> dict[str, Any] | None:
    """Carry what is uncertain to E, ECI and ThV of all epochs, and to the years of the threshold points.

    Shares vary where a sample has adjusted them; mapped shares do not, and the result says so; epochs of which too little was observed are NaN. Further outputs, such
    as a national area from the draws of ``shares``, come from ``functions``; an output that is NaN in some draws has
    the share of draws in which it is defined.

    Returns:
        Inputs that vary, what does not, and per epoch and output the 5, 50 and 95 % quantiles with the first-order
        shares of the variance; the same of the years of the points, by form of ThV. None for a site without shares.
    """
    every = [each.epoch for each in measures]
    measures, frame = observed_part(measures, frame)
    if not measures or not all(each.shares for each in measures):
        return None
    wanted, model = frame.settings.uncertainty, ensemble_of(measures, frame)
    inputs = _inputs(measures, frame, model)
    if not inputs:
        return None
    years = year_functions(frame.settings.mine.constants, [each.year for each in measures], FORMS)
    with naming(frame.source):
        found = propagate(extended(model, {**(functions or {}), **years}), inputs, draws=wanted.draws, seed=wanted.seed)
    names = [each.epoch for each in measures]
    series = {name: _series(found[name], names, every) for name in OUTPUTS if np.isfinite(found[name].median).any()}
    further = {name: _plain(found[name], ...) for name in functions or {}}
    varies = {name: bool(name in inputs) for name in ("shares", "ndvi", "climate", "scores", "weights")}
    return {
        "draws": wanted.draws,
        "seed": wanted.seed,
        "interval_percent": [5, 95],
        "varies": varies,
        "taken_as_known": NOT_DRAWN if varies["shares"] else "mapped shares, for want of a sample; " + NOT_DRAWN,
        "series": series,
        "further": further,
        "threshold_years": {
            form: _threshold_years(found, form, measures, frame) for form in FORMS if f"thv_{form}" in series
        },
    }


def ensemble_of(measures: Sequence[Measures], frame: Frame) -> Ensemble:
    """A site as a model of its uncertain inputs."""
    bounds = bounds_of(measures, frame)
    raw = [each.indicators for each in measures]
    return Ensemble(
        shares=np.array([frame.types.vector(each.shares) for each in measures]),
        scores=frame.types.score_rows()[0],
        ndvi=np.array([each.vegetation.value for each in measures]),
        climate=np.array([[each.resilience["c1"], each.resilience["c2"]] for each in measures]),
        weights=weights_of(raw, bounds, frame),
        indicators=tuple(raw),
        bounds=bounds,
        classes=frame.types.pattern_places(),
        baseline=frame.settings.baseline_place,
        h_exponent=frame.settings.h_exponent,
    )


def _inputs(measures: Sequence[Measures], frame: Frame, model: Ensemble) -> dict[str, Draw]:
    """What varies: only inputs that can change an output of this site."""
    settings = frame.settings.uncertainty
    inputs: dict[str, Draw] = {}
    covariance = [each.covariance for each in measures]
    if any(each is not None for each in covariance):
        none = np.zeros((model.shares.shape[1],) * 2)
        filled = np.array([none if each is None else each for each in covariance])
        inputs["shares"] = ShareDraws(model.shares, filled)
    known = [each.elastic is not None for each in measures]
    if any(known) and settings.ndvi_sd:
        inputs["ndvi"] = IndexDraws(model.ndvi, np.full(len(measures), settings.ndvi_sd))
    fixed = frame.settings.c1 is not None and frame.settings.c2 is not None
    if any(known) and not fixed:
        inputs["climate"] = _climate([w for m in measures if (w := frame.window(m.year)) is not None], frame)
    if len(rows := frame.types.score_rows()) > 1:
        inputs["scores"] = ScoreDraws(rows)
    if not lacking(measures[frame.settings.baseline_place].indicators, model.weights):
        inputs["weights"] = WeightDraws(model.weights, settings.weight_concentration)
    return inputs


def _climate(windows: Sequence[ClimateWindow], frame: Frame) -> Draw:
    """Draws of C1 and C2; one that the site file fixes does not vary."""
    drawn, settings = ClimateDraws(windows), frame.settings

    def draw(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        values = drawn(rng, n)
        for term, given in enumerate((settings.c1, settings.c2)):
            if given is not None:
                values[..., term] = given
        return values

    return draw


def _threshold_years(
    found: Mapping[str, Spread], form: str, measures: Sequence[Measures], frame: Frame
) -> dict[str, Any]:
    """Years of the points over the draws of a form of ThV, and how they were found."""
    constants, spread = frame.settings.mine.constants, found[key_of(form)]
    known = (found[f"thv_{form}"].defined > 0).tolist()
    sufficient = enough(constants, [each.year for each in measures], known)
    names = drawn_points(constants) if sufficient else ()
    return {
        "method": "constants" if constants else "breaks",
        "status": "drawn" if sufficient else "insufficient data",
        "points": [_point(spread, name) for name in names],
    }


def _point(spread: Spread, name: str) -> dict[str, Any]:
    """The year of a point, and what contributes to whether a draw has it."""
    years, whether = (_plain(spread, (of, POINTS.index(name))) for of in range(2))
    return {"name": name, **years, "defined_first_order": whether["first_order"]}


def _series(spread: Spread, drawn: Sequence[str], epochs: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of all epochs; NaN for those that were not drawn."""
    known = {name: _plain(spread, place) for place, name in enumerate(drawn)}
    nothing = _unknown(known[drawn[0]])
    return [{"epoch": name, **known.get(name, nothing)} for name in epochs]


def _unknown(row: dict[str, Any]) -> dict[str, Any]:
    """The same keys with NaN."""
    return {key: _unknown(value) if isinstance(value, dict) else float("nan") for key, value in row.items()}


def _plain(spread: Spread, place: Any) -> dict[str, Any]:  # noqa: ANN401 - an index
    """Numbers of one place of an output, as JSON holds them."""
    return {
        "low": spread.low[place].tolist(),
        "median": spread.median[place].tolist(),
        "high": spread.high[place].tolist(),
        "defined": spread.defined[place].tolist(),
        "first_order": {name: each[place].tolist() for name, each in spread.first_order.items()},
        "first_order_se": {name: each[place].tolist() for name, each in spread.first_order_se.items()},
        "total": {name: each[place].tolist() for name, each in spread.total.items()},
        "interactions": interacting(spread)[place].tolist(),
    }

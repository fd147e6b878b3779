"""E, ECI and ThV of all epochs of a site for many draws of its inputs at once."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pitscape.resilience.bounds import Bounds
from pitscape.resilience.diversity import entropy_bits
from pitscape.resilience.elasticity import H_EXPONENT, SIGMA
from pitscape.resilience.integrity import LEAST_BASELINE, Indicators, Weights
from pitscape.resilience.propagation import Inputs

INDICATORS = tuple(each.name for each in fields(Indicators))
WEIGHT = {each.name: place for place, each in enumerate(fields(Weights))}


@dataclass(frozen=True, eq=False, slots=True)
class Ensemble:
    """A site as a model of drawn inputs; an input that is not drawn keeps its value here.

    Attributes:
        shares: Area shares of the types, input ``shares``, shape (epochs, types).
        scores: Resilience score of each type, input ``scores``, shape (types,).
        ndvi: Input ``ndvi``, shape (epochs,); NaN where there is none.
        climate: C1 and C2, input ``climate``, shape (epochs, 2), floored; NaN where there are none.
        weights: Of integrity, input ``weights``.
        indicators: Raw indicators of each epoch. E is computed, and SHEI moves by what drawn shares change of it; the
            others are taken as known.
        bounds: Fixed bounds by name of the indicator.
        classes: Land class of each type, from 0, shape (types,): SHEI is over classes.
        baseline: Place of the baseline epoch.
        sigma: Disturbance constant.
        h_exponent: Power with which H enters E.
    """

    shares: NDArray[np.float64]
    scores: NDArray[np.float64]
    ndvi: NDArray[np.float64]
    climate: NDArray[np.float64]
    weights: Weights
    indicators: tuple[Indicators, ...]
    bounds: Mapping[str, Bounds]
    classes: NDArray[np.integer]
    baseline: int = 0
    sigma: float = SIGMA
    h_exponent: float = H_EXPONENT

    def __call__(self, inputs: Inputs) -> dict[str, NDArray[np.float64]]:
        """Outputs of draws.

        Args:
            inputs: Draws with one leading axis n, of any of the inputs; the others are fixed.

        Returns:
            Each of shape (n, epochs): ``h_bits``, ``eco_res``, ``e``, and ``sc``, ``fc``, ``eci`` and ``thv`` of both
            forms as ``eci_published`` and so on. ThV is NaN where the baseline's ECI is within 1e-6 of 0.

        Source: Dong et al. (2025), eqs. 1-8, as :func:`pitscape.resilience.elasticity.elasticity` and
        :func:`pitscape.resilience.integrity.integrity_series` compute them one by one.
        """
        n = max((len(each) for each in inputs.values()), default=1)
        shares = inputs.get("shares", self.shares[None])
        scores = inputs.get("scores", self.scores[None])
        climate = inputs.get("climate", self.climate[None])
        h = entropy_bits(shares)
        diversity = h ** (self.h_exponent / 2)
        eco_res = diversity * np.einsum("nek,nk->ne", *_alike(shares, scores))
        mu = diversity * inputs.get("ndvi", self.ndvi[None]) / (climate[..., 0] * climate[..., 1])
        e = self.sigma * mu * eco_res
        outputs = {"h_bits": h, "eco_res": eco_res, "e": e, **self._integrity(e, inputs)}
        return {name: np.broadcast_to(each, (n, len(self.shares))) for name, each in outputs.items()}

    def _integrity(self, e: NDArray[np.float64], inputs: Inputs) -> dict[str, NDArray[np.float64]]:
        raw = np.array([astuple(each) for each in self.indicators])  # (epochs, indicators)
        scaled = {name: self.bounds[name].scale(raw[None, :, place]) for place, name in enumerate(INDICATORS)}
        scaled["e"] = self.bounds["e"].scale(e)
        if "shares" in inputs:
            change = self._evenness(inputs["shares"]) - self._evenness(self.shares[None])
            scaled["shei"] = self.bounds["shei"].scale(raw[:, 0] + change)
        weights = inputs.get("weights", np.array([astuple(self.weights)]))
        found = {}
        for form in ("published", "departure"):
            for name, values in self._weighed(scaled, weights, form).items():
                found[f"{name}_{form}"] = values
        return found

    def _weighed(
        self, scaled: Mapping[str, NDArray[np.float64]], weights: NDArray[np.float64], form: str
    ) -> dict[str, NDArray[np.float64]]:
        if form == "departure":
            first = slice(self.baseline, self.baseline + 1)
            scaled = {name: 1 - np.abs(each - each[:, first]) for name, each in scaled.items()}
        w = {name: weights[:, place, None] for name, place in WEIGHT.items()}
        sc = _sum(*((w[name], scaled[name]) for name in ("shei", "mpfd", "contag", "connect")))
        fc = _sum(*((w[name], scaled[name]) for name in ("npp", "q")))
        eci = _sum((w["sc"], sc), (w["fc"], fc), (w["e"], scaled["e"]))
        base = eci[:, self.baseline, None]
        thv = np.divide(eci, base, out=np.full(eci.shape, np.nan), where=np.abs(base) >= LEAST_BASELINE)
        return {"sc": sc, "fc": fc, "eci": eci, "thv": thv}

    def _evenness(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """SHEI over land classes, with the number of classes that each epoch has without draws."""
        member = np.equal.outer(self.classes, np.arange(self.classes.max() + 1)).astype(np.float64)
        present = np.count_nonzero(self.shares @ member, axis=-1)
        most = np.log2(np.maximum(present, 2))
        return np.asarray(entropy_bits(shares @ member) / most)


def _sum(*terms: tuple[NDArray[np.float64], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Sum of weight x value; what has no weight may be undefined."""
    return np.asarray(sum(np.where(weight == 0, 0.0, weight * value) for weight, value in terms))


def _alike(shares: NDArray[np.float64], scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both with as many draws as the longer one."""
    n = max(len(shares), len(scores))
    return np.broadcast_to(shares, (n, *shares.shape[1:])), np.broadcast_to(scores, (n, *scores.shape[1:]))

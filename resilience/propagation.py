"""Uncertainty carried through a model: draws of its inputs, spread of its outputs, and which input spreads them most."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Draw: TypeAlias = Callable[[np.random.Generator, int], NDArray[np.float64]]
"""Draws of one input: from a generator and a number n, values of shape (n, ...)."""

Inputs: TypeAlias = Mapping[str, NDArray[np.float64]]
Model: TypeAlias = Callable[[Inputs], Mapping[str, NDArray[np.float64]]]
"""From draws of all inputs, each of shape (n, ...), to outputs of shape (n, ...), row by row."""

QUANTILES = (0.05, 0.5, 0.95)
LEAST_DRAWS = 100


@dataclass(frozen=True, eq=False, slots=True)
class Spread:
    """Distribution of one output and where it comes from; every array has the output's own shape, without the draws.

    Attributes:
        low: 5 % quantile of the draws in which the output is defined; NaN where it is in none.
        median: 50 % quantile.
        high: 95 % quantile.
        defined: Share of the draws in which it is defined, in [0, 1].
        first_order: By input, the share of the variance that it explains alone, in [0, 1] up to the error of
            estimation; NaN where the output does not vary or is not defined in every draw.
        first_order_se: By input, standard error of ``first_order``.
        total: By input, the share that it explains alone or together with others.
    """

    low: NDArray[np.float64]
    median: NDArray[np.float64]
    high: NDArray[np.float64]
    defined: NDArray[np.float64]
    first_order: dict[str, NDArray[np.float64]]
    first_order_se: dict[str, NDArray[np.float64]]
    total: dict[str, NDArray[np.float64]]


def propagate(model: Model, inputs: Mapping[str, Draw], *, draws: int, seed: int) -> dict[str, Spread]:
    """Carry the spread of independent inputs through a model, and share its variance out among them.

    Two samples A and B of all inputs are drawn, and for each input a third that is A with this input from B. Each
    input has a random stream of its own, found from the seed and its name: adding one leaves the others' draws alone.

    Args:
        model: Vectorised over draws. An output may be NaN in some of them, such as a threshold that is not reached.
        inputs: How each is drawn; an input may be an array or a whole series.
        draws: n >= 100, size of A and of B; the model sees n (2 + number of inputs) rows, quantiles come from 2 n.
        seed: Equal seeds give equal results.

    Returns:
        The spread of each output.

    Raises:
        ValueError: If ``draws`` is below 100 or no input is given.

    Source: first order: Saltelli et al. (2010), Computer Physics Communications 181, table 2 (b); total: Jansen (1999)
    as given there (f).

    >>> def noise(size: float) -> Draw:
    ...     return lambda rng, n: size * rng.standard_normal(n)
    >>> found = propagate(
    ...     lambda x: {"y": x["a"] + x["b"]}, {"a": noise(1.0), "b": noise(2.0)}, draws=20_000, seed=1
    ... )
    >>> {name: round(float(share), 1) for name, share in found["y"].first_order.items()}  # 1 / 5 and 4 / 5
    {'a': 0.2, 'b': 0.8}
    """
    if draws < LEAST_DRAWS or not inputs:
        raise ValueError(f"draws must be at least {LEAST_DRAWS}, and one input must vary; got {draws} draws.")
    streams = {name: np.random.default_rng([seed, *name.encode()]) for name in inputs}
    a, b = ({name: draw(streams[name], draws) for name, draw in inputs.items()} for _ in range(2))
    of_a, of_b = model(a), model(b)
    found = {name: _spread(np.concatenate([of_a[name], of_b[name]])) for name in of_a}
    for name in inputs:
        mixed = model({**a, name: b[name]})
        for output, spread in found.items():
            shares = _shares(of_a[output], of_b[output], mixed[output])
            spread.first_order[name], spread.first_order_se[name], spread.total[name] = shares
    return found


def extended(model: Model, functions: Mapping[str, Callable[[Inputs, Inputs], NDArray[np.float64]]]) -> Model:
    """A model with further outputs that follow from its inputs and outputs, such as threshold years from ThV.

    Args:
        model: The model.
        functions: By name of the further output, from the draws of all inputs and of all outputs to an array (n, ...).

    >>> model = extended(lambda x: {"y": 2 * x["a"]}, {"last": lambda x, y: y["y"][:, -1] - x["a"][:, 0]})
    >>> model({"a": np.array([[1.0, 3.0]])})["last"]
    array([5.])
    """

    def both(inputs: Inputs) -> Mapping[str, NDArray[np.float64]]:
        outputs = model(inputs)
        return {**outputs, **{name: function(inputs, outputs) for name, function in functions.items()}}

    return both


def interacting(spread: Spread) -> NDArray[np.float64]:
    """Share of the variance that no input explains alone: 1 minus the sum of the first-order shares, at least 0."""
    alone = np.sum(list(spread.first_order.values()), axis=0)
    return np.asarray(np.maximum(1 - alone, 0.0))


def _spread(values: NDArray[np.float64]) -> Spread:
    known = np.isfinite(values)
    some = known.any(axis=0)
    filled = np.where(some, values, 0.0)  # an output without one defined draw has no quantiles
    quantiles = np.quantile if known.all() else np.nanquantile
    low, median, high = np.where(some, quantiles(filled, QUANTILES, axis=0), np.nan)
    return Spread(low, median, high, known.mean(axis=0), {}, {}, {})


def _shares(
    of_a: NDArray[np.float64], of_b: NDArray[np.float64], mixed: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """First-order share with its standard error, and total share, of the input in which ``mixed`` differs from A."""
    both = np.concatenate([of_a, of_b])
    variance: NDArray[Any] = np.asarray(both.var(axis=0))
    scale = np.maximum(np.abs(both).max(axis=0), 1e-300)
    variance = np.where(variance > (1e-12 * scale) ** 2, variance, np.nan)
    alone = (of_b - both.mean(axis=0)) * (mixed - of_a) / variance
    together = (of_a - mixed) ** 2 / (2 * variance)
    error = alone.std(axis=0) / np.sqrt(len(alone))
    return np.asarray(alone.mean(axis=0)), np.asarray(error), np.asarray(together.mean(axis=0))

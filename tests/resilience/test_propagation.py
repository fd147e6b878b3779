import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from pitscape.resilience.propagation import Draw, Inputs, extended, interacting, propagate

A, B = 7.0, 0.1


def uniform(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.uniform(-math.pi, math.pi, n)


def normal(size: float) -> Draw:
    return lambda rng, n: size * rng.standard_normal(n)


def ishigami(x: Inputs) -> dict[str, NDArray[np.float64]]:
    return {"y": np.sin(x["1"]) + A * np.sin(x["2"]) ** 2 + B * x["3"] ** 4 * np.sin(x["1"])}


def test_shares_of_a_function_whose_shares_are_known() -> None:
    """Ishigami and Homma (1990); closed forms as in Saltelli et al. (2008), Global Sensitivity Analysis."""
    one = (1 + B * math.pi**4 / 5) ** 2 / 2
    two = A**2 / 8
    together = B**2 * math.pi**8 * (1 / 18 - 1 / 50)
    variance = one + two + together
    alone = {"1": one / variance, "2": two / variance, "3": 0.0}
    total = {"1": (one + together) / variance, "2": two / variance, "3": together / variance}
    found = propagate(ishigami, {"1": uniform, "2": uniform, "3": uniform}, draws=50_000, seed=3)["y"]
    for name, share in alone.items():
        assert abs(found.first_order[name] - share) < 4 * found.first_order_se[name] < 0.03
        assert found.total[name] == pytest.approx(total[name], abs=0.02)
    assert interacting(found) == pytest.approx(together / variance, abs=0.03)


@pytest.mark.parametrize("seed", range(3))
def test_shares_of_a_sum_and_its_quantiles(seed: int) -> None:
    """Y = 1 + a + 2 b + 3 c of standard normals has variance 14 and shares 1, 4 and 9 fourteenths."""
    inputs = {"a": normal(1), "b": normal(2), "c": normal(3)}
    found = propagate(lambda x: {"y": 1 + x["a"] + x["b"] + x["c"]}, inputs, draws=40_000, seed=seed)["y"]
    for name, size in (("a", 1), ("b", 2), ("c", 3)):
        assert found.first_order[name] == pytest.approx(size**2 / 14, abs=0.03)
        assert found.total[name] == pytest.approx(size**2 / 14, abs=0.03)
    ends = [1 - 1.64485 * math.sqrt(14), 1.0, 1 + 1.64485 * math.sqrt(14)]
    assert [float(each) for each in (found.low, found.median, found.high)] == pytest.approx(ends, abs=0.1)


def test_standard_errors_hold_what_repetitions_show() -> None:
    inputs = {"a": normal(1), "b": normal(2)}
    found = [propagate(lambda x: {"y": x["a"] * (1 + x["b"])}, inputs, draws=2000, seed=s)["y"] for s in range(60)]
    shares = np.array([float(each.first_order["a"]) for each in found])
    said = np.mean([float(each.first_order_se["a"]) for each in found])
    assert shares.mean() == pytest.approx(1 / 5, abs=0.03)  # Var a = 1, Var a b = 4
    assert 0.7 < shares.std() / said < 1.4


def test_equal_seeds_give_equal_draws_and_a_further_input_leaves_them_alone() -> None:
    def run(model: Callable[[Inputs], dict[str, NDArray[np.float64]]], seed: int, **more: Draw) -> float:
        return float(propagate(model, {"a": normal(1), **more}, draws=500, seed=seed)["y"].high)

    def plain(x: Inputs) -> dict[str, NDArray[np.float64]]:
        return {"y": x["a"]}

    assert run(plain, 1) == run(plain, 1) == run(plain, 1, b=normal(5))
    assert run(plain, 1) != run(plain, 2)


def test_outputs_that_are_not_always_defined() -> None:
    def crossing(x: Inputs) -> dict[str, NDArray[np.float64]]:
        return {"year": np.where(x["a"] > 0, 2000 + x["a"], np.nan), "never": np.full(len(x["a"]), np.nan)}

    found = propagate(crossing, {"a": normal(1)}, draws=5000, seed=0)
    assert found["year"].defined == pytest.approx(0.5, abs=0.02)
    assert found["year"].median == pytest.approx(2000.6745, abs=0.03)  # of the upper half of a normal distribution
    assert math.isnan(found["year"].first_order["a"])
    assert (found["never"].defined, bool(np.isnan(found["never"].median))) == (0, True)


def test_what_does_not_vary_has_no_shares() -> None:
    found = propagate(lambda x: {"y": np.full((len(x["a"]), 2), 0.1)}, {"a": normal(1)}, draws=200, seed=0)["y"]
    assert found.low.tolist() == found.high.tolist() == [0.1, 0.1]
    assert np.isnan(found.first_order["a"]).all()


def test_functions_of_the_outputs_are_carried_along() -> None:
    model = extended(lambda x: {"y": x["a"]}, {"square": lambda x, y: y["y"] * x["a"]})
    found = propagate(model, {"a": normal(1)}, draws=20_000, seed=0)
    assert found["square"].median == pytest.approx(0.4549, abs=0.03)  # of chi squared with one degree of freedom


def test_too_few_draws_and_nothing_that_varies_are_refused() -> None:
    with pytest.raises(ValueError, match="draws must be at least 100"):
        propagate(ishigami, {"1": uniform}, draws=10, seed=0)
    with pytest.raises(ValueError, match="one input must vary"):
        propagate(ishigami, {}, draws=1000, seed=0)


def test_the_model_is_called_once_for_each_sample() -> None:
    calls = []

    def model(x: Inputs) -> dict[str, NDArray[np.float64]]:
        calls.append(len(x["a"]))
        return {"y": x["a"] + x["b"]}

    propagate(model, {"a": normal(1), "b": normal(1)}, draws=300, seed=0)
    assert calls == [300] * 4  # A, B, and A with each of the two inputs from B

import math
from dataclasses import replace

import pytest

from pitscape.resilience.entropy_weights import entropy_weights
from pitscape.resilience.integrity import Indicators

STILL = Indicators(shei=0.5, mpfd=0.5, contag=0.5, connect=0.5, npp=0.5, q=0.5, e=0.5)


def test_three_epochs_by_hand() -> None:
    """NPP 0.2, 0.3, 0.5: e = 1.029653 / ln 3, 1 - e = 0.06277; Q 0, 0.5, 0.5: e = ln 2 / ln 3, 1 - e = 0.36907."""
    series = [replace(STILL, npp=npp, q=q) for npp, q in ((0.2, 0.0), (0.3, 0.5), (0.5, 0.5))]
    found = entropy_weights(series)
    assert (found.npp, found.q) == pytest.approx((0.06277 / 0.43184, 0.36907 / 0.43184), abs=1e-5)
    assert (found.shei, found.mpfd, found.contag, found.connect) == (0.25, 0.25, 0.25, 0.25)
    assert (found.sc, found.fc, found.e) == (0, 1, 0)  # only FC changes


def test_nothing_that_changes_gives_equal_weights() -> None:
    found = entropy_weights([STILL, STILL])
    assert (found.shei, found.npp) == (0.25, 0.5)
    assert (found.sc, found.fc, found.e) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_an_indicator_that_is_always_zero_weighs_nothing() -> None:
    series = [replace(STILL, connect=0.0, shei=value) for value in (0.2, 0.8)]
    assert entropy_weights(series).connect == 0


@pytest.mark.parametrize("series", [[STILL], [STILL, replace(STILL, contag=math.nan)]])
def test_a_series_without_information_is_refused(series: list[Indicators]) -> None:
    with pytest.raises(ValueError, match="two epochs or more with all indicators: give the weights instead"):
        entropy_weights(series)

import math

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox
from scipy.stats import t as student

from pitscape.inference.scope.gradient import LEAST_EXCESS, follow
from pitscape.inference.scope.rings import Rings, rings_of

LAND = 1e5


def rings(shares: np.ndarray, land: float = LAND) -> Rings:
    """Rings whose eight sectors have equal land and the shares given, (ring, octant) or (ring,)."""
    wide = np.broadcast_to(np.asarray(shares, float).reshape(len(shares), -1), (len(shares), 8))
    return Rings(100.0, np.full(wide.shape, 1000), np.full(wide.shape, land), wide * land)


def test_the_scope_ends_where_change_does() -> None:
    gradient = follow(rings(np.array([0.5, 0.4, 0.3, 0.1, *[0.0] * 16])))
    assert (gradient.ends, gradient.cut_off_m, gradient.reached) == (4, 400.0, True)
    assert gradient.background.share == 0
    assert gradient.bound[0] == LEAST_EXCESS


def test_a_village_far_away_is_averaged_with_the_quiet_land_before_it() -> None:
    quiet = [0.5, 0.4, *[0.0] * 10, 0.04, *[0.0] * 7]
    assert follow(rings(np.array(quiet))).ends == 2


def test_the_bound_is_the_prediction_interval_of_a_ring() -> None:
    background = np.tile([0.0, 0.1], (5, 4))
    shares = np.vstack([np.full((15, 8), 0.05), background])
    gradient = follow(rings(shares))
    spread = math.sqrt(40 / 39) * 0.05  # by hand: 40 sectors at 0.05 about their mean 0.05
    by_hand = 0.05 + student.ppf(0.975, 39) * spread * math.sqrt(1 / 8 + 1 / 40)
    assert gradient.background.spread == pytest.approx(spread)
    assert gradient.bound[0] == pytest.approx(by_hand)
    assert gradient.ends == 0


def test_the_interval_of_the_background_takes_octants_as_replicates() -> None:
    shares = np.vstack([np.full((15, 8), 0.05), np.tile([0.0, 0.1], (5, 4))])
    background = follow(rings(shares)).background
    error = 0.05 * math.sqrt(8 / 7) / math.sqrt(8)  # by hand: eight octants at 0.05 about their mean
    assert background.high == pytest.approx(0.05 + student.ppf(0.975, 7) * error)
    assert background.low == pytest.approx(max(0.05 - student.ppf(0.975, 7) * error, 0))


def test_change_up_to_the_farthest_land_reaches_no_background() -> None:
    gradient = follow(rings(np.linspace(0.9, 0.3, 20)))
    assert not gradient.reached


def test_change_everywhere_alike_is_no_gradient() -> None:
    assert follow(rings(np.full(20, 1.0))).ends == 0


def test_no_change_at_all_is_no_gradient() -> None:
    gradient = follow(rings(np.zeros(20)))
    assert (gradient.ends, gradient.reached) == (0, True)
    assert gradient.attributable_m2() == (0.0, 0.0, 0.0)


def test_what_the_background_explains_is_taken_off() -> None:
    gradient = follow(rings(np.array([0.5, 0.4, *[0.1] * 18])))
    estimate, low, high = gradient.attributable_m2()
    assert estimate == pytest.approx((0.4 + 0.3) * 8 * LAND)  # by hand
    assert low == pytest.approx(estimate)
    assert high == pytest.approx(estimate)


def test_one_ring_of_land_is_its_own_background() -> None:
    assert follow(rings(np.array([0.3]))).ends == 0


def test_rings_hold_compared_land_that_was_reached() -> None:
    grid = GeoBox((1, 4), Affine(10, 0, 620_000, 0, -10, 5_010_000), "EPSG:32650")
    distance = np.array([[0, 10, 25, np.inf]], np.float32)
    land, changed = np.array([[False, True, True, True]]), np.array([[True, True, False, True]])
    found = rings_of(distance, land, changed, np.array([[0, 1, 2, 3]], np.uint8), grid=grid, width_m=20)
    assert found.cells.tolist() == [[0, 1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0]]
    assert found.land_m2.sum() == pytest.approx(200, rel=2e-3)
    assert found.changed_m2.sum() == found.land_m2[0, 1]

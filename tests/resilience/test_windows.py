import math

import numpy as np
import pytest
from numpy.typing import NDArray

from pitscape.resilience.elasticity import ScoreSet, elasticity
from pitscape.resilience.landscape import pattern_of
from pitscape.resilience.patches import find_patches
from pitscape.resilience.windows import elasticity_maps, half_window, window_maps, window_mean

SCORES = {0: 0.1, 1: 0.2, 2: 0.6, 7: 0.8}
CELL = (10.0, 20.0)
WINDOW = 100.0  # 5 rows, 9 columns: 4 beside the middle


def gappy_map(shape: tuple[int, int] = (30, 27)) -> NDArray[np.uint8]:
    rng = np.random.default_rng(1)
    classes = rng.choice(np.array(list(SCORES), np.uint8), shape)
    classes[rng.random(shape) < 0.3] = 255
    return classes


def test_each_window_is_a_landscape() -> None:
    classes = gappy_map()
    maps = window_maps(classes, cell_size=CELL, window=WINDOW, scores=SCORES, least_observed=0.0)
    for row, col in np.ndindex(classes.shape):
        if classes[row, col] == 255:
            assert all(np.isnan(each[row, col]) for each in maps.values())
            continue
        around = classes[max(row - 2, 0) : row + 3, max(col - 4, 0) : col + 5]
        expected = pattern_of(find_patches(around), cell_size=CELL).landscape
        for name in ("H", "SHEI", "CONTAG", "ED"):
            assert maps[name][row, col] == pytest.approx(expected[name], rel=1e-5, abs=1e-5, nan_ok=True)
        observed = around[around != 255]
        assert maps["SCORE"][row, col] == pytest.approx(np.mean([SCORES[int(each)] for each in observed]), rel=1e-5)


def test_hand_table() -> None:
    """3 x 3 cells of 100 m, a window that holds them all in the middle."""
    maps = window_maps(np.array([[1, 1, 1], [1, 2, 1], [1, 1, 1]]), cell_size=100.0, window=300.0)
    h = -(8 / 9 * math.log2(8 / 9) + 1 / 9 * math.log2(1 / 9))
    q = [8 / 9 * 16 / 20, 8 / 9 * 4 / 20, 1 / 9]
    assert maps["H"][1, 1] == pytest.approx(h)
    assert maps["SHEI"][1, 1] == pytest.approx(h)
    assert maps["ED"][1, 1] == pytest.approx(400 / 9)
    assert maps["CONTAG"][1, 1] == pytest.approx(100 * (1 + sum(x * math.log(x) for x in q) / (2 * math.log(2))))
    assert maps["ED"][0, 0] == pytest.approx(200 / 4)


@pytest.mark.parametrize("step", [1, 7, 30])
def test_bands_of_rows_and_threads_give_the_same_maps(step: int) -> None:
    classes = gappy_map((150, 20))
    whole = window_maps(classes, cell_size=CELL, window=WINDOW, threads=1)
    again = [
        window_maps(classes, cell_size=CELL, window=WINDOW, rows=slice(first, first + step), threads=2)
        for first in range(0, 150, step)
    ]
    for name, each in whole.items():
        np.testing.assert_array_equal(np.concatenate([band[name] for band in again]), each)


def test_windows_with_too_little_observed_are_unknown() -> None:
    classes = np.full((3, 5), 255, np.uint8)
    classes[1, :3] = 1
    maps = window_maps(classes, cell_size=10.0, window=30.0, least_observed=1 / 3)
    assert np.isfinite(maps["H"]).tolist() == [[False] * 5, [False, True, False, False, False], [False] * 5]


def test_one_class_and_nodata_alone() -> None:
    one = window_maps(np.full((4, 4), 3), cell_size=10.0, window=30.0, least_observed=0.0)
    assert (one["H"] == 0).all()
    assert (one["SHEI"] == 0).all()
    assert (one["ED"] == 0).all()
    assert np.isnan(one["CONTAG"]).all()
    assert all(np.isnan(each).all() for each in window_maps(np.full((4, 4), 255), cell_size=10.0, window=30.0).values())


def test_a_window_as_large_as_the_map() -> None:
    classes = gappy_map((9, 9))
    maps = window_maps(classes, cell_size=10.0, window=1e4, least_observed=0.0)
    expected = pattern_of(find_patches(classes), cell_size=10.0).landscape
    for name in ("H", "SHEI", "CONTAG", "ED"):
        np.testing.assert_allclose(maps[name][classes != 255], expected[name], rtol=1e-6)


def test_mean_of_the_window() -> None:
    rng = np.random.default_rng(0)
    values = np.where(rng.random((20, 17)) < 0.2, np.nan, rng.random((20, 17)))
    found = window_mean(values, cell_size=CELL, window=WINDOW)
    for row, col in np.ndindex(values.shape):
        around = values[max(row - 2, 0) : row + 3, max(col - 4, 0) : col + 5]
        assert found[row, col] == pytest.approx(np.nanmean(around), rel=1e-5)
    np.testing.assert_allclose(window_mean(values, cell_size=CELL, window=WINDOW, rows=slice(5, 9)), found[5:9])
    assert np.isnan(window_mean(np.full((3, 3), np.nan), cell_size=10.0, window=30.0)).all()


def test_elasticity_of_a_window_is_that_of_its_shares() -> None:
    classes = gappy_map((5, 9))
    maps = window_maps(classes, cell_size=CELL, window=1e4, scores=SCORES, least_observed=0.0)
    found = elasticity_maps(maps, ndvi=np.full(classes.shape, 0.4, np.float32), c1=0.2, c2=0.005, h_exponent=1.0)
    ids, counts = np.unique(classes[classes != 255], return_counts=True)
    shares = {str(i): n / counts.sum() for i, n in zip(ids.tolist(), counts.tolist(), strict=True)}
    scores = ScoreSet("test", {str(i): score for i, score in SCORES.items()}, "test")
    expected = elasticity(shares, ndvi=0.4, c1=0.2, c2=0.005, scores=scores, h_exponent=1.0)
    np.testing.assert_allclose(found["E"][classes != 255], expected.e, rtol=1e-5)
    np.testing.assert_allclose(found["ECO_RES"][classes != 255], expected.eco_res, rtol=1e-5)
    assert "E" not in elasticity_maps(maps)
    with pytest.raises(ValueError, match=r"fractions above 0 and below 2, got 20\.0"):
        elasticity_maps(maps, ndvi=maps["H"], c1=20.0, c2=0.1)


@pytest.mark.parametrize(("window", "half"), [(300.0, 1), (399.0, 1), (500.0, 2), (700.0, 3)])
def test_windows_are_an_odd_number_of_cells(window: float, half: int) -> None:
    assert half_window(window, 100.0) == (half, half)


@pytest.mark.parametrize("window", [0.0, 29.0, float("nan"), float("inf")])
def test_windows_below_three_cells_are_refused(window: float) -> None:
    with pytest.raises(ValueError, match="at least three cells of 10 m wide"):
        window_maps(np.ones((4, 4), int), cell_size=10.0, window=window)


def test_classes_without_a_score_and_too_many_are_refused() -> None:
    with pytest.raises(ValueError, match="No resilience score for class 2"):
        window_maps(np.array([[1, 2]]), cell_size=10.0, window=30.0, scores={1: 0.5})
    with pytest.raises(ValueError, match="65 classes in a moving window"):
        window_maps(np.arange(65).reshape(5, 13), cell_size=10.0, window=30.0)

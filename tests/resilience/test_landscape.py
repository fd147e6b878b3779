import math
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from pitscape.resilience.landscape import LandscapeMetrics, connectance, contagion, fractal_dimension, landscape_metrics

maps = arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.sampled_from([0, 1, 2, 255]))


def measured(classes: NDArray[np.uint8], cell_size: tuple[float, float] = (20.0, 30.0)) -> list[float]:
    return list(asdict(landscape_metrics(classes, cell_size=cell_size, connect_distance=70.0)).values())


def test_metrics_of_fragstats(reference: SimpleNamespace) -> None:
    ours = landscape_metrics(reference.classes, cell_size=reference.cell_size, nodata=0)
    theirs = reference.landscape
    assert (ours.patches, ours.richness) == (theirs.NP, theirs.PR)
    assert ours.total_area_m2 / 1e4 == pytest.approx(theirs.TA, abs=5e-5)
    for value, expected in (
        (ours.shdi, theirs.SHDI),
        (ours.shei, theirs.SHEI),
        (ours.frac_mn, theirs.FRAC_MN),
        (ours.contag, theirs.CONTAG),
    ):
        assert value == pytest.approx(expected, abs=5e-5)
    assert ours.h_bits == pytest.approx(ours.shdi / math.log(2), rel=1e-12)


def test_area_weighted_fractal_dimension_of_fragstats_patches(reference: SimpleNamespace) -> None:
    ours = landscape_metrics(reference.classes, cell_size=reference.cell_size, nodata=0)
    patch = reference.by_patch
    assert ours.frac_am == pytest.approx((patch.FRAC * patch.AREA).sum() / patch.AREA.sum(), abs=5e-5)
    assert ours.tiny_patches == (patch.AREA <= 0.0004).sum()


def test_hand_table() -> None:
    metrics = landscape_metrics(np.array([[1, 1, 2], [2, 2, 1], [1, 1, 255]]), cell_size=10.0)
    assert metrics.total_area_m2 == 800
    assert metrics.h_bits == pytest.approx(0.954434, abs=5e-7)  # shares 5/8 and 3/8
    assert metrics.frac_mn == pytest.approx((2 * math.log(40) / math.log(500) + 2 * math.log(25) / math.log(300)) / 2)
    q = [5 / 8 * 4 / 11, 5 / 8 * 7 / 11, 3 / 8 * 7 / 9, 3 / 8 * 2 / 9]
    assert metrics.contag == pytest.approx(100 * (1 + sum(x * math.log(x) for x in q) / (2 * math.log(2))))
    assert math.isnan(metrics.connect)


@settings(deadline=None)
@given(maps)
def test_flips_transposes_names_and_frames_change_nothing(classes: NDArray[np.uint8]) -> None:
    classes[0, 0] = 1
    expected = pytest.approx(measured(classes), rel=1e-12, nan_ok=True)
    assert measured(classes[::-1]) == expected
    assert measured(classes[:, ::-1]) == expected
    assert measured(classes.T, (30.0, 20.0)) == expected
    assert measured(np.pad(classes, 3, constant_values=255)) == expected
    assert measured(np.where(classes == 255, 255, 9 - classes)) == expected


@settings(deadline=None)
@given(maps)
def test_metrics_keep_their_ranges(classes: NDArray[np.uint8]) -> None:
    classes[0, 0] = 1
    metrics = landscape_metrics(classes, cell_size=30.0)
    assert 0 <= metrics.shei <= 1 + 1e-12
    assert 1 - 1e-12 <= metrics.frac_am <= 2
    assert math.isnan(metrics.contag) or -1e-9 <= metrics.contag <= 100
    assert math.isnan(metrics.connect) or 0 <= metrics.connect <= 100


def test_one_class() -> None:
    metrics = landscape_metrics(np.full((4, 4), 3), cell_size=30.0)
    assert (metrics.shdi, metrics.h_bits, metrics.shei) == (0.0, 0.0, 0.0)
    assert metrics.frac_mn == metrics.frac_am == 1.0
    assert math.isnan(metrics.contag)
    assert math.isnan(metrics.connect)


def test_no_observed_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="No cell is observed"):
        landscape_metrics(np.full((4, 4), 255), cell_size=30.0)


def test_fractal_dimension_near_one_square_metre() -> None:
    areas, perimeters = np.array([1.0, 1.0, 0.25, 100 * 0.1 * 0.1]), np.array([4.0, 5.0, 2.0, 4.0])
    np.testing.assert_allclose(fractal_dimension(areas, perimeters), [1.0, np.nan, 1.0, 1.0])


def test_small_patches_are_counted() -> None:
    metrics = landscape_metrics(np.array([[1, 2, 2, 2, 2, 2]]), cell_size=1.0)
    assert isinstance(metrics, LandscapeMetrics)
    assert metrics.tiny_patches == 1


def test_contagion_of_cells_that_do_not_meet() -> None:
    assert math.isnan(contagion(np.array([0.5, 0.5]), np.zeros((2, 2), np.int64)))
    lonely = contagion(np.array([0.5, 0.5]), np.array([[8, 0], [0, 0]]))
    assert lonely == pytest.approx(100 * (1 + 0.5 * math.log(0.5) / (2 * math.log(2))))


def test_connectance_ends() -> None:
    assert connectance(0, 3) == 0
    assert connectance(3, 3) == 100
    assert math.isnan(connectance(0, 0))

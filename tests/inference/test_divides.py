import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.morphology import local_minima, reconstruction
from skimage.segmentation import watershed

from pitscape.inference.scope.divides import _hollows, watershed_divides

ROWS, COLUMNS = np.mgrid[:40, :60].astype(np.float32)
EVERYWHERE = np.ones((40, 60), np.bool_)


def test_the_crest_between_two_valleys_is_the_divide() -> None:
    valleys = (100 * np.cos(2 * np.pi * COLUMNS / 40) + 100).astype(np.float32)  # floors at 20, crest at 40
    divides = watershed_divides(valleys, EVERYWHERE, smooth_cells=1, depth_m=20)
    inner = divides[:, 25:55]
    assert (inner.sum(axis=1) == 1).all()
    assert np.abs(np.nonzero(inner)[1] + 25 - 40).max() <= 1


def test_hollows_that_are_too_shallow_make_no_divide() -> None:
    slope = ROWS + 5 * np.cos(2 * np.pi * COLUMNS / 20)
    assert watershed_divides(slope.astype(np.float32), EVERYWHERE, smooth_cells=0.5, depth_m=30).sum() == 0


def test_level_or_unknown_land_has_no_divide() -> None:
    level = np.full((40, 60), 100, np.float32)
    assert not watershed_divides(level, EVERYWHERE, smooth_cells=2, depth_m=10).any()
    assert not watershed_divides(level, ~EVERYWHERE, smooth_cells=2, depth_m=10).any()


def test_unknown_land_bears_no_divide() -> None:
    valleys = (100 * np.cos(2 * np.pi * COLUMNS / 40) + 100).astype(np.float32)
    known = EVERYWHERE.copy()
    known[:20, 30:50] = False
    divides = watershed_divides(valleys, known, smooth_cells=1, depth_m=20)
    assert not divides[:20, 31:49].any()
    assert divides[22:, 38:43].any(axis=1).all()


@pytest.mark.parametrize("seed", range(5))
def test_hollows_and_basins_are_those_of_scikit_image(seed: int) -> None:
    rough = gaussian_filter(np.random.default_rng(seed).standard_normal((90, 70)), 6)
    elevation = np.round(3000 * (rough - rough.min())).astype(np.float32)
    relief = elevation.astype(np.uint16)
    flooded = reconstruction(relief + 60.0, relief, method="erosion", footprint=np.ones((3, 3)))
    hollows = _hollows(relief, 60)
    assert np.array_equal(hollows > 0, local_minima(flooded, connectivity=2))
    basins = watershed(relief, hollows, connectivity=2)
    theirs = np.zeros(relief.shape, np.bool_)
    theirs[:, :-1] |= basins[:, :-1] != basins[:, 1:]
    theirs[:-1] |= basins[:-1] != basins[1:]
    ours = watershed_divides(elevation, np.ones(relief.shape, np.bool_), smooth_cells=0, depth_m=60)
    assert hollows.max() > 1
    near = np.pad(ours, 1)
    near = np.logical_or.reduce([near[1 + i : 91 + i, 1 + j : 71 + j] for i in (-1, 0, 1) for j in (-1, 0, 1)])
    assert near[theirs].mean() > 0.95  # where cells are level they may part one cell aside

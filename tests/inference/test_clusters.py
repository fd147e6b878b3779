import numpy as np
import pytest
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy import stats
from small_scenes import grid

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import row_band
from pitscape.inference.sample.accuracy import assess_clusters
from pitscape.inference.sample.clusters import (
    ClusteredLand,
    block_cells,
    cluster_draws,
    effective_units,
    labelled_blocks,
)

MAPPED = np.array([[0, 0, 1, 1], [0, 1, 1, 9], [0, 0, 0, 1]], np.uint8)
REFERENCE = np.array([[0, 1, 1, 255], [0, 1, 0, 1], [255, 0, 0, 0]], np.uint8)


def land(labelled: NDArray[np.float64], areas: list[float]) -> ClusteredLand:
    cells = np.rint(labelled.sum(0)).astype(np.int64)
    return ClusteredLand(tuple("abc"[: len(areas)]), np.array(areas), labelled, cells)


@pytest.mark.parametrize("rows", [1, 3])
def test_blocks_by_hand(rows: int) -> None:
    """Blocks of 2 x 2 cells, the last row alone; what is unlabelled or unmapped counts for nothing."""
    where = grid(3, 4)

    def bands() -> list[tuple[NDArray[np.uint8], NDArray[np.uint8], GeoBox]]:
        starts = range(0, 3, rows)
        return [(MAPPED[s : s + rows], REFERENCE[s : s + rows], row_band(where, s, s + rows)) for s in starts]

    found, cells = labelled_blocks(iter(bands()), 2, 2)
    per_cell = float(cell_areas(where)[0, 0])
    expected = [[[2, 1], [0, 1]], [[0, 0], [1, 1]], [[1, 0], [0, 0]], [[1, 0], [1, 0]]]
    np.testing.assert_allclose(found / per_cell, expected, rtol=1e-6)
    assert cells.tolist() == [[4, 1], [2, 2]]


def test_the_side_of_a_block_is_on_the_ground() -> None:
    """Cells of EPSG:3857 at 52 degrees north are .62 as wide on the ground."""
    assert block_cells(grid(40, 40), 100) == 10
    mercator = GeoBox.from_bbox((1_700_000, 6_800_000, 1_700_400, 6_800_400), "EPSG:3857", resolution=10)
    assert block_cells(mercator, 100) == 16
    assert block_cells(grid(40, 40), 1) == 1


def test_blocks_of_one_cell_are_points() -> None:
    """20 of 100 cells of a single mapped class: Beta(20.5, 80.5)."""
    labelled = np.zeros((100, 2, 2))
    labelled[:20, 0, 0], labelled[20:, 0, 1] = 1, 1
    found = assess_clusters(land(labelled, [1.0, 0.0]), draws=20_000, seed=0).classes[0].share
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx(stats.beta(20.5, 80.5).interval(0.95), abs=0.01)


def test_blocks_that_agree_are_not_certain() -> None:
    labelled = np.zeros((8, 2, 2))
    labelled[:, 0, 0], labelled[:, 1, 1] = 500, 300
    found = assess_clusters(land(labelled, [1.0, 2.0]), draws=2000, seed=0)
    assert found.overall.value == 1
    assert found.overall.low < 0.95
    assert np.isnan(found.overall.wald_half_width)


def test_effective_units_lie_between_blocks_and_cells() -> None:
    """Blocks of 50 cells, each of one label throughout: one unit each; mixed at random: about one unit per cell."""
    random = np.random.default_rng(0)
    labelled = np.zeros((200, 2, 2))
    whole = random.random(200) < 0.3
    labelled[whole, 0, 0], labelled[~whole, 0, 1] = 50, 50
    assert effective_units(land(labelled, [1.0, 0.0]))[0] == pytest.approx(200, rel=0.01)
    some = random.binomial(50, 0.3, 200)
    labelled[:, 0, 0], labelled[:, 0, 1] = some, 50 - some
    assert effective_units(land(labelled, [1.0, 0.0]))[0] == pytest.approx(10_000, rel=0.3)


def test_intervals_of_blocks_cover_and_those_of_pixels_would_not() -> None:
    """Blocks of 100 cells whose share of b is Beta(1, 4), mean .2: 60 of them in each of 300 samples."""
    random, hits, naive = np.random.default_rng(0), 0, 0
    for number in range(300):
        wrong = random.binomial(100, random.beta(1, 4, 60)).astype(np.float64)
        labelled = np.zeros((60, 2, 2))
        labelled[:, 0, 1], labelled[:, 0, 0] = wrong, 100 - wrong
        each = assess_clusters(land(labelled, [1.0, 0.0]), draws=1000, seed=number).classes[1].share
        hits += each.low <= 0.2 <= each.high
        low, high = stats.beta(wrong.sum() + 0.5, 6000 - wrong.sum() + 0.5).interval(0.95)
        naive += low <= 0.2 <= high
    assert 0.90 < hits / 300 < 0.99
    assert naive / 300 < 0.5


def test_draws_have_the_mapped_areas() -> None:
    labelled = np.zeros((4, 2, 2))
    labelled[:, 0, 0], labelled[:, 1, 0] = 5, 7
    for drawn in cluster_draws(land(labelled, [3.0, 1.0]), draws=100, seed=0):
        np.testing.assert_allclose(drawn.sum(2), [[0.75, 0.25]] * len(drawn))


def test_too_little_labelled_land_is_refused() -> None:
    labelled = np.zeros((3, 2, 2))
    labelled[:, 0, 0] = 5
    with pytest.raises(InputError, match=r"class b: is mapped on 25 % of the area, and no cell of it is labelled"):
        land(labelled, [3.0, 1.0])
    with pytest.raises(InputError, match="--cluster-size: the labelled land lies in 1 block"):
        land(labelled[:1], [3.0, 0.0])

import numpy as np
import pytest

from pitscape.inference.tiles import Tiles


@pytest.mark.parametrize(("tile", "overlap"), [(8, 0), (8, 2), (8, 4), (8, 7), (5, 3), (1, 0)])
def test_every_pixel_of_every_size_is_covered_with_a_weight(tile: int, overlap: int) -> None:
    """For all sides from 1 to three tiles and 2 (the sizes at which others leave gaps)."""
    for size in range(1, 3 * tile + 3):
        tiles = Tiles(height=size, width=2 * tile, tile=tile, overlap=overlap)
        weights = np.zeros((size, 2 * tile))
        rows, columns = tiles.shape
        for top in tiles.tops:
            for left in tiles.lefts:
                assert 0 <= top <= size - rows
                weights[top : top + rows, left : left + columns] += tiles.weight
        assert (weights > 0).all()


def test_weights_are_symmetric_and_nowhere_zero() -> None:
    weight = Tiles(height=100, width=100, tile=16, overlap=4).weight
    np.testing.assert_array_equal(weight, weight[::-1])
    np.testing.assert_array_equal(weight, weight.T)
    assert weight.min() > 0
    assert weight.max() == 1


def test_neighbours_overlap_by_at_least_what_was_asked() -> None:
    starts = Tiles(height=1, width=481, tile=256, overlap=16).lefts
    assert starts == (0, 225)
    assert max(np.diff(Tiles(height=1, width=5000, tile=256, overlap=64).lefts)) <= 192


@pytest.mark.parametrize(("tile", "overlap"), [(0, 0), (8, 8), (8, -1)])
def test_impossible_tiles_are_refused(tile: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="0 <= overlap < tile"):
        Tiles(height=9, width=9, tile=tile, overlap=overlap)

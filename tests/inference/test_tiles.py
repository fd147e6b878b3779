import numpy as np
import pytest

from pitscape.inference.tiles import Area, Tiles


@pytest.mark.parametrize(("tile", "overlap"), [(8, 0), (8, 2), (8, 4), (8, 7), (5, 3), (1, 0), (16, 8), (9, 8)])
def test_the_weights_of_every_pixel_of_every_size_sum_to_one(tile: int, overlap: int) -> None:
    """For all heights and widths from 1 to three tiles and 2 (the sizes at which others leave gaps)."""
    for height in range(1, 3 * tile + 3):
        for width in {height, 3 * tile + 3 - height}:
            tiles = Tiles(height=height, width=width, tile=tile, overlap=overlap)
            total = np.zeros((height, width))
            for row in range(len(tiles.tops)):
                for column in range(len(tiles.lefts)):
                    area, weight = tiles.area(row, column), tiles.weight(row, column)
                    assert area.bottom <= height
                    assert area.right <= width
                    assert weight.min() >= 0
                    total[area.rows, area.columns] += weight
            np.testing.assert_allclose(total, 1, atol=1e-6)


def test_the_halo_of_a_tile_counts_nothing_but_at_the_border_of_the_scene() -> None:
    tiles = Tiles(height=100, width=100, tile=40, overlap=16)
    inner, corner = tiles.weight(1, 1), tiles.weight(0, 0)
    assert (inner[:4] == 0).all()
    assert (inner[:, -4:] == 0).all()
    assert (inner[4:-4, 4:-4] > 0).all()
    assert corner[0, 0] == 1
    assert (corner[-4:] == 0).all()


def test_the_tiles_of_an_area_are_those_that_share_pixels_with_it() -> None:
    tiles = Tiles(height=50, width=70, tile=16, overlap=6)
    rng = np.random.default_rng(0)
    for _ in range(200):
        top, left = rng.integers(0, 50), rng.integers(0, 70)
        area = Area(top, int(rng.integers(top + 1, 51)), left, int(rng.integers(left + 1, 71)))
        rows, columns = tiles.touching(area)
        expected = [n for n, t in enumerate(tiles.tops) if t < area.bottom and t + 16 > area.top]
        assert list(rows) == expected
        expected = [n for n, t in enumerate(tiles.lefts) if t < area.right and t + 16 > area.left]
        assert list(columns) == expected


def test_neighbours_overlap_by_at_least_what_was_asked() -> None:
    starts = Tiles(height=1, width=481, tile=256, overlap=16).lefts
    assert starts == (0, 225)
    assert max(np.diff(Tiles(height=1, width=5000, tile=256, overlap=64).lefts)) <= 192


@pytest.mark.parametrize(("tile", "overlap"), [(0, 0), (8, 8), (8, -1)])
def test_impossible_tiles_are_refused(tile: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="0 <= overlap < tile"):
        Tiles(height=9, width=9, tile=tile, overlap=overlap)

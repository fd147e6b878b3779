import numpy as np
import pytest
from numpy.typing import NDArray

from pitscape.imagery.simulated.district import District, side_of_pieces
from pitscape.imagery.simulated.terrain.land import simulate_territory
from pitscape.imagery.simulated.terrain.surfaces import Surface

OPENS, COMPLETE = 2015.8, 2024.6
SIZE, SIDE = 160, 66


@pytest.fixture(scope="module")
def district() -> District:
    return District(11, SIZE, SIDE, OPENS, COMPLETE)


@pytest.fixture(scope="module")
def surface(district: District) -> NDArray[np.uint8]:
    """The finished site, with 99 where nothing was drawn."""
    whole = np.full((SIZE, SIZE), 99, np.uint8)
    for piece in district.pieces():
        assert (whole[piece.rows, piece.columns] == 99).all()
        whole[piece.rows, piece.columns] = piece.territory.surface_at(2024.7)[piece.inside]
    return whole


def test_sites_up_to_2048_are_one_piece() -> None:
    assert [side_of_pieces(size) for size in (64, 2048, 2049, 20_000)] == [64, 2048, 768, 768]
    [piece] = District(7, 64, 64, OPENS, COMPLETE).pieces()
    alone = simulate_territory((7, 0), 64, opens=OPENS, complete=COMPLETE)
    np.testing.assert_array_equal(piece.territory.surface_at(2024), alone.surface_at(2024))


def test_pieces_cover_the_site_once(surface: NDArray[np.uint8]) -> None:
    assert set(np.unique(surface)) <= set(Surface)


def test_a_piece_drawn_by_itself_is_that_part_of_the_whole(district: District, surface: NDArray[np.uint8]) -> None:
    for row, column in ((2, 2), (0, 1)):
        piece = district.piece(row, column)
        part = surface[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
        np.testing.assert_array_equal(piece.territory.surface_at(2024.7)[piece.inside], part)


def test_every_whole_piece_has_a_mine_of_its_own(district: District, surface: NDArray[np.uint8]) -> None:
    pits = [surface[r : r + SIDE, c : c + SIDE] == Surface.PIT for r in (0, SIDE) for c in (0, SIDE)]
    assert all(0.03 < pit.mean() < 0.15 for pit in pits)
    assert not np.array_equal(pits[0], pits[1])
    assert [piece.number for piece in district.pieces()] == list(range(1, 10))


def test_roads_go_on_beyond_the_border(district: District, surface: NDArray[np.uint8]) -> None:
    built = np.isin(surface, (Surface.ROAD, Surface.VILLAGE))
    for row in (0, 1):
        place = district.place(row, 1)
        at = place.row + round(place.crossing(34, along_row=False) * SIDE)
        beside = built[max(at - 4, 0) : at + 5, SIDE - 3 : SIDE + 3]
        assert beside.any(axis=0).all()


def test_the_relief_goes_on_beyond_the_border(district: District) -> None:
    left, right = (district.piece(0, column).territory.ground.elevation for column in (0, 1))
    inner = np.abs(np.diff(left[:, -20:], axis=1)).max()
    assert np.abs(left[:, -1] - right[:, 0]).max() <= 1.5 * inner

import numpy as np
import pytest

from pitscape.imagery.simulated.terrain.place import MARGIN, Place, whole_place

KEY = (3, 6)
SIDE, PIECES = 64, 3
WHOLE = SIDE * PIECES


def piece(row: int, column: int, whole: int = WHOLE) -> Place:
    return Place(KEY, row * SIDE, column * SIDE, SIDE, whole)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (7.5, -3.25)])
def test_noise_of_pieces_is_that_of_the_whole(shift: tuple[float, float]) -> None:
    whole = whole_place(KEY, WHOLE).noise(1, scale=9, shift=shift)
    rows = [np.hstack([piece(r, c).noise(1, scale=9, shift=shift) for c in range(PIECES)]) for r in range(PIECES)]
    np.testing.assert_array_equal(np.vstack(rows), whole)


def test_noise_is_standardised_and_moves_with_its_shift() -> None:
    place = whole_place(KEY, 600)
    noise = place.noise(2, scale=8)
    assert noise.mean() == pytest.approx(0, abs=0.1)
    assert noise.std() == pytest.approx(1, abs=0.1)
    moved = place.noise(2, scale=8, shift=(16.0, -8.0))
    np.testing.assert_allclose(moved[16:, :-8], noise[:-16, 8:], atol=1e-4)


def test_noise_reaches_beyond_the_site_and_its_last_piece() -> None:
    last = piece(PIECES - 1, PIECES - 1, whole=WHOLE - SIDE + 1)
    for far in (MARGIN, -MARGIN):
        assert np.isfinite(last.noise(1, scale=4, shift=(far, far))).all()


def test_neighbours_meet_at_the_same_crossing() -> None:
    middle = piece(1, 1)
    assert middle.crossing(9, right=1, along_row=False) == piece(1, 2).crossing(9, along_row=False)
    assert middle.crossing(9, down=1, along_row=True) == piece(2, 1).crossing(9, along_row=True)
    assert middle.crossing(9, along_row=True) != middle.crossing(9, along_row=False)


def test_only_borders_to_other_pieces_count() -> None:
    assert (whole_place(KEY, 8).border(4) == 1).all()
    assert piece(0, 0).border(4)[32, :5].tolist() == [0.125, 0.375, 0.625, 0.875, 1]

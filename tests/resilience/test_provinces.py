import pytest

from pitscape.resilience.national import share_of_land
from pitscape.resilience.provinces import (
    CHINA_RESERVES_BN_T,
    DESTROYED_LAND_2019_KM2,
    MINES_BY_PROVINCE,
    WORLD_RESERVES_BN_T,
    by_province,
)


def test_printed_figures() -> None:
    """Dong et al. (2025): 357 mines, 13.33 % of the world's coal, 36,105 km2 destroyed by 2019."""
    assert sum(MINES_BY_PROVINCE.values()) == 357
    share = CHINA_RESERVES_BN_T / WORLD_RESERVES_BN_T
    assert 100 * share == pytest.approx(13.33, abs=5e-3)
    assert 100 * share_of_land(DESTROYED_LAND_2019_KM2) == pytest.approx(0.376, abs=5e-4)


def test_provinces_share_the_area_by_their_mines() -> None:
    """By hand: 12,502.37 km2 x 35 / 51 (245 of 357) and x 30 / 357."""
    found = by_province(12_502.37)
    assert found["Inner Mongolia"] == pytest.approx(8_580.06, abs=0.01)
    assert found["Shanxi"] == found["Xinjiang"] == pytest.approx(1_050.62, abs=0.01)
    assert sum(found.values()) == pytest.approx(12_502.37)


@pytest.mark.parametrize(("area", "mines"), [(-1.0, {"a": 1}), (1.0, {"a": 0}), (1.0, {"a": 2, "b": -1})])
def test_impossible_numbers_are_refused(area: float, mines: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be >= 0"):
        by_province(area, mines)

import pytest

from pitscape.resilience.mines import MINES


def test_areas_as_printed() -> None:
    assert sum(mine.affected_km2 for mine in MINES) == pytest.approx(1679.60)
    assert sum(mine.excavated_km2 for mine in MINES) == pytest.approx(274.80)


def test_excavated_share_varies_threefold() -> None:
    shares = sorted(mine.excavated_share for mine in MINES)
    assert shares[0] == pytest.approx(0.063, abs=5e-4)
    assert shares[-1] == pytest.approx(0.192, abs=5e-4)


def test_four_of_five_first_images_postdate_construction() -> None:
    later = [mine.name for mine in MINES if mine.first_image_year > mine.construction_year]
    assert later == ["Huolinhe", "Yimin", "Yuanbaoshan", "Antaibao"]


def test_a_trial_is_the_first_production() -> None:
    years = {mine.name: mine.first_production_year for mine in MINES}
    assert years == {"Huolinhe": 1984, "Yimin": 1985, "Yuanbaoshan": 1998, "Jungar Wusu": 2008, "Antaibao": 1987}

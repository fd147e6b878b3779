import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from pitscape.resilience.life_cycle import (
    PERIODS,
    InsufficientRecord,
    life_cycle_of_dates,
    life_cycle_of_production,
)
from pitscape.resilience.mines import MINES
from pitscape.resilience.production_curve import fit_production

YEARS = np.arange(1970.0, 2023.0)


def output(
    years: NDArray[np.float64], *, t1: float, k1: float, t2: float = math.inf, k2: float = 1.0, noise: float = 0.0
) -> NDArray[np.float64]:
    """45 Mt, written out from the formula."""
    fall = 1 + np.exp(k2 * (years - t2)) if math.isfinite(t2) else 1.0
    chance = 1 + noise * np.random.default_rng(0).normal(0, 1, years.size)
    return np.asarray(45 / (1 + np.exp(-k1 * (years - t1))) / fall * chance)


def test_a_full_life_is_recovered() -> None:
    """Stable from 1980 + 2.197 / 0.8 = 1982.75, declining from 2012 - 2.197 / 0.6 = 2008.34."""
    found = life_cycle_of_production(YEARS, output(YEARS, t1=1980, k1=0.8, t2=2012, k2=0.6, noise=0.03))
    assert found.curve is not None
    assert found.curve.plateau_mt == pytest.approx(45, rel=0.02)
    assert found.stable_from == pytest.approx(1982.75, abs=0.3)
    assert found.decline_from == pytest.approx(2008.34, abs=0.5)
    assert found.accelerated_from == pytest.approx(1980 - 2.75, abs=0.3)  # 10 %: the record holds no year without
    assert [found.stage(year) for year in (1972, 1980, 1990, 2015)] == ["initial", "accelerated", "stable", "decline"]


def test_parameters_without_noise() -> None:
    curve = fit_production(YEARS, output(YEARS, t1=1985, k1=0.5, t2=2010, k2=0.9), kind="double")
    assert (curve.plateau_mt, curve.k1, curve.t1, curve.k2, curve.t2) == pytest.approx((45, 0.5, 1985, 0.9, 2010))
    assert curve.tenth == pytest.approx(1985 - 2.1972 / 0.5, abs=1e-3)
    assert curve.falls_from == pytest.approx(2010 - 2.1972 / 0.9, abs=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_a_plateau_cut_off_is_no_decline(seed: int) -> None:
    """A Hubbert curve fitted to it would fall."""
    years = np.arange(1984.0, 2023.0)
    chance = 1 + np.random.default_rng(seed).normal(0, 0.04, years.size)
    found = life_cycle_of_production(years, output(years, t1=1990, k1=0.6) * chance)
    assert math.isnan(found.decline_from)
    assert found.stage(2022) == "stable"
    assert "decline not yet observed" in found.notes


def test_the_first_output_begins_the_accelerated_stage() -> None:
    values = np.where(YEARS < 1978, 0.0, output(YEARS, t1=1985, k1=0.6))
    assert life_cycle_of_production(YEARS, values).accelerated_from == 1978
    assert life_cycle_of_production(YEARS[10:], values[10:], first_production=1977).accelerated_from == 1977


def test_a_gap_before_the_first_output_hides_when_it_came() -> None:
    """None in 2000 and 3 Mt in 2006 leave five years open; with a zero in 2005 it is 2006"""
    years = np.arange(2000.0, 2022)
    output = np.where(years >= 2006, 20 / (1 + np.exp(-0.8 * (years - 2008))), np.nan)
    output[0] = 0
    found = life_cycle_of_production(years, output)
    assert found.curve is not None
    assert found.accelerated_from == found.curve.tenth
    output[5] = 0
    assert life_cycle_of_production(years, output).accelerated_from == 2006


def test_gaps_and_halts_are_said() -> None:
    values = output(YEARS, t1=1985, k1=0.6)
    values[[30, 31]] = np.nan
    values[40] = 0.0
    found = life_cycle_of_production(YEARS, values)
    assert "2 years are not on record" in found.notes
    assert "years of no output after the first: halted, not closed" in found.notes


def test_aicc_by_hand() -> None:
    """Exact to 1e-6 of the total 10: 12 values, 4 parameters with the variance, n ln(RSS / n) + 8 + 40 / 7."""
    years = np.arange(12.0)
    values = np.r_[np.zeros(6), np.ones(6)] + np.tile([0.01, -0.01], 6)
    curve = fit_production(years, np.abs(values), kind="single")
    expected = 12 * math.log(curve.residual_squares / 12) + 2 * 4 + 2 * 4 * 5 / (12 - 4 - 1)
    assert curve.aicc == pytest.approx(expected)


@pytest.mark.parametrize(
    ("years", "values", "why"),
    [
        (YEARS[:7], np.linspace(1, 7, 7), "7 values of output, at least 8"),
        (YEARS[:9], np.r_[np.linspace(1, 7, 7), np.nan, np.nan], "7 values of output, at least 8"),
        (YEARS[:20], np.zeros(20), "no output on record"),
        (YEARS[:20], np.full(20, 30.0), "no rising limb"),
        (YEARS[:20], np.linspace(45, 40, 20), "no rising limb"),
    ],
)
def test_insufficient_records(years: NDArray[np.float64], values: NDArray[np.float64], why: str) -> None:
    with pytest.raises(InsufficientRecord, match=why):
        life_cycle_of_production(years, values)


@pytest.mark.parametrize(
    ("years", "values", "message"),
    [
        ([2000.0, 2000.0], [1.0, 2.0], "years must rise"),
        ([2000.0, 2001.0], [1.0, -2.0], "at least 0"),
        ([2000.0, 2001.0], [1.0, math.inf], "finite"),
        ([2000.0, 2001.0], [1.0], "equally long"),
    ],
)
def test_wrong_records_are_refused(years: list[float], values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        life_cycle_of_production(np.array(years), np.array(values))
    assert not isinstance(caught.value, InsufficientRecord)


def test_table_2_of_the_paper_by_the_date_rule() -> None:
    """Dong et al. (2025): late stable but for Yuanbaoshan and Jungar Wusu, which are early stable in 2022."""
    printed = {mine.name: mine.stage_2022 for mine in MINES}
    assert printed["Huolinhe"] == printed["Yimin"] == printed["Antaibao"] == "late stable"
    assert printed["Yuanbaoshan"] == printed["Jungar Wusu"] == "early stable"
    assert {m.name: life_cycle_of_dates(m.first_production_year).stage(2022) for m in MINES} == printed


def test_date_rule_at_its_ends() -> None:
    life = life_cycle_of_dates(2000, decline=2040)
    stages = {year: life.stage(year) for year in (1999, 2000, 2004, 2005, 2024, 2025, 2040)}
    assert list(stages.values()) == [
        "initial",
        "accelerated",
        "accelerated",
        "early stable",
        "early stable",
        "late stable",
        "decline",
    ]


def test_seven_periods_are_four_stages() -> None:
    assert len(PERIODS) == 7
    assert list(dict.fromkeys(PERIODS.values())) == ["initial", "accelerated", "stable", "decline"]


@pytest.fixture(scope="module")
def records(reference_data: Path) -> pd.DataFrame:
    """Open-pit output by mine and year: rows of underground mines and years with sales alone left out."""
    table = pd.read_csv(reference_data / "coal_production" / "study_mines_coal_production.csv")
    opencast = table[~table["type_mining"].eq("Underground") & table["value_Mt"].notna()]
    return opencast.assign(sub_site=opencast["sub_site"].fillna(""))


def series_of(records: pd.DataFrame, mine: str, site: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = records[records["study_mine"].str.startswith(mine) & records["sub_site"].eq(site)]
    return rows["year"].to_numpy(float), rows["value_Mt"].to_numpy(float)


@pytest.mark.parametrize(
    ("mine", "site", "why"),
    [("Huolinhe", "", "no rising limb"), ("Jungar", "Heidaigou", "no rising limb"), ("Pingshuo", "Antaibao", "values")],
)
def test_real_records_that_begin_too_late(records: pd.DataFrame, mine: str, site: str, why: str) -> None:
    """Company reports, see the data's README: Huolinhe and Heidaigou already gave half of their plateau."""
    with pytest.raises(InsufficientRecord, match=why):
        life_cycle_of_production(*series_of(records, mine, site))


def test_haerwusu_reaches_its_stable_stage(records: pd.DataFrame) -> None:
    """90 % of the highest output on record, 31.4 Mt, lie between 2012 (28.1) and 2013 (30.5); 25.1 in 2011."""
    found = life_cycle_of_production(*series_of(records, "Jungar", "Ha’erwusu"), first_production=2008)
    assert found.stable_from == pytest.approx(2012, abs=1)
    assert found.stage(2015) == "stable"
    assert found.curve is not None
    assert found.curve.plateau_mt == pytest.approx(31.4, rel=0.05)

import math

import pytest

from pitscape.imagery.simulated.life_cycle import CONSTANTS, RATE, Output, draw_output, threshold_times, thresholds
from pitscape.imagery.simulated.terrain.shapes import generator

OPENS = 2015.8


def test_production_rises_from_nothing_to_a_stable_level() -> None:
    rng = generator(1)
    output = draw_output(rng, opens=OPENS).yearly(rng, 2015, 2024)
    values = list(output.values())
    assert list(output) == list(range(2015, 2025))
    assert values[0] == 0 < values[1] < values[2] < values[3]
    assert values[-1] == pytest.approx(values[-2], rel=0.15)


def test_many_mines_produce_as_many_times_as_much() -> None:
    one, four = (draw_output(generator(1), opens=OPENS, mines=mines) for mines in (1, 4))
    assert four.stable_mt == 4 * one.stable_mt
    assert four.middle == one.middle


def test_the_stable_stage_begins_at_nine_tenths_of_the_final_output() -> None:
    output = Output(opens=OPENS, stable_mt=10, middle=2018)
    assert 1 / (1 + math.exp(-RATE * (output.stable_from - output.middle))) == pytest.approx(0.9)
    assert [output.stage(year) for year in (2015, 2016, 2018, 2019, 2024)] == [
        "initial",
        "accelerated",
        "accelerated",
        "stable",
        "stable",
    ]


@pytest.mark.parametrize("seed", range(4))
def test_stages_agree_with_the_table_of_production(seed: int) -> None:
    rng = generator(seed, 4)
    output = draw_output(rng, opens=OPENS)
    produced = output.yearly(rng, 2015, 2024)
    for row in output.described(2015, 2024)["stages"]:
        share = produced[row["year"]] / output.stable_mt
        low, high = {"initial": (0, 0), "accelerated": (0.01, 1), "stable": (0.8, 1.15)}[row["stage"]]
        assert low <= share <= high


def test_thresholds_by_hand() -> None:
    """From 1 at 2015 down by 0.04 a year: 0.98 after half a year, 0.92 after two years, 0.84 after four."""
    times = [2015.0 + n for n in range(6)]
    found = thresholds(times, [1 - 0.04 * n for n in range(6)])
    assert found["years"] == {"elastic": 2015.5, "yield": 2017.0, "mutation": 2019.0}
    assert found["constants"] == CONSTANTS
    assert thresholds(times, [1.0] * 6)["years"] == {"elastic": None, "yield": None, "mutation": None}


def test_vitality_is_counted_each_quarter() -> None:
    assert threshold_times(2015, 2015) == [2015.0, 2015.25, 2015.5, 2015.75, 2016.0]

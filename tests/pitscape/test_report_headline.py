"""The numbers on which a report opens, by hand."""

from typing import Any

import pytest

from pitscape.report_headline import confidence, headline
from pitscape.report_language import load_language

ENGLISH = load_language("en")


def mined(epoch: str, area: float, error: float) -> dict[str, Any]:
    ends = {"low_km2": area - 1.96 * error, "high_km2": area + 1.96 * error}
    return {"epoch": epoch, "role": "mined", "adjusted_km2": area, "se_km2": error, **ends}


def site_of(*adjusted: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    extents = [{"epoch": epoch, "area_km2": area} for epoch, area in (("2015", 1.0), ("2024", 1.5))]
    site = {"epochs": [{"name": "2015"}, {"name": "2024"}], "extents": extents, "adjusted_areas": list(adjusted)}
    site |= {"affected": None, "life_cycle": None, "succession": None, "uncertainty": None}
    return site | {"integrity": {"series": {"published": [{}, {}]}}} | changes


@pytest.mark.parametrize(("area", "said"), [(1.10, "is larger than its error"), (1.09, "cannot be told from none")])
def test_a_change_is_held_against_the_error_of_both_samples(area: float, said: str) -> None:
    """Standard errors of 0.03 and 0.04 make 0.05 together; 1.96 times that is 0.098."""
    text = confidence(site_of(mined("2015", 1.0, 0.03), mined("2024", area, 0.04)), ENGLISH)
    assert said in text
    assert f"95 % interval {area - 1 - 0.098:.2f} to {area - 1 + 0.098:.2f}" in text


def test_without_two_samples_confidence_is_not_claimed() -> None:
    assert "need a sample of reference points" in confidence(site_of(mined("2024", 1.0, 0.1)), ENGLISH)
    assert "One epoch says nothing" in confidence(site_of(epochs=[{"name": "2015"}]), ENGLISH)


def test_then_and_now_have_their_intervals() -> None:
    (figure,) = headline(site_of(mined("2024", 1.6, 0.1)), ENGLISH)
    assert (figure.value, figure.interval) == ("1.60 km²", "95 % interval: 1.40 to 1.80")
    assert figure.before == "2015: 1.00 km², mapped pixels, no interval known"


def test_affected_land_is_never_below_nothing() -> None:
    _, figure = headline(site_of(affected={"area_km2": 0.1, "se_km2": 0.1}), ENGLISH)
    assert figure.interval == "95 % interval: 0.00 to 0.30"


def test_eci_has_the_interval_of_its_draws() -> None:
    rows = [{"epoch": "2015", "eci": 0.5, "thv": None}, {"epoch": "2024", "eci": 0.4, "thv": None}]
    drawn = {"series": {"eci_published": [{"low": None, "high": None}, {"low": 0.3, "high": 0.45}]}}
    figure = headline(site_of(integrity={"series": {"published": rows}}, uncertainty=drawn), ENGLISH)[-1]
    assert (figure.value, figure.interval, figure.before) == (
        "0.400",
        "90 % of the draws: 0.300 to 0.450",
        "2015: 0.500",
    )

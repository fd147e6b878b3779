"""Rows of the report's tables."""

from typing import Any

import pytest

from pitscape.report_tables import definitions
from pitscape.report_text import summary


def site_of(epochs: int, baseline: str) -> dict[str, Any]:
    """E of n epochs is 1 to n, with one definition."""
    names = [f"e{n}" for n in range(1, epochs + 1)]
    row = {"h_exponent": 2.0, "score_set": "types", "change": float(epochs)}
    return {
        "epochs": [{"name": name} for name in names],
        "integrity": {"baseline": baseline},
        "sensitivity": [row | {"values": {name: float(n) for n, name in enumerate(names, start=1)}}],
    }


@pytest.mark.parametrize(
    ("epochs", "baseline", "shown", "values"),
    [
        (3, "e1", ["e1", "e2", "e3"], [1, 2, 3]),
        (7, "e2", ["e2", "e7"], [2, 7]),
        (7, "e7", ["e7"], [7]),
    ],
)
def test_many_epochs_are_told_by_their_ends(epochs: int, baseline: str, shown: list[str], values: list[float]) -> None:
    found = definitions(site_of(epochs, baseline))
    assert found["epochs"] == shown
    assert found["rows"] == [{"title": "H to the power 2, scores: types", "values": values, "change": epochs}]


def test_the_summary_names_maps_that_no_network_made() -> None:
    """One reference map beside ready class maps; nothing else is known."""
    site: dict[str, Any] = {"extents": [], "accuracy": {"network": {"mean_iou": 0.5}}, "epochs": [{"name": "e1"}]}
    site |= {"resilience": [{"coarse_legend": True}], "integrity": {"series": {}}, "uncertainty": None}
    assert summary(site) == ["Against the reference maps the class maps have a mean IoU of 0.500."]

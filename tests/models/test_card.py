import json
from pathlib import Path

import pytest

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import load_sensor
from pitscape.models.card import ModelCard, card_from_json

SOURCE = {
    "sensor": load_sensor("dem").model_dump(mode="json"),
    "bands": ["elevation"],
    "normalisation": {"mean": [300.0], "std": [50.0]},
}


def test_a_card_survives_json(card: ModelCard) -> None:
    assert card_from_json(card.model_dump_json(), Path("m.onnx")) == card
    assert "+1000 offset included" in card.radiometry


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"sources": []}, "sources"),
        ({"overlap": 17}, "at most half"),
        ({"card_version": 2}, "card_version"),
        ({"extra": 1}, "extra"),
        ({"sources": [SOURCE, SOURCE]}, "two sources are of sensor dem"),
    ],
)
def test_cards_that_contradict_themselves_are_refused(card: ModelCard, change: dict[str, object], problem: str) -> None:
    text = json.dumps(card.model_dump(mode="json") | change)
    with pytest.raises(InputError, match=problem) as caught:
        card_from_json(text, Path("m.onnx"))
    assert str(caught.value).startswith("m.onnx: ")


@pytest.mark.parametrize(("bands", "problem"), [(["B02"], "differ in length"), (["B99"] * 10, "B99"), ([], "bands")])
def test_sources_that_contradict_themselves_are_refused(card: ModelCard, bands: list[str], problem: str) -> None:
    content = card.model_dump(mode="json")
    content["sources"][0]["bands"] = bands
    with pytest.raises(InputError, match=problem):
        card_from_json(json.dumps(content), Path("m.onnx"))

"""Texts of the report: one file a language, none in the templates."""

import json
import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from pitscape.charts import series
from pitscape.imagery.errors import InputError
from pitscape.report_charts import in_language
from pitscape.report_language import LANGUAGES, load_language
from pitscape.transition_chart import transitions

ROOT = Path(__file__).parents[2] / "pitscape"
TEMPLATES = sorted((ROOT / "report_page").glob("*.html"))
SPOKEN_IN = [*TEMPLATES, *sorted(ROOT.glob("report*.py"))]
COMPUTED = ("number.", "chart.", "table.", "columns.", "direction.", "terms.", "flag.", "section.", "factor.", "map.")


def places(text: str) -> set[str]:
    return {f"{name}:{digits}" for _, name, digits, _ in Formatter().parse(text) if name}


def test_all_languages_have_the_same_keys_and_values_to_fill_in() -> None:
    english = load_language("en").texts
    for code in LANGUAGES:
        texts = load_language(code).texts
        assert set(texts) == set(english)
        differ = [key for key in english if places(texts[key]) != places(english[key])]
        assert differ == []


def test_chinese_is_written_in_chinese() -> None:
    """All sentences have a Han character; columns and titles may be signs."""
    texts = load_language("zh").texts
    sentences = [key for key in texts if not key.startswith(("number.", "columns.", "factor.", "terms."))]
    signs = {"map.scale", "headline.km2", "headline.kind", "headline.was", "headline.before", "course.status"}
    assert [key for key in sentences if not re.search(r"[\u4e00-\u9fff]", texts[key]) and key not in signs] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_text_stands_in_a_template(template: Path) -> None:
    source = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    attributes = re.findall(r'(?:alt|title|placeholder|aria-label|aria-valuetext)="([^"]*)"', source)
    outside = re.sub(r"<[^>]*>", " ", source).replace(".csv", "").replace("&middot;", "")
    assert re.findall(r"[^\W\d_]+", outside + " ".join(attributes).replace(".csv", "")) == []


def test_every_key_that_is_said_exists_and_no_text_is_dead() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in SPOKEN_IN)
    said = set(re.findall(r'(?:say|missing)\(\s*"([\w.]+)"', source))
    english = set(load_language("en").texts)
    assert {key for key in said if not key.endswith(".")} <= english
    literal = {key for key in english if not key.startswith(COMPUTED)}
    dead = {key for key in literal if not re.search(rf"\b{key.split('.')[1]}\b", source)}
    assert dead == {"course.drawn_breaks", "course.drawn_constants"}  # said by the method of a threshold


def test_numbers_are_written_as_the_language_writes_them() -> None:
    english = load_language("en")
    assert english.number(1234567.891, 1) == "1,234,567.9"
    assert english.number(None) == "–"
    assert english.say("headline.interval_95", low=0.5, high=1234.5) == "95 % interval: 0.50 to 1,234.50"
    assert load_language("zh").say("headline.km2", area=2) == "2.00 km²"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(InputError, match="--language fr: there are en, zh"):
        load_language("fr")


def test_unknown_names_stay_and_short_terms_do_not_cut_words() -> None:
    chinese = load_language("zh")
    assert chinese.terms("Heidaigou") == "Heidaigou"
    assert chinese.terms("network of bareness") == "网络 of bareness"
    assert load_language("en").terms("to be or not") == "to be or not"


def test_the_language_files_are_package_data() -> None:
    assert {each.name for each in files("pitscape.report_page").iterdir()} >= {
        "en.yaml",
        "zh.yaml",
        "page.css",
        "map.js",
    }


def test_the_words_of_charts_are_translated() -> None:
    """Names, axes and notes of the charts of a site of which all is known; signs, dates and unknown names stay."""
    succession = {"transitions": {"roles": ["mined", "water"], "area_km2": [[0.0, 1.0], [0.0, 0.0]]}}
    chart = in_language(json.loads(transitions(succession).to_json()), load_language("zh"))
    assert chart["data"][0]["node"]["label"] == ["采掘, 1.00 km²", "水体, 0.00 km²", "采掘, 0.00 km²", "水体, 1.00 km²"]
    assert chart["data"][0]["type"] == "sankey"
    rows = [{"epoch": "2015", "eci": 0.5}, {"epoch": "2024", "eci": 0.4}]
    scores = in_language(json.loads(series(rows, {"eci": "ECI"}, "score, 0 to 1").to_json()), load_language("zh"))
    assert scores["layout"]["yaxis"]["title"]["text"] == "得分，0 至 1"
    assert scores["data"][0]["x"] == ["2015", "2024"]

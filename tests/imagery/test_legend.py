from pathlib import Path

import numpy as np
import pytest

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend, mined_word


def test_the_papers_four_classes() -> None:
    legend = load_legend()
    assert legend.names == ("mined", "occupied", "vegetated", "water")
    assert [c.score for c in legend.classes] == [0.1, 0.2, 0.6, 0.8]


def test_a_crosswalk_maps_codes_that_are_named_and_ignores_the_rest() -> None:
    table = load_legend().crosswalk({0: "ignore", 5: "vegetated", 10: "mined"})
    np.testing.assert_array_equal(table[[0, 5, 10, 11, 255]], [255, 2, 0, 255, 255])


@pytest.mark.parametrize("wrong", [{1: "minded"}, {300: "mined"}, {-1: "mined"}])
def test_a_wrong_crosswalk_is_refused(wrong: dict[int, str]) -> None:
    with pytest.raises(InputError, match=r"minded|300|-1"):
        load_legend().crosswalk(wrong)


CLASS = "{{id: {}, name: {}, colour: '{}', role: mined, score: 0}}"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"classes: [{CLASS.format(1, 'a', '#000000')}, {CLASS.format(2, 'b', '#000000')}]", "must be 0, 1, 2"),
        (f"classes: [{CLASS.format(0, 'a', 'red')}, {CLASS.format(1, 'b', '#000000')}]", "colour"),
        (f"classes: [{CLASS.format(0, 'a', '#000000')}, {CLASS.format(1, 'a', '#000000')}]", "must differ"),
        ("clases: []", "classes: field required"),
        ("a: [", "not valid YAML"),
    ],
)
def test_a_wrong_legend_file_is_answered_in_one_line(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "legend.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=problem) as caught:
        load_legend(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_legend_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="unknown legend 'five_class'"):
        load_legend("five_class")


@pytest.mark.parametrize(
    ("note", "word"),
    [
        ("mined includes dumps: read it as disturbed, not as excavated", "disturbed"),
        ("mine and dump sites are one class", "disturbed"),
        ("Dumps are part of mined land; it excludes ponds", "disturbed"),
        ("mined excludes dumps", "excavated"),
        ("pits without dumps", "excavated"),
        ("Dumps are not mined land", "excavated"),
        ("pits (no dumps)", "excavated"),
        ("seen at 10 m", "excavated"),
    ],
)
def test_mined_land_is_disturbed_where_it_is_said_to_include_dumps(note: str, word: str) -> None:
    assert mined_word(["another note", note]) == word

import datetime

import pytest

from pitscape.imagery.errors import InputError
from pitscape.imagery.radiometry import Facts, OffsetWord, facts_of_item, radiometry
from pitscape.imagery.sensor import load_sensor

L2A = load_sensor("sentinel2_l2a")
OLD, NEW = datetime.date(2022, 1, 24), datetime.date(2022, 1, 25)


@pytest.mark.parametrize(
    ("facts", "word", "added"),
    [
        (Facts("x", acquired=OLD), None, 1000),
        (Facts("x", acquired=NEW), None, 0),
        (Facts("x", baseline=301, acquired=NEW), None, 1000),
        (Facts("x", baseline=400, acquired=OLD), None, 0),
        (Facts("x", baseline=509, offset_applied=True), None, 1000),
        (Facts("x", baseline=509, offset_applied=False), None, 0),
        (Facts("x", convention=L2A.convention, acquired=OLD), None, 0),
        (Facts("x", baseline=509), "missing", 1000),
        (Facts("x"), "included", 0),
    ],
)
def test_metadata_go_before_the_date_and_the_user_before_all(facts: Facts, word: OffsetWord | None, added: int) -> None:
    found = radiometry(L2A, [facts], word)
    assert found.added == added
    assert found.reason


def test_nothing_is_guessed() -> None:
    with pytest.raises(InputError, match=r"no processing baseline and no date.*--offset included or missing"):
        radiometry(L2A, [Facts("name of scene.tif")])


def test_a_baseline_anywhere_goes_before_a_date_elsewhere() -> None:
    item, name = Facts("item", acquired=OLD), Facts("name", baseline=500, acquired=OLD)
    found = radiometry(L2A, [item, name])
    assert (found.added, found.reason) == (0, "name: processing baseline 05.00")


def test_numbers_in_another_convention_are_refused() -> None:
    with pytest.raises(InputError, match=r"say 'offset subtracted', not"):
        radiometry(L2A, [Facts("tags", convention="offset subtracted", acquired=NEW)])


def test_sensors_whose_numbers_never_changed_need_no_metadata() -> None:
    assert radiometry(load_sensor("landsat5_dn"), [Facts("x")]).added == 0


def test_stac_properties_are_read() -> None:
    properties = {
        "s2:processing_baseline": "05.10",
        "earthsearch:boa_offset_applied": True,
        "datetime": "2023-10-05T10:00:31.024000Z",
    }
    facts = facts_of_item(properties, "item")
    assert (facts.baseline, facts.offset_applied, facts.acquired) == (510, True, datetime.date(2023, 10, 5))
    assert facts_of_item({"processing:version": "05.00"}, "item").baseline == 500
    assert facts_of_item({"processing:version": "v1.2b"}, "item").baseline is None
    with pytest.raises(InputError, match="processing baseline 'five'"):
        facts_of_item({"s2:processing_baseline": "five"}, "item")

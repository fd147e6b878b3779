"""The STAC item of a model, by the schemas of STAC and its extensions, and as PySTAC reads it."""

import copy
import hashlib
import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import onnxruntime
import pystac
import pytest
from jsonschema import Draft7Validator, ValidationError
from pystac.extensions.file import FileExtension
from pystac.extensions.mlm import MLMExtension
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7
from several_sources import several_card

from pitscape.models.card import ModelCard
from pitscape.models.stac_item import ALL_TIME, mlm_name, stac_item, stac_path

Item = dict[str, Any]

SCHEMAS = Path(__file__).with_name("schemas")
MLM = "https://stac-extensions.github.io/mlm/v{}/schema.json"
CORE = "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/"
CLASSES = "https://stac-extensions.github.io/classification/v1.1.0/schema.json"


def mlm_schema() -> Item:
    """MLM 1.4.0 under the address of 1.5.0; what 1.5.0 asks beyond it stands in tests of its own."""
    text = (SCHEMAS / "mlm-1.4.0.json").read_text(encoding="utf-8")
    schema: Item = json.loads(text.replace("mlm/v1.4.0/", "mlm/v1.5.0/"))
    return schema


def registry() -> Registry[Any]:
    """All schemas by their addresses."""
    found = {}
    for path in SCHEMAS.glob("*.json"):
        name, _, version = path.stem.partition("-")
        found[f"https://stac-extensions.github.io/{name}/v{version}/schema.json"] = json.loads(path.read_text())
    found[CLASSES] = found["https://stac-extensions.github.io/classification/v2.0.0/schema.json"]
    kept = files("pystac") / "validation" / "jsonschemas"
    for entry in (kept / "stac-spec" / "v1.1.0").iterdir():
        found[CORE + entry.name] = json.loads(entry.read_text(encoding="utf-8"))
    for name in ("Feature.json", "Geometry.json"):
        found[f"https://geojson.org/schema/{name}"] = json.loads((kept / "geojson" / name).read_text(encoding="utf-8"))
    return Registry().with_resources((uri, Resource(schema, DRAFT7)) for uri, schema in found.items())


@pytest.fixture(scope="module")
def validate() -> Callable[[Item], None]:
    """A function that raises where an item is not valid."""
    known = registry()
    schemas = [mlm_schema()]
    schemas += [json.loads((SCHEMAS / f"{name}.json").read_text()) for name in ("classification-2.0.0", "file-2.1.0")]
    schemas.append(known.contents(CORE + "item.json"))
    validators = [Draft7Validator(schema, registry=known) for schema in schemas]

    def valid(item: Item) -> None:
        for validator in validators:
            validator.validate(item)

    return valid


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"any bytes")
    return path


@pytest.fixture
def cards(card: ModelCard) -> dict[str, ModelCard]:
    return {"one": card, "several": several_card()}


@pytest.mark.parametrize("which", ["one", "several"])
@pytest.mark.parametrize("side", [None, 64])
def test_the_item_is_valid(
    validate: Callable[[Item], None], cards: dict[str, ModelCard], file: Path, which: str, side: int | None
) -> None:
    item = stac_item(cards[which], file, side=side)
    validate(item)
    validate(json.loads(json.dumps(item, allow_nan=False)))
    for entry in item["properties"]["mlm:input"]:  # from 1.5.0 on
        assert bool(entry["bands"]) == ("bands" in entry["input"]["dim_order"])
        assert len(entry["input"]["shape"]) == len(entry["input"]["dim_order"])
    described = {band["name"] for band in item["properties"]["bands"]}
    assert {name for entry in item["properties"]["mlm:input"] for name in entry["bands"]} == described
    assert MLM.format("1.5.0") in item["stac_extensions"]
    assert all({"value", "name", "description"} <= each.keys() for each in classes_of(item))


def classes_of(item: Item) -> list[Item]:
    classes: list[Item] = item["properties"]["mlm:output"][0]["classification:classes"]
    return classes


def without_artifact_type(item: Item) -> None:
    del item["assets"]["model"]["mlm:artifact_type"]


def without_bands(item: Item) -> None:
    del item["properties"]["bands"]


def without_dates(item: Item) -> None:
    del item["properties"]["end_datetime"]


def entry_point(item: Item) -> None:
    item["properties"]["mlm:entrypoint"] = "run.py"


def name_of_spaces(item: Item) -> None:
    item["properties"]["mlm:name"] = " mine "


def colour_with_a_sign(item: Item) -> None:
    classes_of(item)[0]["color_hint"] = "#FF0000"


def task_that_is_none(item: Item) -> None:
    item["properties"]["mlm:tasks"] = ["mapping"]


def checksum_in_capitals(item: Item) -> None:
    item["assets"]["model"]["file:checksum"] = "1220ABCD"


def type_that_is_none(item: Item) -> None:
    item["properties"]["mlm:input"][0]["input"]["data_type"] = "float33"


@pytest.mark.parametrize(
    "broken",
    [
        without_artifact_type,
        without_bands,
        without_dates,
        entry_point,
        name_of_spaces,
        colour_with_a_sign,
        task_that_is_none,
        checksum_in_capitals,
        type_that_is_none,
    ],
)
def test_the_schemas_see_what_is_wrong(
    validate: Callable[[Item], None], card: ModelCard, file: Path, broken: Callable[[Item], None]
) -> None:
    item = copy.deepcopy(stac_item(card, file))
    broken(item)
    with pytest.raises(ValidationError):
        validate(item)


@pytest.mark.parametrize(
    "name", ["mine", "a", "", "42", "2024 pits", "Turów (2024)", "露天矿", "pits_", "-a-b-", "tile 512, v2.1", "a\nb"]
)
def test_every_name_of_a_model_becomes_one_that_is_allowed(name: str) -> None:
    allowed = mlm_schema()["$defs"]["mlm:name"]["pattern"]
    assert re.fullmatch(allowed, mlm_name(name))


def test_dates_are_those_of_the_training_scenes_or_all_time(card: ModelCard, file: Path) -> None:
    """As the extension's best practices have it; nothing depends on when it is written."""
    properties = stac_item(card, file)["properties"]
    assert (properties["start_datetime"], properties["end_datetime"]) == ALL_TIME
    scenes = ("b_20230709.tif", "a_2018-10-04.tif", "mine.tif")
    training = card.training.model_copy(update={"scenes": scenes})
    properties = stac_item(card.model_copy(update={"training": training}), file)["properties"]
    assert properties["datetime"] is None
    assert properties["start_datetime"] == "2018-10-04T00:00:00Z"
    assert properties["end_datetime"] == "2023-07-09T23:59:59Z"


def test_pystac_reads_it(card: ModelCard, file: Path) -> None:
    """PySTAC knows MLM up to 1.4.0, in which all fields of the item have the same meaning."""
    text = json.dumps(stac_item(card, file)).replace(MLM.format("1.5.0"), MLM.format("1.4.0"))
    item = pystac.Item.from_dict(json.loads(text))
    model = MLMExtension.ext(item)
    assert model.mlm_name == "test"
    assert list(model.input[0].bands) == list(card.bands)
    assert model.input[0].input.shape == [-1, 10, -1, -1]
    assert [each.name for each in model.output[0].classes or []] == ["mined", "occupied", "vegetated", "water"]
    asset = FileExtension.ext(item.assets["model"])
    assert asset.size == 9
    assert asset.checksum == "1220" + hashlib.sha256(b"any bytes").hexdigest()


def test_an_export_has_one_that_tells_its_graph(validate: Callable[[Item], None], trained: Path, model: Path) -> None:
    item = json.loads(stac_path(model).read_text(encoding="utf-8"))
    validate(item)
    session = onnxruntime.InferenceSession(str(model))
    for told, found in (("mlm:input", session.get_inputs()), ("mlm:output", session.get_outputs())):
        assert [entry["name"] for entry in item["properties"][told]] == [each.name for each in found]
    asset = item["assets"]["model"]
    assert asset["href"] == "./model.onnx"
    assert asset["file:checksum"] == "1220" + hashlib.sha256(model.read_bytes()).hexdigest()
    assert asset["file:size"] == model.stat().st_size
    assert str(trained) not in stac_path(model).read_text(encoding="utf-8")

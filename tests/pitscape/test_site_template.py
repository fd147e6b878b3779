"""The commented site file: in step with the settings, and it runs once its paths are filled in."""

import json
import re
from pathlib import Path

import pytest
import yaml
from pixel_models import pixel_card, write_pixel_model
from pydantic import BaseModel

from pitscape.cli import main
from pitscape.demo import simulated_site
from pitscape.epoch_settings import Epoch
from pitscape.imagery.errors import InputError
from pitscape.site_settings import SiteSettings
from pitscape.site_template import template_text, write_template

EXAMPLES = {
    "title",
    "notes",
    "baseline",
    "legend",
    "crosswalk",
    "ecosystems",
    "zones",
    "zone_name",
    "window_m",
    "affected",
}
EXAMPLES |= {"climate", "c1", "c2", "fallbacks", "runoff", "tables", "production", "mine", "score_variants", "bounds"}
EXAMPLES |= {"site", "model", "epochs", "weights"}
"""Keys of which the template has an example; the others stand there with their default."""


def with_all_options() -> SiteSettings:
    content = yaml.safe_load(re.sub(r"^( *)#(?! )", r"\1", template_text(), flags=re.MULTILINE))
    return SiteSettings.model_validate(content)


@pytest.mark.parametrize(("model", "indent"), [(SiteSettings, ""), (Epoch, "    ")])
def test_every_key_stands_in_the_template(model: type[BaseModel], indent: str) -> None:
    text = template_text()
    for key in model.model_fields:
        assert re.search(rf"^(?:{indent}#?|  #?- ){key}: ", text + "epochs: ", re.MULTILINE), key


def test_the_template_is_valid_with_all_of_its_options_and_tells_the_defaults() -> None:
    found, defaults = with_all_options(), SiteSettings.model_fields
    assert len(found.epochs) == 4
    for key in set(defaults) - EXAMPLES:
        assert getattr(found, key) == defaults[key].default, key


def test_the_template_runs_once_its_paths_are_filled_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = simulated_site(tmp_path / "mine", size=64, epochs=2, layers=["images"])
    write_pixel_model(folder / "model.onnx", pixel_card("sentinel2_l2a"))
    first, last = sorted((folder / "images").glob("*.tif"))
    site = folder / "site.yaml"
    assert main(["init", "site", "--out", str(site)]) == 0
    assert main(["check", str(site)]) == 2
    assert "PATH/TO/model.onnx does not exist" in capsys.readouterr().err
    named = {"PATH/TO/model.onnx": "model.onnx", "PATH/TO/scene_20150701.tif": f"images/{first.name}"}
    text = site.read_text(encoding="utf-8")
    for placeholder, path in (named | {"PATH/TO/scene_20240701.tif": f"images/{last.name}"}).items():
        text = text.replace(placeholder, path)
    site.write_text(text, encoding="utf-8")
    assert main(["check", str(site)]) == 0
    assert main(["run", str(site), "--out", str(tmp_path / "out")]) == 0
    assert json.loads((tmp_path / "out" / "site.json").read_text(encoding="utf-8"))["site"]["name"] == "my_mine"


def test_editors_find_the_schema_and_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    write_template(path)
    line = path.read_text(encoding="utf-8").splitlines()[0]
    schema = json.loads((tmp_path / line.removeprefix("# yaml-language-server: $schema=")).read_text(encoding="utf-8"))
    assert set(schema["properties"]) == set(SiteSettings.model_fields)
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.yaml: is there already"):
        write_template(path)
    assert path.read_text(encoding="utf-8") == "mine"

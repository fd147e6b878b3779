import json
from functools import partial
from pathlib import Path

import pytest
import yaml

from pitscape import demo
from pitscape.cli import main
from pitscape.demo import simulated_site
from pitscape.truth_errors import affected_areas, excavated_areas

pytestmark = pytest.mark.filterwarnings("ignore::Warning:lightning", "ignore::UserWarning:torch")


def test_a_simulated_site_comes_with_its_site_file_and_training(tmp_path: Path) -> None:
    folder = simulated_site(tmp_path / "mine", size=64, epochs=2)
    site = yaml.safe_load((folder / "site.yaml").read_text())
    assert len(site["epochs"]) == 2
    for epoch in site["epochs"]:
        assert all((folder / epoch[key]).is_file() for key in ("image", "reference", "npp", "et"))
    assert (folder / "train.yaml").is_file()


def test_errors_of_the_excavated_area_by_hand() -> None:
    """80 + 30 cells mapped as mined where 100 are: +10 %; the epoch without mine has no error."""
    site = {
        "areas": [
            {"epoch": "a", "class_id": 0, "cells": 0, "area_km2": 0.0},
            {"epoch": "b", "class_id": 0, "cells": 110, "area_km2": 0.011},
        ],
        "accuracy": {
            "epochs": [
                {"epoch": "a", "confusion": [[0, 0], [0, 500]]},
                {"epoch": "b", "confusion": [[80, 30], [20, 370]]},
            ]
        },
    }
    assert excavated_areas(site) == [
        {"epoch": "b", "area_km2": 0.011, "truth_km2": pytest.approx(0.01), "error_percent": pytest.approx(10)}
    ]


def test_errors_of_the_affected_area_by_hand(tmp_path: Path) -> None:
    """0.3 km2 where 0.25 are: +20 %; an epoch before the mine has no error, and the first one no estimate."""
    truth = {"epochs": [{"affected_km2": 0.0}, {"affected_km2": 0.0}, {"affected_km2": 0.25}]}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    site = {"affected": {"epochs": [{"epoch": "b", "area_km2": 0.01}, {"epoch": "c", "area_km2": 0.3}]}}
    assert affected_areas(site, tmp_path / "truth.json") == [
        {"epoch": "c", "area_km2": 0.3, "truth_km2": 0.25, "error_percent": pytest.approx(20)}
    ]


def test_a_small_demo_goes_the_whole_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Too small to be good: three steps on 96 x 96 cells."""
    monkeypatch.setattr(demo, "STEPS", 3)
    monkeypatch.setattr(demo, "simulated_site", partial(simulated_site, size=96, epochs=2))
    out = tmp_path / "demo"
    assert main(["demo", "--out", str(out)]) == 0
    site = json.loads((out / "site.json").read_text())
    assert {"network", "random_forest", "excavated_area", "affected_area", "epochs"} == set(site["accuracy"])
    assert site["integrity"]["missing"] == []
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "random forest" in page
    assert "Mined area against the truth" in page
    assert "random forest: mIoU" in capsys.readouterr().out


@pytest.mark.slow
def test_the_demo_keeps_what_it_promises(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    assert main(["demo", "--out", str(out)]) == 0
    site = json.loads((out / "site.json").read_text())
    network, forest = site["accuracy"]["network"], site["accuracy"]["random_forest"]
    assert forest["mean_iou"] <= 0.80
    assert network["mean_iou"] >= 0.85
    assert min(row["iou"] for row in network["classes"]) >= 0.6
    assert all(abs(row["error_percent"]) <= 5 for row in site["accuracy"]["excavated_area"])
    assert site["integrity"]["missing"] == []
    assert (out / "report.html").stat().st_size > 1_000_000

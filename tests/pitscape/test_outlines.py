"""Outlines of excavated and affected land, and their way to the national figure, by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas
import numpy as np
import pytest
import yaml
from shapely.geometry import box
from small_scenes import UTM, grid

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.report import write_report
from pitscape.site import run_site, save_site

RunSite = Callable[..., dict[str, Any]]
SAMPLE = {
    "names": ["mined", "occupied", "vegetated", "water"],
    "shares": [0.1, 0.05, 0.8, 0.05],
    "covariance": (1e-4 * (np.eye(4) - 0.25)).tolist(),
}


@pytest.fixture
def run(tmp_path: Path) -> RunSite:
    """40 x 40 cells of vegetation; later a pit of 100 cells, and a dump of 40 beside it."""
    before = np.full((40, 40), 2, np.uint8)
    after = before.copy()
    after[20:30, 20:30], after[20:30, 30:34] = 0, 1
    for year, ids in ((2015, before), (2024, after)):
        save_class_map(tmp_path / f"{year}.tif", ids, grid(40, 40), load_legend())
    (tmp_path / "shares.json").write_text(json.dumps(SAMPLE))

    def start(name: str, *, sample: bool = False, **changes: object) -> dict[str, Any]:
        epochs: list[dict[str, Any]] = [{"classes": f"{y}.tif", "year": y, "name": str(y)} for y in (2015, 2024)]
        if sample:
            epochs[1]["shares"] = "shares.json"
        site, out = tmp_path / f"{name}.yaml", tmp_path / name
        site.write_text(yaml.safe_dump({"version": 1, "site": name, "epochs": epochs} | changes))
        found = run_site(site, out)
        save_site(found, out)
        write_report(out, site_file=site)
        return found

    return start


def test_the_picture_tells_km2_scale_and_north(run: RunSite, tmp_path: Path) -> None:
    found = run("plain")
    text = (tmp_path / "plain" / "outlines.svg").read_text(encoding="utf-8")
    picture = ElementTree.fromstring(text)  # noqa: S314 - our own
    words = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert words[0] == "N"
    assert str(words[1]).endswith(" km")
    mined = next(row["area_km2"] for row in found["extents"] if row["epoch"] == "2024")
    assert f"excavated 2024: {mined:.2f} km²" in words
    assert words[-1] == "affected land: the site file names none"
    assert text in (tmp_path / "plain" / "report.html").read_text(encoding="utf-8")
    assert found["affected"] is None


def test_affected_land_of_classes_has_one_outline(run: RunSite, tmp_path: Path) -> None:
    found = run("classes", affected={"classes": ["mined", "occupied"]})
    rows = {row["class_name"]: row["area_km2"] for row in found["areas"] if row["epoch"] == "2024"}
    assert found["affected"]["area_km2"] == pytest.approx(rows["mined"] * 1.4, rel=1e-4)
    assert found["affected"]["se_km2"] is None
    table = geopandas.read_file(tmp_path / "classes" / "affected.gpkg", layer="affected")
    assert table["se_km2"].dtype == float  # a number where it is not known, too
    outline = table.geometry.iloc[0]
    assert outline.geom_type == "Polygon"  # pit and dump touch
    assert outline.area == pytest.approx(140 * grid(40, 40).resolution.x ** 2)


def test_classes_that_are_types_under_another_name(run: RunSite, tmp_path: Path) -> None:
    """Two legend classes of the role mined: both together are its adjusted area; one alone is only mapped."""
    names = {"pit": "mined", "bench": "mined", "grass": "vegetated", "pond": "water"}
    content = {
        "classes": [
            {"id": n, "name": name, "colour": f"#00000{n}", "role": role, "score": 0.5}
            for n, (name, role) in enumerate(names.items())
        ],
    }
    (tmp_path / "legend.yaml").write_text(yaml.safe_dump(content))
    crosswalk = {0: "pit", 1: "bench", 2: "grass", 3: "pond"}
    options = {"sample": True, "legend": "legend.yaml", "crosswalk": crosswalk}
    (tmp_path / "shares.json").write_text(
        json.dumps(
            {"names": ["mined", "vegetated"], "shares": [0.1, 0.9], "covariance": [[1e-4, -1e-4], [-1e-4, 1e-4]]}
        )
    )
    both = run("both", affected={"classes": ["pit", "bench"]}, **options)
    whole = sum(row["area_km2"] for row in both["areas"] if row["epoch"] == "2024")
    assert both["affected"]["area_km2"] == pytest.approx(0.1 * whole)
    assert both["affected"]["se_km2"] == pytest.approx(0.01 * whole)
    one = run("one", affected={"classes": ["pit"]}, **options)["affected"]
    assert one["area_km2"] == pytest.approx(100 / 1600 * whole, rel=1e-4)
    assert one["se_km2"] is None


def test_affected_land_of_polygons_counts_overlaps_once(run: RunSite, tmp_path: Path) -> None:
    """Two squares of half the map's width, which overlap by half of one: 1.5 quarters of the map."""
    edge = grid(40, 40).boundingbox
    half = (edge.right - edge.left) / 2
    squares = [box(x, edge.bottom, x + half, edge.bottom + half) for x in (edge.left, edge.left + half / 2)]
    geopandas.GeoDataFrame(geometry=squares, crs=UTM).to_crs("EPSG:4326").to_file(tmp_path / "land.gpkg")
    found = run("drawn", affected={"polygons": "land.gpkg", "se_km2": 0.5})
    whole = sum(row["area_km2"] for row in found["areas"] if row["epoch"] == "2024")
    assert found["affected"]["area_km2"] == pytest.approx(1.5 / 4 * whole, rel=1e-3)
    assert (found["affected"]["se_km2"], found["affected"]["of"]) == (0.5, "land.gpkg")
    assert "land.gpkg" not in json.dumps(found["provenance"]["settings"])


def test_intervals_of_areas_reach_the_national_figure(run: RunSite, tmp_path: Path) -> None:
    """Two equal mines, 0.15 of the land with a variance of 1e-4 each: the sum is off by sqrt(2) x 0.01 of the land."""
    for name in ("p", "q"):
        found = run(name, sample=True, affected={"classes": ["mined", "occupied"]})
    whole = sum(row["area_km2"] for row in found["areas"] if row["epoch"] == "2024")
    sites, output = [str(tmp_path / name / "site.json") for name in ("p", "q")], tmp_path / "n.json"
    totals = ["--mines-mt", "10", "--national-mt", "100"]
    assert main(["scale", "--sites", *sites, *totals, "--output", str(output)]) == 0
    content = json.loads(output.read_text())
    assert content["sums"]["affected_km2"] == pytest.approx(0.3 * whole)
    assert content["sums"]["excavated_km2"] == pytest.approx(0.2 * whole)
    assert content["draws"]["of"] == "areas"
    spread = (content["draws"]["high_km2"] - content["draws"]["low_km2"]) / 2
    assert spread == pytest.approx(10 * 1.96 * 2**0.5 * 0.01 * whole, rel=0.05)
    assert "affected land of p, q is affected land as the site file names it" in content["notes"][0]


@pytest.mark.parametrize(
    ("affected", "problem"),
    [
        ({}, "one of polygons, classes and influence"),
        ({"polygons": "2015.tif", "classes": ["mined"]}, "one of polygons, classes and influence"),
        ({"polygons": "none.gpkg"}, r"none\.gpkg does not exist"),
        ({"polygons": "2015.tif"}, r"2015\.tif: is not a vector file"),
        ({"classes": ["forest"]}, "forest"),
    ],
)
def test_affected_land_that_is_none_is_refused(run: RunSite, affected: dict[str, object], problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        run("wrong", affected=affected)
    assert "\n" not in str(caught.value)


def test_sites_of_tables_need_areas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tables in ha are scaled, and said to be; shares alone, and NDVI alone, are refused in one line."""
    (tmp_path / "a.csv").write_text("year,grass,pit\n2000,900,100\n2010,600,400\n")
    (tmp_path / "n.csv").write_text("date,value\n" + "".join(f"2010-{month:02},0.5\n" for month in range(4, 11)))
    types = {"grass": "grassland", "pit": "mined"}
    tables: dict[str, dict[str, Any]] = {
        **{name: {"areas": {"table": "a.csv", "types": types, "unit": "ha"}} for name in ("one", "two")},
        "share": {"areas": {"table": "a.csv", "types": types, "unit": "share"}},
        "green": {"ndvi": {"table": "n.csv", "date": "date", "value": "value", "source": "x"}},
    }
    paths = {}
    for name, table in tables.items():
        site = tmp_path / f"{name}.yaml"
        site.write_text(yaml.safe_dump({"version": 1, "site": name, "tables": table}))
        paths[name] = str(save_site(run_site(site, tmp_path / name), tmp_path / name))
    output = tmp_path / "n.json"
    assert main(["scale", "--sites", paths["one"], paths["two"], "--output", str(output)]) == 0
    content = json.loads(output.read_text())
    assert content["sums"]["affected_km2"] == pytest.approx(8)  # 400 ha twice
    assert "does not tell where land changed" in content["notes"][0]
    for name, remedy in (("share", "in ha, km2 or m2"), ("green", "leave this site out")):
        capsys.readouterr()
        assert main(["scale", "--sites", paths["one"], paths[name]]) == 2
        message = capsys.readouterr().err
        assert message.count("\n") == 1
        assert paths[name] in message
        assert remedy in message

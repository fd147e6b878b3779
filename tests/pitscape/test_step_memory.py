"""Steps of a site remember; what changes redoes its steps and later ones; a kill changes nothing."""

import json
import os
from pathlib import Path

import geopandas
import numpy as np
import pytest
import yaml
from killed_runs import Moment, killed_at
from pixel_models import pixel_card, write_pixel_model
from rasterio.shutil import copy as copy_raster
from shapely.geometry import box
from small_scenes import BANDS, grid, stored_numbers, write_raster

from pitscape.file_hashes import FileHashes
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import sha256_of
from pitscape.input_files import digest_of, files_with
from pitscape.map_site import STEPS_ON_MAPS
from pitscape.report import write_report
from pitscape.site import STEPS, report_site, run_site
from pitscape.step_memory import StepMemory

ALL = ["map 2015", "map 2024", *STEPS_ON_MAPS, *STEPS]
FEW: list[tuple[str, Moment]] = [
    ("map 2024", "tile"),
    ("map 2024", "end"),
    ("extents", "file"),
    ("affected land", "file"),
    ("landscape and resilience", "end"),
    ("report", "file"),
]
MORE: list[tuple[str, Moment]] = [
    *((step, "end") for step in ALL),
    *((step, "file") for step in ("map 2015", "map 2024", "areas", "landscape and resilience")),
]
FILES = ("site.json", "report.html", "outlines.svg", "areas.csv", "classes/2015.tif", "classes/2024.tif")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map of 48 x 40 cells in codes of its own, and an image of several tiles."""
    folder = tmp_path_factory.mktemp("site")
    before = np.full((48, 40), 2, np.uint8)
    before[:5, :5] = 3
    before[20:30, 20:30] = 0
    save_class_map(folder / "2015.tif", before, grid(48, 40), load_legend())
    write_raster(folder / "s_20240701.tif", stored_numbers(48, 40), bands=BANDS)
    write_pixel_model(folder / "model.onnx", pixel_card("sentinel2_l2a"), tile=32)
    content = {
        "version": 1,
        "site": "meadow",
        "model": "model.onnx",
        "legend": "four_class",
        "affected": {"classes": ["mined"]},
        "uncertainty": {"draws": 100},
        "window_m": 90,
        "epochs": [
            {"classes": "2015.tif", "year": 2015, "name": "2015", "reference": "2015.tif"},
            {"image": "s_20240701.tif", "name": "2024", "reference": "2015.tif"},
        ],
    }
    (folder / "site.yaml").write_text(yaml.safe_dump(content))
    return folder / "site.yaml"


@pytest.fixture(scope="module")
def whole(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    report_site(site, out)
    return out


def ran(site: Path, out: Path) -> list[str]:
    said: list[str] = []
    report_site(site, out, say=said.append)
    return said


def changed(site: Path, **change: object) -> Path:
    path = site.with_name("changed.yaml")
    path.write_text(yaml.safe_dump(yaml.safe_load(site.read_text()) | change))
    return path


def test_a_second_run_does_nothing_and_a_weight_redoes_only_integrity_and_later(
    site: Path, whole: Path, tmp_path: Path
) -> None:
    assert ran(site, tmp_path) == ALL
    first = {name: (tmp_path / name).read_bytes() for name in FILES}
    written = (tmp_path / "report.html").stat().st_mtime_ns
    assert first == {name: (whole / name).read_bytes() for name in FILES}
    assert ran(site, tmp_path) == []
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == first
    assert (tmp_path / "report.html").stat().st_mtime_ns == written
    other = changed(site, weights={"shei": 2 / 8, "mpfd": 1 / 8, "contag": 3 / 8, "connect": 2 / 8})
    assert ran(other, tmp_path) == list(STEPS)
    assert ran(changed(site, title="A heading"), tmp_path) == list(STEPS)  # the weights went back
    assert ran(changed(site, title="Another one"), tmp_path) == ["report"]
    mine = {"technology": "dragline"}
    assert ran(changed(site, title="Another one", mine=mine), tmp_path) == ["uncertainty", "course", "report"]
    assert ran(changed(site, title="Another one"), tmp_path) == ["uncertainty", "course", "report"]
    assert ran(changed(site, title="Another one", language="zh"), tmp_path) == ["report"]
    (tmp_path / "extents.gpkg").write_bytes(b"")
    assert ran(site, tmp_path) == ["extents", "report"]


def test_names_that_differ_by_a_space_are_two_steps(tmp_path: Path) -> None:
    for _ in range(2):
        memory = StepMemory(tmp_path)
        assert [memory.step(name, {}, lambda name=name: name) for name in ("map a b", "map a_b")] == [
            "map a b",
            "map a_b",
        ]
    assert memory.done == []


def test_ready_maps_are_no_steps_and_a_page_speaks_as_its_site(site: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(site.read_text()) | {"language": "zh"}
    content["epochs"] = content["epochs"][:1]
    del content["legend"], content["model"]
    path = site.with_name("one.yaml")
    path.write_text(yaml.safe_dump(content))
    totals: set[float] = set()
    report_site(path, tmp_path, progress=lambda _done, total: totals.add(total))
    assert totals == {len(STEPS_ON_MAPS) + len(STEPS)}
    assert '<html lang="zh"' in write_report(tmp_path, site_file=path).read_text(encoding="utf-8")


def test_an_image_that_cannot_be_read_stops_a_run_before_its_first_step(site: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(site.read_text())
    content["epochs"][1]["mask"] = "site.yaml"
    said: list[str] = []
    with pytest.raises(InputError, match=r"site\.yaml"):
        report_site(changed(site, epochs=content["epochs"]), tmp_path, say=said.append)
    assert said == []


def test_progress_rises_to_the_number_of_steps(site: Path, tmp_path: Path) -> None:
    told: list[tuple[float, float]] = []
    report_site(site, tmp_path, progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {total for _, total in told} == {len(ALL)}
    assert told[-1][0] == len(ALL)
    assert any(1 < done < 2 for done, _ in told)  # within the second map


def test_results_can_be_published(site: Path, whole: Path) -> None:
    """No file of a run that went well names a folder of the machine."""
    texts = [path for path in whole.rglob("*") if path.suffix in {".json", ".log", ".html", ".csv", ".svg"}]
    assert len(texts) > len(ALL)
    for path in texts:
        assert str(site.parent.parent) not in path.read_text(encoding="utf-8"), path


def goes_on(step: str, moment: Moment, site: Path, whole: Path, out: Path) -> None:
    assert killed_at(step, moment, site, out) == -9
    assert ran(site, out) == ALL[ALL.index(step) :]
    for name in FILES:
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    for name in ("extents.gpkg", "affected.gpkg"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name


no_sigkill = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")


def test_files_of_options_that_are_no_longer_wanted_go(site: Path, tmp_path: Path) -> None:
    report_site(changed(site, polygons=True, confidence=True), tmp_path)
    for folder in ("polygons", "confidence", "resilience"):
        assert [path for path in (tmp_path / folder).iterdir() if path.stem.startswith("2024")], folder
    (tmp_path / "resilience" / "own.tif").write_text("of the user")
    content = yaml.safe_load(site.read_text())
    fewer = {name: value for name, value in content.items() if name not in {"window_m", "affected"}}
    path = site.with_name("fewer.yaml")
    for epochs in (content["epochs"], content["epochs"][1:]):
        path.write_text(yaml.safe_dump(fewer | {"epochs": epochs}))
        report_site(path, tmp_path)
        assert not (tmp_path / "affected.gpkg").exists()
        assert not (tmp_path / "polygons").exists()
        assert not (tmp_path / "confidence").exists()
        assert [each.name for each in (tmp_path / "resilience").iterdir()] == ["own.tif"]
        names = {each.name.split(".")[0] for each in (tmp_path / "classes").iterdir()}
        assert names == {epoch["name"] for epoch in epochs}


def test_a_map_that_became_an_input_stays(site: Path, tmp_path: Path) -> None:
    report_site(site, tmp_path)
    content = yaml.safe_load(site.read_text())
    content["epochs"][1] = {"classes": str(tmp_path / "classes" / "2024.tif"), "year": 2024, "name": "2024"}
    del content["legend"]
    path = site.with_name("ready.yaml")
    path.write_text(yaml.safe_dump(content))
    before = (tmp_path / "classes" / "2024.tif").read_bytes()
    report_site(path, tmp_path)
    assert (tmp_path / "classes" / "2024.tif").read_bytes() == before
    assert not (tmp_path / "classes" / "2015.tif").exists()


def test_epochs_that_change_places_are_measured_anew(site: Path, tmp_path: Path) -> None:
    swapped = yaml.safe_load(site.read_text())
    swapped["epochs"].reverse()
    for epoch, year in zip(swapped["epochs"], (2015, 2024), strict=True):
        epoch["year"] = year
    path = changed(site, epochs=swapped["epochs"])
    report_site(site, tmp_path / "again")
    for out in ("again", "fresh"):
        report_site(path, tmp_path / out)
    for name in ("site.json", "areas.csv", "extents.gpkg"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes(), name


@no_sigkill
@pytest.mark.parametrize(("step", "moment"), FEW)
def test_a_killed_run_goes_on_and_gives_the_same(
    site: Path, whole: Path, tmp_path: Path, step: str, moment: Moment
) -> None:
    goes_on(step, moment, site, whole, tmp_path)


@pytest.mark.slow
@no_sigkill
@pytest.mark.parametrize(("step", "moment"), MORE)
def test_a_run_killed_anywhere_goes_on_and_gives_the_same(
    site: Path, whole: Path, tmp_path: Path, step: str, moment: Moment
) -> None:
    goes_on(step, moment, site, whole, tmp_path)


def test_a_failing_step_names_itself_and_is_logged(tmp_path: Path) -> None:
    memory = StepMemory(tmp_path)
    assert memory.step("first", {}, lambda: [1.5, float("nan")])[0] == 1.5
    with pytest.raises(PitscapeError, match=r"^second: failed \(ZeroDivisionError: .*run\.log has more") as caught:
        memory.step("second", {}, lambda: 1 // 0)
    assert caught.value.exit_status == 1

    def wrong() -> None:
        raise InputError("a.tif: is wrong; mend it.")

    with pytest.raises(InputError, match=r"^third: a\.tif: is wrong"):
        memory.step("third", {}, wrong)
    assert "Traceback" in (tmp_path / "run.log").read_text()
    again = StepMemory(tmp_path)
    assert again.step("first", {}, lambda: 2)[0] == 1.5
    assert again.step("first", {"option": 1}, lambda: 2) == 2
    assert StepMemory(tmp_path, force=True).step("first", {"option": 1}, lambda: 3) == 3


def test_files_that_belong_to_an_input_are_hashed_with_it(tmp_path: Path) -> None:
    write_raster(tmp_path / "s.tif", stored_numbers(48, 40), bands=BANDS)
    copy_raster(tmp_path / "s.tif", tmp_path / "s.vrt", driver="VRT")
    square = geopandas.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs="EPSG:32633")
    square.to_file(tmp_path / "z.shp")
    found = {each.name for each in files_with(tmp_path / "z.shp")}
    assert found == {"z.shp", "z.dbf", "z.prj", "z.shx", "z.cpg"}
    assert files_with(tmp_path / "s.vrt") == [tmp_path / "s.vrt", tmp_path / "s.tif"]
    assert digest_of(tmp_path / "s.tif", sha256_of) == sha256_of(tmp_path / "s.tif")
    for file, part in (("s.vrt", "s.tif"), ("s.tif", "s.tif.aux.xml"), ("z.shp", "z.dbf")):
        before = digest_of(tmp_path / file, sha256_of)
        (tmp_path / part).write_bytes(b"other")
        assert digest_of(tmp_path / file, sha256_of) != before


def test_another_source_of_a_mosaic_maps_it_anew(site: Path, tmp_path: Path) -> None:
    copy_raster(site.with_name("s_20240701.tif"), site.with_name("v_20240701.tif"))
    copy_raster(site.with_name("v_20240701.tif"), site.with_name("v_20240701.vrt"), driver="VRT")
    epochs = yaml.safe_load(site.read_text())["epochs"]
    epochs[1]["image"] = "v_20240701.vrt"
    path = changed(site, epochs=epochs)
    assert ran(path, tmp_path) == ALL
    write_raster(site.with_name("v_20240701.tif"), stored_numbers(48, 40, seed=9), bands=BANDS)
    assert ran(path, tmp_path)[0] == "map 2024"
    inputs = json.loads((tmp_path / "site.json").read_text())["provenance"]["inputs_sha256"]
    assert inputs["v_20240701.tif"] == sha256_of(site.with_name("v_20240701.tif"))


def test_inputs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    epochs = []
    for year in (2015, 2024):
        (tmp_path / str(year) / "x").mkdir(parents=True)
        map_ = tmp_path / str(year) / "x" / "map.tif"
        save_class_map(map_, np.full((40, 40), year % 3, np.uint8), grid(40, 40), load_legend())
        epochs.append({"classes": f"{year}/x/map.tif", "year": year, "name": str(year)})
    (tmp_path / "site.yaml").write_text(yaml.safe_dump({"site": "a", "epochs": epochs}))
    inputs = run_site(tmp_path / "site.yaml", tmp_path / "out")["provenance"]["inputs_sha256"]
    assert {*inputs} >= {"2015/x/map.tif", "2024/x/map.tif", "site.yaml"}


def test_hashes_are_read_anew_where_a_file_changed(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    hashes = FileHashes(tmp_path / "files.json")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
    assert hashes.of(file) == known
    hashes.save()
    file.write_bytes(b"abcd")
    again = FileHashes(tmp_path / "files.json")
    assert again.of(file) != known
    assert again.of(tmp_path) == sha256_of(tmp_path)

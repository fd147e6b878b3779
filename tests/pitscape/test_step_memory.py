"""Steps of a site remember; what changes redoes its steps and later ones; a kill changes nothing."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from small_scenes import grid

from pitscape.file_hashes import FileHashes
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import sha256_of
from pitscape.site import run_site, save_site
from pitscape.step_memory import StepMemory

STEPS = ["map 2015", "map 2024", "areas", "extents", "growth", "landscape and resilience", "affected land"]
STEPS += ["accuracy", "integrity", "sensitivity", "uncertainty", "course"]

KILLED = """
import os, signal, sys
from pathlib import Path
from pitscape import step_memory
from pitscape.site import run_site

worked = step_memory.StepMemory._worked

def once(self, name, work):
    found = worked(self, name, work)
    if name == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)
    return found

step_memory.StepMemory._worked = once
run_site(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two maps of 40 x 40 cells in codes of their own, with a pit at the second."""
    folder = tmp_path_factory.mktemp("site")
    before = np.full((40, 40), 2, np.uint8)
    before[:5, :5] = 3
    after = before.copy()
    after[20:30, 20:30] = 0
    for name, ids in (("2015", before), ("2024", after)):
        save_class_map(folder / f"{name}.tif", ids, grid(40, 40), load_legend())
    content = {
        "version": 1,
        "site": "meadow",
        "legend": "four_class",
        "affected": {"classes": ["mined"]},
        "uncertainty": {"draws": 100},
        "epochs": [{"classes": f"{y}.tif", "year": y, "name": f"{y}", "reference": f"{y}.tif"} for y in (2015, 2024)],
    }
    (folder / "site.yaml").write_text(yaml.safe_dump(content))
    return folder / "site.yaml"


@pytest.fixture(scope="module")
def whole(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    save_site(run_site(site, out), out)
    return out


def ran(site: Path, out: Path) -> list[str]:
    said: list[str] = []
    save_site(run_site(site, out, say=said.append), out)
    return said


def changed(site: Path, **change: object) -> Path:
    path = site.with_name("changed.yaml")
    path.write_text(yaml.safe_dump(yaml.safe_load(site.read_text()) | change))
    return path


def test_a_second_run_does_nothing_and_a_weight_redoes_only_integrity_and_later(site: Path, tmp_path: Path) -> None:
    assert ran(site, tmp_path) == STEPS
    first = (tmp_path / "site.json").read_bytes()
    assert ran(site, tmp_path) == []
    assert (tmp_path / "site.json").read_bytes() == first
    assert ran(changed(site, weights={"shei": 2 / 8, "mpfd": 1 / 8, "contag": 3 / 8, "connect": 2 / 8}), tmp_path) == [
        "integrity",
        "sensitivity",
        "uncertainty",
        "course",
    ]
    assert ran(changed(site, title="Another heading"), tmp_path)[:1] == ["integrity"]  # the weights went back
    assert ran(changed(site, title="A third one"), tmp_path) == []
    (tmp_path / "extents.gpkg").write_bytes(b"")
    assert ran(site, tmp_path) == ["extents"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_run_goes_on_and_gives_the_same(site: Path, whole: Path, tmp_path: Path, step: str) -> None:
    command = [sys.executable, "-c", KILLED, str(site), str(tmp_path), step]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -9
    assert ran(site, tmp_path) == STEPS[STEPS.index(step) :]
    for name in ("site.json", "areas.csv", "classes/2015.tif", "classes/2024.tif"):
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes()


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

"""Several sites of one command: those that fail do not stop the others, and all are as if run alone."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pytest
import yaml
from dying_workers import die_in_step
from filelock import FileLock
from finished_site import finished_site
from loopback_cluster import loopback_cluster
from small_scenes import grid

from pitscape import many_sites
from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import sha256_of
from pitscape.inference.cluster.connection import connected
from pitscape.inference.cluster.tasks import Outcome
from pitscape.many_sites import run_sites
from pitscape.site import report_site
from pitscape.site_list import listed_sites
from pitscape.site_numbers import numbers_of
from pitscape.site_task import SiteResult, SiteTask, run_site_here, run_site_task

if TYPE_CHECKING:
    from distributed import Client

CELL_KM2 = 100 / 0.9996**2 / 1e6
"""Of 10 m in UTM near its central meridian."""

OF_A_RUN = {"files.json", "run.log"}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three sites, whose pits of 40, 80 and 120 cells grow by 40, and of one with a wrong key."""
    folder = tmp_path_factory.mktemp("sites")
    for number, name in enumerate("abc"):
        epochs = []
        for place, year in enumerate((2015, 2024)):
            ids = np.full((30, 40), 2, np.uint8)
            ids[:2, :5] = 3
            ids[10 : 10 + 4 * (number + place + 1), 10:20] = 0
            save_class_map(folder / f"{name}_{year}.tif", ids, grid(30, 40), load_legend())
            epochs.append({"classes": f"{name}_{year}.tif", "year": year, "name": str(year)})
        content = {"site": f"mine {name}", "title": f"={name}", "uncertainty": {"draws": 100}, "epochs": epochs}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
    (folder / "broken.yaml").write_text("site: broken\nepoch: []\n")
    (folder / "._a.yaml").write_bytes(b"\0 of another system")
    return folder


@pytest.fixture(scope="module")
def alone(sites: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the three sites, each run by itself."""
    out = tmp_path_factory.mktemp("alone")
    for name in "abc":
        report_site(sites / f"{name}.yaml", out / name)
    return results_of(out)


@pytest.fixture(scope="module")
def client() -> Iterator["Client"]:
    with loopback_cluster(2) as found:
        yield found


def results_of(out: Path) -> dict[str, bytes]:
    """Everything of the sites but the log of the last run and what is remembered of the file system."""
    files = sorted(path for name in "abc" for path in (out / name).rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files if path.name not in OF_A_RUN}


def tasks_of(sites: Path, out: Path) -> list[SiteTask]:
    return [SiteTask(site, sha256_of(site.path)) for site in listed_sites([sites], out)]


def summary(out: Path) -> list[dict[str, Any]]:
    content = json.loads((out / "sites.json").read_text(encoding="utf-8"))
    assert content["schema"] == 1
    rows: list[dict[str, Any]] = content["sites"]
    return rows


def test_a_broken_site_does_not_stop_the_others(
    sites: Path, alone: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["run", str(sites), "--out", str(out)]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "1 of 4 sites are not whole" in printed.err
    told = {line.split()[0]: line for line in printed.out.splitlines()[1:]}
    assert list(told) == ["a", "b", "broken", "c"]
    assert "failed" in told["broken"]
    assert "unknown key 'epoch'" in told["broken"]
    assert "12 of 12 steps done" in told["a"]
    assert told["a"].endswith(str(out / "a" / "report.html"))
    assert results_of(out) == alone
    rows = summary(out)
    assert [(row["site"], row["status"], row["report"]) for row in rows] == [
        ("a", "whole", "a/report.html"),
        ("b", "whole", "b/report.html"),
        ("broken", "failed", None),
        ("c", "whole", "c/report.html"),
    ]
    assert [[epoch["mined_km2"] for epoch in rows[at]["epochs"]] for at in (0, 3)] == [
        pytest.approx([40 * CELL_KM2, 80 * CELL_KM2], rel=1e-3),
        pytest.approx([120 * CELL_KM2, 160 * CELL_KM2], rel=1e-3),
    ]
    for name in ("sites.json", "sites.csv", "index.html"):
        assert str(tmp_path) not in (out / name).read_text(encoding="utf-8")
        assert str(sites) not in (out / name).read_text(encoding="utf-8")


def test_a_second_run_does_only_what_is_missing(
    sites: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, listed = [str(sites / f"{name}.yaml") for name in "abc"], ("sites.json", "sites.csv", "index.html")
    assert main(["run", *files, "--out", str(tmp_path)]) == 0
    first = {name: (tmp_path / name).read_bytes() for name in listed}
    capsys.readouterr()
    (tmp_path / "b" / "extents.gpkg").unlink()
    assert main(["run", *files, "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [re.split(r"\s{2,}", line)[1] for line in lines] == ["unchanged", "1 of 12 steps done", "unchanged"]
    assert {name: (tmp_path / name).read_bytes() for name in listed} == first


def test_the_table_and_the_page_lead_to_every_report(sites: Path, tmp_path: Path) -> None:
    assert main(["run", str(sites), "--out", str(tmp_path), "--language", "zh"]) == 1
    text = (tmp_path / "sites.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["title"] for row in rows] == ["'=a", "'=b", "", "'=c"]
    assert float(rows[0]["last_mined_km2"]) == pytest.approx(80 * CELL_KM2, rel=1e-3)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert '<html lang="zh">' in page
    assert "epoch" in page
    links = set(re.findall(r'href="(?!data:)([^"]+)"', page))
    assert links == {*(f"{name}/report.html" for name in "abc"), "sites.csv", "sites.json"}
    assert all((tmp_path / link).is_file() for link in links)


def test_numbers_by_hand() -> None:
    site = finished_site("north", 0.5)
    site["adjusted_areas"] = [
        {"epoch": "b", "role": "mined", "adjusted_km2": 3.0, "se_km2": 0.1, "low_km2": 2.8, "high_km2": 3.2},
        {"epoch": "b", "role": "water", "adjusted_km2": 9.0, "se_km2": 0.1, "low_km2": 8.8, "high_km2": 9.2},
    ]
    site["areas"].append({"epoch": "b", "zone": "all", "class_id": 1, "area_km2": 7.0})
    site["areas"].append({"epoch": "b", "zone": "lease", "class_id": 0, "area_km2": 1.0})
    found = numbers_of(site)
    nothing = dict.fromkeys(("mined_km2", "adjusted_km2", "se_km2", "low_km2", "high_km2"))
    known = {"mined_km2": 2.5, "adjusted_km2": 3.0, "se_km2": 0.1, "low_km2": 2.8, "high_km2": 3.2}
    assert found["epochs"] == [{"epoch": "a"} | nothing, {"epoch": "b"} | known]
    assert (found["eci"], found["thv"], found["stage"]) == (0.3, 1.0, "late stable")
    assert (found["affected_km2"], found["state"], found["title"]) == (None, None, "north")


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        (["a.yaml", "more/a.yaml"], r"more/a\.yaml: and a\.yaml would both be .*a; give each site once"),
        (["a.yaml", "more/A.yaml"], r"more/A\.yaml: and a\.yaml would both be"),
        (["a.yaml", "."], r"a\.yaml: is given twice"),
        (["a.yaml", "nowhere.yaml"], r"nowhere\.yaml: no such site file"),
        (["empty"], r"empty: holds no site file \(\*\.yaml\)"),
        (["a.yaml", "done"], r"done: holds the results of a site"),
        (["a.yaml", "more/sites.csv.yaml"], r"more/sites\.csv\.yaml: and sites\.csv would both be"),
    ],
)
def test_what_cannot_be_told_apart_is_refused_beforehand(
    sites: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    named: list[str],
    problem: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "more/a.yaml", "more/A.yaml", "more/sites.csv.yaml", "done/site.json", "empty/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((sites / "a.yaml").read_bytes())
    assert main(["run", *named, "--out", "out"]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert re.search(problem, message)
    assert not (tmp_path / "out").exists()


def test_results_of_one_site_are_no_place_for_those_of_several(sites: Path, tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text("{}")
    with pytest.raises(InputError, match="holds the results of one site"):
        listed_sites([sites], tmp_path)


def test_one_site_is_not_shared(sites: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(sites / "a.yaml"), "--out", str(tmp_path / "out"), "--cluster", "local:2"]) == 2
    assert "--cluster local:2: shares several sites" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_nothing_is_begun_for_a_cluster_that_cannot_be(
    sites: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(sites), "--out", str(tmp_path / "out"), "--cluster", "tcp://192.0.2.1:8786"]) == 2
    assert "a scheduler runs anyone's code" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_full_disk_takes_no_list(
    sites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What became of the sites is printed before it is written."""

    def full(*_: object) -> NoReturn:
        raise PitscapeError("sites.json: no room.")

    monkeypatch.setattr(many_sites, "write_summary", full)
    assert main(["run", str(sites / "a.yaml"), str(sites / "broken.yaml"), "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "no room" in printed.err
    assert [line.split()[0] for line in printed.out.splitlines()] == ["site", "a", "broken"]


def test_whatever_a_site_raises_is_its_own(
    sites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(path: Path, *given: object, **named: object) -> Path:
        if path.stem == "a":
            raise ZeroDivisionError("division\nby zero")
        return report_site(path, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("pitscape.site_task.report_site", wrong)
    assert main(["run", str(sites / "a.yaml"), str(sites / "b.yaml"), "--out", str(tmp_path)]) == 1
    assert [row["reason"] for row in summary(tmp_path)] == ["ZeroDivisionError: division by zero", None]
    assert "1 of 2" in capsys.readouterr().err


def test_a_site_that_is_run_is_locked_and_one_that_was_killed_is_not(sites: Path, tmp_path: Path) -> None:
    steps = tmp_path / ".steps"
    steps.mkdir()
    with FileLock(steps / "run.lock"), pytest.raises(InputError, match="another process is writing there"):
        report_site(sites / "a.yaml", tmp_path)
    assert (steps / "run.lock").exists() or not (tmp_path / "site.json").exists()
    (steps / "run.lock").touch()  # as a process that was killed leaves it
    assert report_site(sites / "a.yaml", tmp_path).exists()


def test_workers_give_the_same_and_broken_sites_are_told(
    sites: Path,
    alone: dict[str, bytes],
    client: "Client",
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = client.scheduler.address
    for happened in ("12 of 12 steps done", "unchanged"):
        assert main(["run", str(sites), "--out", str(tmp_path), "--cluster", address]) == 1
        told = capsys.readouterr().out.splitlines()[1:]
        assert [happened in line for line in told] == [True, True, False, True]
        assert results_of(tmp_path) == alone
        assert [row["status"] for row in summary(tmp_path)] == ["whole", "whole", "failed", "whole"]
    assert "cluster" not in (tmp_path / "sites.json").read_text()


def test_a_site_whose_worker_was_killed_is_done_by_another(
    sites: Path, alone: dict[str, bytes], client: "Client", tmp_path: Path
) -> None:
    marker, results = tmp_path / "died", dict[str, SiteResult]()
    client.run(die_in_step, "landscape and resilience", marker)
    run_sites(tasks_of(sites, tmp_path / "out"), results, cluster=client)
    assert marker.exists()
    assert {name: result.status for name, result in results.items()} == {
        "a": "whole",
        "b": "whole",
        "broken": "failed",
        "c": "whole",
    }
    assert max(result.kept for result in results.values()) > 0  # it went on
    assert results_of(tmp_path / "out") == alone


def test_a_lost_scheduler_leaves_a_list_of_what_is_missing(
    sites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(_client: object, function: Any, given: dict[str, SiteTask], **how: Any) -> Outcome[SiteResult]:  # noqa: ANN401
        how["on_result"]("a", function(given["a"]))
        raise PitscapeError("the scheduler was lost; 1 of 4 tasks were done.")

    monkeypatch.setattr(many_sites, "run_tasks", lost)
    monkeypatch.setattr(many_sites, "connected", lambda _cluster, **_: connected(object()))  # type: ignore[arg-type]
    assert main(["run", str(sites), "--out", str(tmp_path), "--cluster", "tcp://127.0.0.1:1"]) == 1
    assert "the scheduler was lost" in capsys.readouterr().err
    assert [row["status"] for row in summary(tmp_path)] == ["whole", "missing", "missing", "missing"]
    assert all("scheduler was lost" in row["reason"] for row in summary(tmp_path)[1:])


def workers(monkeypatch: pytest.MonkeyPatch, done: Any) -> None:  # noqa: ANN401
    """What a task becomes where workers are this process."""

    def run_tasks(_client: object, _function: object, given: dict[str, SiteTask], *, on_result: Any, **_: Any) -> Any:  # noqa: ANN401
        outcome = Outcome[SiteResult]()
        for name, task in given.items():
            try:
                on_result(name, done(task))
            except PitscapeError as error:
                outcome.failures[name] = str(error)
        return outcome

    monkeypatch.setattr(many_sites, "run_tasks", run_tasks)
    monkeypatch.setattr(many_sites, "connected", lambda _cluster, **_: connected(object()))  # type: ignore[arg-type]


def test_a_worker_with_a_disk_of_its_own_runs_no_site(
    sites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its folder has the same path, and lacks the mark."""
    out = tmp_path / "out"

    def elsewhere(task: SiteTask) -> SiteResult:
        assert task.mark is not None
        assert task.mark.parent == out
        task.mark.rename(tmp_path / "mark")
        try:
            return run_site_task(task)
        finally:
            (tmp_path / "mark").rename(task.mark)

    workers(monkeypatch, elsewhere)
    names = [str(sites / f"{name}.yaml") for name in "ab"]
    assert main(["run", *names, "--out", str(out), "--cluster", "tcp://127.0.0.1:1"]) == 1
    assert "2 of 2 sites are not whole" in capsys.readouterr().err
    reasons = [row["reason"] for row in summary(out)]
    pattern = r"out: \S+ does not see the folder of this run; give all workers the same disk under the same path\."
    assert all(re.fullmatch(pattern, reason) for reason in reasons)
    assert sorted(path.name for path in out.iterdir()) == ["index.html", "sites.csv", "sites.json"]


def test_a_site_of_which_nothing_is_seen_is_not_whole(
    sites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers(monkeypatch, lambda _task: SiteResult("whole", numbers={"title": "elsewhere"}))
    names = [str(sites / f"{name}.yaml") for name in "ab"]
    assert main(["run", *names, "--out", str(tmp_path), "--cluster", "tcp://127.0.0.1:1"]) == 1
    for row in summary(tmp_path):
        assert (row["status"], row["report"]) == ("failed", None)
        assert row["reason"].startswith(
            f"{row['site']}: lacks what a worker says it has written (site.json, report.html)"
        )


def test_another_site_file_on_a_worker_is_refused(sites: Path, tmp_path: Path) -> None:
    """The hash in the lists is of the file that was run."""
    [site] = listed_sites([sites / "a.yaml"], tmp_path / "out")
    mark = tmp_path / ".mark.01234567"
    mark.touch()
    task = SiteTask(site, sha256_of(sites / "b.yaml"), mark=mark)
    with pytest.raises(InputError, match=r"a\.yaml: is another file on \S+ than where the run was begun"):
        run_site_task(task)
    gone = replace(task, site=replace(site, path=tmp_path / "gone.yaml"))
    with pytest.raises(InputError, match=r"gone\.yaml: \S+ cannot read it"):
        run_site_task(gone)
    here = run_site_here(replace(task, mark=None), lambda _done, _total: None)
    assert (here.status, here.reason) == ("failed", f"{site.path}: was changed since the run was begun; run it again.")
    assert not (tmp_path / "out").exists()

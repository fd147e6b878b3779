"""The verb ``run`` for several sites: those that fail do not stop the others."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.outputs import keep_inputs, make_folder
from pitscape.inference.cluster.connection import check_cluster, connected
from pitscape.inference.cluster.run_mark import marking
from pitscape.inference.cluster.tasks import run_tasks
from pitscape.progress import say, titled_bar
from pitscape.record import made_of
from pitscape.report_sites import write_page
from pitscape.site_list import PAGE, SUMMARY, TABLE, ListedSite, listed_sites
from pitscape.site_summary import write_summary
from pitscape.site_task import SiteResult, SiteTask, run_site_here, run_site_task

if TYPE_CHECKING:
    from distributed import Client

WRITTEN = ("site.json", "report.html")
"""By every site that is whole."""

Fraction: TypeAlias = Callable[[float, float], None]
"""Told of work done, and of all work."""


def run(arguments: argparse.Namespace) -> None:
    """``pitscape run`` of several site files."""
    out: Path = arguments.out
    sites = listed_sites(arguments.site, out)
    paths = [site.path for site in sites]
    if arguments.cluster:
        check_cluster(arguments.cluster)
    keep_inputs([make_folder(out) / name for name in (PAGE, TABLE, SUMMARY)], paths)
    record = made_of(arguments, *paths)
    hashes = record["inputs_sha256"].values()
    tasks = [
        SiteTask(site, sha256, arguments.language, arguments.force) for site, sha256 in zip(sites, hashes, strict=True)
    ]
    results: dict[str, SiteResult] = {}
    lost: PitscapeError | None = None
    try:
        run_sites(tasks, results, cluster=arguments.cluster)
    except InputError:
        raise
    except PitscapeError as error:  # of the cluster: what was done is told all the same
        lost = error
    told = [(site, results.get(site.name, SiteResult("missing", str(lost or "was not begun")))) for site in sites]
    print(_printed(told, out))  # first: a full disk takes no list
    rows = write_summary(out, told, record)
    write_page(out, rows, language=arguments.language)
    if lost:
        raise lost
    if unfinished := sum(result.status != "whole" for _, result in told):
        raise PitscapeError(
            f"{unfinished} of {len(sites)} sites are not whole; {out / TABLE} says why, and the same command does only them."
        )


def run_sites(
    tasks: Sequence[SiteTask], results: dict[str, SiteResult], *, cluster: "str | Client | None" = None
) -> None:
    """Run sites, and say of each what became of it.

    Args:
        tasks: The sites.
        results: By name, filled as they come: what is known is there when this ends early.
        cluster: As ``connected`` takes it; None: here, one after another.

    Raises:
        InputError: If there is no such cluster.
        PitscapeError: If no scheduler answers, it is lost, or all workers are.
    """
    with titled_bar("sites") as (doing, progress):
        if cluster is None:
            for passed, task in enumerate(tasks):
                doing(task.site.name)
                results[task.site.name] = run_site_here(task, _part_of(progress, passed, len(tasks)))
            return
        progress(0, len(tasks))

        with connected(cluster, tell=say) as client, marking(tasks[0].site.out.parent) as mark:
            given = {task.site.name: replace(task, threads=1, mark=mark) for task in tasks}

            def told(name: str, result: SiteResult) -> None:
                results[name] = _seen(given[name].site, result)
                progress(len(results), len(tasks))

            outcome = run_tasks(client, run_site_task, given, on_result=told, tell=say)
        results |= {name: SiteResult("failed", reason) for name, reason in outcome.failures.items()}


def _seen(site: ListedSite, result: SiteResult) -> SiteResult:
    """What a worker says of a site, where this process sees what it has written."""
    if result.status != "whole" or all((site.out / name).is_file() for name in WRITTEN):
        return result
    return SiteResult(
        "failed",
        f"{site.out}: lacks what a worker says it has written ({', '.join(WRITTEN)}); give all workers the same disk under "
        "the same path.",
    )


def _part_of(progress: Fraction, passed: int, of: int) -> Fraction:
    """Progress of one site as a part of that of all."""
    return lambda done, total: progress(passed + done / total, of)


def _printed(told: Sequence[tuple[ListedSite, SiteResult]], out: Path) -> str:
    """A line for each site: what happened, how long it took, and where its report is or why there is none."""
    rows = [("site", "what happened", "s", "report")]
    for site, result in told:
        whole = result.status == "whole"
        last = str(out / site.name / "report.html") if whole else site.shortened(result.reason)
        rows.append((site.name, result.happened, f"{result.seconds:.1f}" if result.seconds else "-", last))
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    return "\n".join(
        f"{name:{widths[0]}}  {happened:{widths[1]}}  {seconds:>{widths[2]}}  {last}"
        for name, happened, seconds, last in rows
    )

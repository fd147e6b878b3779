"""A site as a task: what a worker is given of it, and what it says of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.outputs import sha256_of
from pitscape.inference.cluster.run_mark import check_mark
from pitscape.inference.cluster.same_files import SameFiles
from pitscape.site import report_site
from pitscape.site_list import ListedSite
from pitscape.site_numbers import numbers_of
from pitscape.site_results import read_sites
from pitscape.step_memory import passed_steps

Status = Literal["whole", "failed", "missing"]


@dataclass(frozen=True)
class SiteTask:
    """A site to be run.

    Attributes:
        site: Its file and folder.
        sha256: Of its file, as the run records it.
        language: Of its report; None for that of its file.
        force: Do every step again.
        threads: At work on its scenes; None for all cores.
        mark: In the common folder, where a worker runs it.
    """

    site: ListedSite
    sha256: str
    language: str | None = None
    force: bool = False
    threads: int | None = None
    mark: Path | None = None


@dataclass(frozen=True)
class SiteResult:
    """What became of a site.

    Attributes:
        status: ``whole``, ``failed``, or ``missing`` where it was not begun.
        reason: Why it is not whole.
        done: Steps that were done now.
        kept: Steps that an earlier run had done.
        seconds: That it took.
        numbers: What its ``site.json`` says, as ``numbers_of`` has it.
    """

    status: Status
    reason: str = ""
    done: int = 0
    kept: int = 0
    seconds: float = 0.0
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def happened(self) -> str:
        """In a few words.

        >>> SiteResult("whole", done=2, kept=17).happened
        '2 of 19 steps done'
        """
        if self.status != "whole":
            return "failed" if self.status == "failed" else "not begun"
        return f"{self.done} of {self.done + self.kept} steps done" if self.done else "unchanged"


def run_site_task(task: SiteTask, progress: Callable[[float, float], None] = lambda _done, _total: None) -> SiteResult:
    """Run a site; wrong input is a result, as no other try would help.

    Args:
        task: The site.
        progress: Told of steps done and steps in all.

    Raises:
        InputError: If a worker sees another folder or site file than the run; none of its sites would do.
        PitscapeError: If a step fails.
    """
    _check(task)
    begun, site = time.monotonic(), task.site
    try:
        report_site(
            site.path, site.out, language=task.language, force=task.force, threads=task.threads, progress=progress
        )
    except InputError as error:
        return SiteResult("failed", str(error), seconds=time.monotonic() - begun)
    _check(task)
    done, kept = passed_steps(site.out)
    [found] = read_sites([site.out / "site.json"])
    return SiteResult("whole", "", done, kept, time.monotonic() - begun, numbers_of(found))


def run_site_here(task: SiteTask, progress: Callable[[float, float], None]) -> SiteResult:
    """The same in this process, where whatever fails is a result."""
    begun = time.monotonic()
    try:
        return run_site_task(task, progress)
    except (PitscapeError, Exception) as error:  # noqa: BLE001 - the next site may do well
        told = str(error) if isinstance(error, PitscapeError) else f"{type(error).__name__}: {error}"
        return SiteResult("failed", " ".join(told.split()), seconds=time.monotonic() - begun)


def _check(task: SiteTask) -> None:
    """Make sure that folder and site file are those of the run."""
    path = task.site.path
    if task.mark:
        check_mark(task.mark)
        SameFiles(((path, task.sha256),), "", whole=True).check()
    elif sha256_of(path) != task.sha256:
        raise InputError(f"{path}: was changed since the run was begun; run it again.")

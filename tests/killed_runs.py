"""Runs of a site that kill themselves, each in a process of its own that has imported everything already."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pitscape.site import report_site
from pitscape.step_memory import StepMemory

Moment = Literal["tile", "file", "end"]
"""Halfway through the tiles of a scene; when a file is written and not yet in its place; when all is done but kept."""


def killed_at(step: str, moment: Moment, site: Path, out: Path) -> int | None:
    """Run a site in another process that kills itself within a step; its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["killed_runs", "pitscape.report"])
    process = context.Process(target=_run, args=(step, moment, site, out))
    process.start()
    process.join()
    return process.exitcode


def _run(step: str, moment: Moment, site: Path, out: Path) -> None:
    worked = StepMemory._worked

    def once(self: StepMemory, name: str, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - as a step has it
        if name == step:
            if moment == "tile":
                StepMemory.within = _kill_halfway  # type: ignore[method-assign]
            if moment == "file":
                Path.replace = _kill  # type: ignore[method-assign, assignment]
        found = worked(self, name, work)
        if name == step and moment == "end":
            _kill()
        return found

    StepMemory._worked = once  # type: ignore[method-assign]
    report_site(site, out)


def _kill_halfway(_memory: StepMemory, done: int, total: int) -> None:
    if 0 < done < total:
        _kill()


def _kill(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)

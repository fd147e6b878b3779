"""Workers of a cluster that kill themselves once, in the midst of a task; whoever does it again lives."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pitscape.inference.cluster import zonal_tasks
from pitscape.step_memory import StepMemory


def die_in_step(step: str, marker: Path) -> None:
    """On a worker: die when a site's step is done and not yet kept."""
    worked = StepMemory._worked

    def once(self: StepMemory, name: str, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - as a step has it
        found = worked(self, name, work)
        if name == step:
            _die_once(marker)
        return found

    StepMemory._worked = once  # type: ignore[method-assign]


def die_in_batch(marker: Path) -> None:
    """On a worker: die when the sums of a batch are made and not yet told."""
    made = zonal_tasks.batch_sums

    def once(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - as the function has it
        found = made(*given, **named)
        _die_once(marker)
        return found

    zonal_tasks.batch_sums = once


def _die_once(marker: Path) -> None:
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)

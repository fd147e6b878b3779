"""Who works on a cluster: threads, and the processors that decide whether sums are equal to the last bit."""

import platform
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from pitscape.imagery.errors import InputError, PitscapeError

if TYPE_CHECKING:
    from distributed import Client

LOOK_S = 0.5

Tell = Callable[[str], None]
"""Told what a user should know of, in one line."""


def threads_of(client: "Client", tell: Tell | None = None) -> list[int]:
    """Threads of each worker; where there is none yet, one is waited for, without end.

    Raises:
        PitscapeError: If the scheduler is lost.
    """
    told = False
    while True:
        try:
            threads = [int(each) for each in client.nthreads().values()]
        except (OSError, RuntimeError) as error:
            raise PitscapeError("the scheduler was lost; start it, and go on.") from error
        if threads:
            return threads
        if tell and not told:
            tell("waiting for workers: the cluster has none yet")
        told = True
        time.sleep(LOOK_S)


def check_memory(client: "Client", memory_mb: float) -> None:
    """Refuse more than a worker has: dask would kill it.

    Args:
        client: Of the cluster.
        memory_mb: What a worker is to use [MB].

    Raises:
        InputError: Naming the least limit of a worker.
    """
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    limits = [worker["memory_limit"] / (1 << 20) for worker in workers if worker["memory_limit"]]
    if limits and memory_mb > min(limits):
        raise InputError(
            f"--memory {memory_mb:g}: a worker is killed at {min(limits):.0f} MB, and pauses at 80 % of them; give "
            f"{0.75 * min(limits):.0f}, or start workers with more."
        )


def processor() -> str:
    """What this machine's processor is to sums: its kind, and the sets of instructions that numpy finds.

    Runtimes choose their code by these. Where two workers differ in them, probabilities may differ in their last bits.
    """
    found = np.show_config(mode="dicts") or {}
    return " ".join([platform.machine(), *found.get("SIMD Extensions", {}).get("found", [])])

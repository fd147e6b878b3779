"""Who works on a cluster: threads, whether anyone is left, and the processors that decide whether sums are equal to the last bit."""

import math
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from pitscape.imagery.errors import InputError, PitscapeError

if TYPE_CHECKING:
    from distributed import Client

LOOK_S = 0.5
"""Between two looks for workers."""

ALONE_S = 600.0
"""Without a worker, after which work is given up: time for a job queue to start others [s]."""

SCHEDULER_LOST = "the scheduler was lost; start it"

Tell = Callable[[str], None]
"""Told what a user should know of, in one line."""


class ClusterLostError(PitscapeError):
    """A cluster that does no more work, for whatever task: its scheduler was lost, or all of its workers.

    Attributes:
        lost: What was, and what helps, without a full stop.
    """

    def __init__(self, lost: str, message: str = "") -> None:
        super().__init__(message or f"{lost}.")
        self.lost = lost


@contextmanager
def asking(client: "Client") -> Iterator[None]:
    """Tell in one way that a client has lost its scheduler; what it raises depends on when it noticed.

    Raises:
        ClusterLostError: In place of that.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise ClusterLostError(SCHEDULER_LOST) from error
    except Exception as error:
        if client.status == "running":
            raise
        raise ClusterLostError(SCHEDULER_LOST) from error


def check_connected(client: "Client") -> None:
    """Make sure that the scheduler holds what it was sent; a client that looks for it, or has closed itself, has let go.

    Raises:
        ClusterLostError: If it was lost.
    """
    if client.status != "running":
        raise ClusterLostError(SCHEDULER_LOST)


class Attendance:
    """Whether there are workers, of a cluster that is asked again and again.

    Args:
        client: Of the cluster.
        tell: Told when there is none, once until some come.
        patience_s: How long there may be none [s]; None: ``ALONE_S``.
    """

    def __init__(self, client: "Client", tell: Tell | None, *, patience_s: float | None = None) -> None:
        self._client, self._tell = client, tell
        self._patience_s = ALONE_S if patience_s is None else patience_s
        self._seen, self._alone_since = False, math.inf

    def threads(self) -> list[int]:
        """Threads of each worker that is there.

        Raises:
            ClusterLostError: If the scheduler was lost, or there was no worker for too long.
        """
        check_connected(self._client)
        with asking(self._client):
            found = [int(each) for each in self._client.nthreads().values()]
        if found:
            self._seen, self._alone_since = True, math.inf
        elif self._alone_since == math.inf:
            self._alone_since = time.monotonic()
            if self._tell:
                self._tell(f"waiting for workers: {'none is left' if self._seen else 'the cluster has none yet'}")
        elif time.monotonic() - self._alone_since > self._patience_s:
            raise ClusterLostError(f"there was no worker for {self._patience_s / 60:g} minutes; start some")
        return found


def threads_of(client: "Client", tell: Tell | None = None, *, patience_s: float | None = None) -> list[int]:
    """Threads of each worker; where there is none yet, one is waited for.

    Args:
        client: Of the cluster.
        tell: Told that workers are waited for.
        patience_s: How long [s]; None: ``ALONE_S``.

    Raises:
        ClusterLostError: If the scheduler is lost, or none came.
    """
    attendance = Attendance(client, tell, patience_s=patience_s)
    while not (threads := attendance.threads()):
        time.sleep(LOOK_S)
    return threads


def check_memory(client: "Client", memory_mb: float) -> None:
    """Refuse more than a worker has: dask would kill it.

    Args:
        client: Of the cluster.
        memory_mb: What a worker is to use [MB].

    Raises:
        InputError: Naming the least limit of a worker.
        ClusterLostError: If the scheduler is lost.
    """
    with asking(client):
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

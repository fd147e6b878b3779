"""Tasks that the scheduler of a cluster holds: a bounded number, and what comes back of each."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import count
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.inference.cluster.workers import LOOK_S, Attendance, Tell, asking, check_connected

if TYPE_CHECKING:
    from distributed import Client, Future

ON_THE_WAY = 3
"""Tasks for each thread of the workers that the scheduler holds at a time; the others wait with the client."""

RETRIES = 2
"""Of a task that fails for a reason that may pass; wrong input is not tried again."""

Given = TypeVar("Given")
Result = TypeVar("Result")


class WorkerDiedError(PitscapeError):
    """A task was at hand when workers died."""


@dataclass(frozen=True)
class Refused:
    """What a worker says of wrong input; what it raises is tried again."""

    reason: str


class Submitted(Generic[Given, Result]):
    """Tasks that the scheduler holds.

    Args:
        client: Of the cluster.
        function: That does a task.
        tell: Told that no worker is left.
    """

    _runs = count()

    def __init__(self, client: "Client", function: Callable[[Given], Result], tell: Tell | None) -> None:
        self._client = client
        self._work = partial(_guarded, function, version("pitscape"))
        self._prefix = f"pitscape-{client.id}-{next(self._runs)}-"
        self._attendance = Attendance(client, tell)
        self._held: dict[str, Future[Result | Refused]] = {}
        self._ended: SimpleQueue[Future[Result | Refused]] = SimpleQueue()

    def fill(self, waiting: deque[tuple[str, Given]]) -> None:
        """Send as many as the workers that are there keep busy, and take them from those that wait.

        Raises:
            ClusterLostError: If the scheduler was lost, or all workers were and no other came.
        """
        if not waiting:
            return
        most = ON_THE_WAY * max(sum(self._attendance.threads()), 1)
        with asking(self._client):
            while waiting and len(self._held) < most:
                name, given = waiting.popleft()
                key = self._prefix + name
                self._held[key] = self._client.submit(self._work, given, key=key, pure=False, retries=RETRIES)
                self._held[key].add_done_callback(self._ended.put)

    def answers(self) -> Iterator[tuple[str, Result | PitscapeError]]:
        """The name of each task as it ends, with its result, or why there is none.

        Raises:
            ClusterLostError: If the scheduler was lost, or all workers were and no other came.
        """
        while self._held:
            try:
                future = self._ended.get(timeout=LOOK_S)
            except Empty:
                self._attendance.threads()
                continue
            del self._held[str(future.key)]
            answer = _answer(future)
            if isinstance(answer, PitscapeError):
                check_connected(self._client)
            future.release()
            yield str(future.key).removeprefix(self._prefix), answer

    def cancel(self) -> None:
        """Take back what is still with the scheduler."""
        if self._held and self._client.status == "running":
            with suppress(Exception):  # a scheduler that is lost just now keeps nothing; why work ends is told already
                self._client.cancel(list(self._held.values()), force=True)


def _guarded(function: Callable[[Given], Result], wanted: str, given: Given) -> Result | Refused:
    """On a worker: do a task."""
    if (found := version("pitscape")) != wanted:
        return Refused(f"a worker has pitscape {found}, this is {wanted}; install the same on all machines.")
    try:
        return function(given)
    except InputError as error:
        return Refused(str(error))
    except PitscapeError as error:
        reason = str(error)
    raise PitscapeError(reason)  # without what it came from, which may not be sent


def _answer(future: "Future[Result | Refused]") -> Result | PitscapeError:
    """The result of a task, or why there is none."""
    from distributed import KilledWorker

    try:
        found = future.result()
    except KilledWorker as error:
        return WorkerDiedError(
            f"no worker survived it (tries: {error.allowed_failures + 1}); they may have too little memory"
        )
    except (CancelledError, Exception) as error:  # noqa: BLE001 - whatever it raised, told in one line
        return PitscapeError(" ".join(str(error).split())[:300] or type(error).__name__)
    return InputError(found.reason) if isinstance(found, Refused) else found

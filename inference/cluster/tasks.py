"""Many independent tasks on a cluster: a bounded number on their way, results as they come, failures kept and told."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pitscape.imagery.errors import InputError, PitscapeError

if TYPE_CHECKING:
    from distributed import Client, Future

ON_THE_WAY = 3
"""Tasks for each thread of the workers that the scheduler holds at a time; the others wait with the client."""

RETRIES = 2
"""Of a task that fails for a reason that may pass; wrong input is not tried again."""

PATIENCE = 8
"""So many failures without a success between them end the work: what fails everywhere, as a full disk does, is not tried
to the last task."""

MOST_REASONS = 2

Given = TypeVar("Given")
Result = TypeVar("Result")


@dataclass
class Outcome(Generic[Result]):
    """What became of some tasks.

    Attributes:
        results: By name, of those that were done.
        failures: Why, by name, of those that failed; tasks that were never begun are in neither.
    """

    results: dict[str, Result] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Refused:
    """What a worker says of wrong input; what it raises is tried again."""

    reason: str


class _WorkerDiedError(PitscapeError):
    """A task was at hand when workers died."""


def run_tasks(
    client: "Client",
    function: Callable[[Given], Result],
    given: Mapping[str, Given],
    *,
    on_result: Callable[[str, Result], None] | None = None,
) -> Outcome[Result]:
    """Do independent tasks on the workers of a cluster, in any order.

    A worker that is lost costs what it had in hand, which others do; workers that join get tasks. A task may run more than
    once and must be idempotent. It takes one thread.

    Args:
        client: Of the cluster.
        function: Of a module that the workers can import; it gets what is given of a task. ``InputError`` says that no other
            try will help.
        given: By the task's name, all of it small.
        on_result: Told of each task that is done.

    Returns:
        Results and failures, by name.

    Raises:
        PitscapeError: If the scheduler is lost.
    """
    outcome = Outcome[Result]()
    suspects = _pass(client, function, given, outcome, on_result)
    # Those that only waited at a worker which another task has killed are not to blame: each is tried alone. Where nothing
    # was done all are, as where every worker has too little memory.
    for name in suspects if outcome.results else ():
        _pass(client, function, {name: given[name]}, outcome, on_result)
    return outcome


def told(reasons: Iterable[str]) -> str:
    """Why tasks are missing, each reason once and the first two of them.

    >>> told(["no room.", "no room.", "lost", "cold", "wet"])
    'no room; lost; and 2 more reasons'
    """
    found = list(dict.fromkeys(reason.rstrip(".") for reason in reasons)) or ["no worker took them"]
    more = len(found) - MOST_REASONS
    return "; ".join(found[:MOST_REASONS]) + (f"; and {more} more reasons" if more > 0 else "")


def _pass(
    client: "Client",
    function: Callable[[Given], Result],
    given: Mapping[str, Given],
    outcome: Outcome[Result],
    on_result: Callable[[str, Result], None] | None,
) -> list[str]:
    """Do tasks until all are done or patience ends; of those that failed, the ones that were at workers which died."""
    waiting, on_the_way, suspects = iter(given.items()), _Submitted(client, function), list[str]()
    since_success = 0
    try:
        on_the_way.fill(waiting)
        for name, future in on_the_way.finished():
            answer = _answer(future)
            if isinstance(answer, PitscapeError):
                outcome.failures[name] = str(answer)
                since_success += 1
                if isinstance(answer, _WorkerDiedError):
                    suspects.append(name)
            else:
                outcome.results[name] = answer
                outcome.failures.pop(name, None)
                since_success = 0
                if on_result:
                    on_result(name, answer)
            future.release()
            if client.status != "running":
                raise PitscapeError(
                    f"the scheduler was lost after {len(outcome.results)} tasks were done. Start it, and go on."
                )
            if since_success < PATIENCE:
                on_the_way.fill(waiting)
    finally:
        on_the_way.cancel()
    return suspects if since_success < PATIENCE else []


class _Submitted(Generic[Given]):
    """Tasks that the scheduler holds."""

    _runs = count()

    def __init__(self, client: "Client", function: Callable[[Given], Any]) -> None:
        from distributed import as_completed

        self._client = client
        self._work = partial(_guarded, function, version("pitscape"))
        self._prefix = f"pitscape-{client.id}-{next(self._runs)}-"
        self._completed = as_completed(())
        self._held: dict[str, Future[Any]] = {}

    def fill(self, waiting: Iterator[tuple[str, Given]]) -> None:
        """Send as many as the workers that are there keep busy."""
        try:
            threads = sum(self._client.nthreads().values())
        except (OSError, RuntimeError):  # the scheduler is gone: what it held will be told as cancelled
            return
        while len(self._held) < ON_THE_WAY * max(threads, 1):
            name, given = next(waiting, (None, None))
            if name is None:
                return
            key = self._prefix + name
            self._held[key] = self._client.submit(self._work, given, key=key, pure=False, retries=RETRIES)
            self._completed.add(self._held[key])

    def finished(self) -> Iterator[tuple[str, "Future[Any]"]]:
        """Each as it ends, well or not."""
        for future in self._completed:
            del self._held[str(future.key)]
            yield str(future.key).removeprefix(self._prefix), future

    def cancel(self) -> None:
        """Take back what is still with the scheduler."""
        if self._held and self._client.status == "running":
            self._client.cancel(list(self._held.values()), force=True)


def _guarded(function: Callable[[Given], Result], wanted: str, given: Given) -> Result | _Refused:
    """On a worker: do a task."""
    if (found := version("pitscape")) != wanted:
        return _Refused(f"a worker has pitscape {found}, this is {wanted}; install the same on all machines.")
    try:
        return function(given)
    except InputError as error:
        return _Refused(str(error))
    except PitscapeError as error:
        reason = str(error)
    raise PitscapeError(reason)  # without what it came from, which may not be sent


def _answer(future: "Future[Any]") -> Any:  # noqa: ANN401 - the task's result, or an error
    """The result of a task, or why there is none."""
    from distributed import KilledWorker

    try:
        found = future.result()
    except KilledWorker as error:
        return _WorkerDiedError(
            f"no worker survived it (tries: {error.allowed_failures + 1}); they may have too little memory"
        )
    except (CancelledError, Exception) as error:  # noqa: BLE001 - whatever it raised, told in one line
        return PitscapeError(" ".join(str(error).split())[:300] or type(error).__name__)
    return InputError(found.reason) if isinstance(found, _Refused) else found

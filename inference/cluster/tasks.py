"""Many independent tasks on a cluster: results as they come, failures kept and told."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from pitscape.imagery.errors import PitscapeError
from pitscape.inference.cluster.submitted import Submitted, WorkerDiedError
from pitscape.inference.cluster.workers import ClusterLostError, Tell

if TYPE_CHECKING:
    from distributed import Client

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


def run_tasks(
    client: "Client",
    function: Callable[[Given], Result],
    given: Mapping[str, Given],
    *,
    on_result: Callable[[str, Result], None] | None = None,
    tell: Tell | None = None,
) -> Outcome[Result]:
    """Do independent tasks on the workers of a cluster, in any order.

    A worker that is lost costs what it had in hand, which others do; workers that join get tasks. A task may run more than
    once and must be idempotent. It takes one thread. Where no worker is left, others are waited for, for ``ALONE_S``.

    Args:
        client: Of the cluster.
        function: Of a module that the workers can import; it gets what is given of a task. ``InputError`` says that no other
            try will help.
        given: By the task's name, all of it small.
        on_result: Told of each task that is done.
        tell: Told that workers are waited for.

    Returns:
        Results and failures, by name.

    Raises:
        ClusterLostError: If the scheduler is lost, or the last worker and none has come, saying how many tasks are missing;
            the scheduler keeps none of them.
    """
    outcome, submitted = Outcome[Result](), partial(Submitted[Given, Result], client, function, tell)
    try:
        suspects = _pass(submitted(), given, outcome, on_result)
        # Those that only waited at a worker which another task has killed are not to blame: each is tried alone. Where
        # nothing was done all are, as where every worker has too little memory.
        for name in suspects if outcome.results else ():
            _pass(submitted(), {name: given[name]}, outcome, on_result)
    except ClusterLostError as error:
        missing = f"{len(given) - len(outcome.results)} of {len(given)} tasks are missing"
        raise ClusterLostError(error.lost, f"{missing}: {error.lost}.") from error
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
    on_the_way: Submitted[Given, Result],
    given: Mapping[str, Given],
    outcome: Outcome[Result],
    on_result: Callable[[str, Result], None] | None,
) -> list[str]:
    """Do tasks until all are done or patience ends; of those that failed, the ones that were at workers which died."""
    waiting, suspects = deque(given.items()), list[str]()
    since_success = 0
    try:
        on_the_way.fill(waiting)
        for name, answer in on_the_way.answers():
            if isinstance(answer, PitscapeError):
                outcome.failures[name] = str(answer)
                since_success += 1
                if isinstance(answer, WorkerDiedError):
                    suspects.append(name)
            else:
                outcome.results[name] = answer
                outcome.failures.pop(name, None)
                since_success = 0
                if on_result:
                    on_result(name, answer)
            if since_success < PATIENCE:
                on_the_way.fill(waiting)
    finally:
        on_the_way.cancel()
    return suspects if since_success < PATIENCE else []

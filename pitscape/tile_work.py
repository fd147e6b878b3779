"""Tasks of tiles, done here one after another or by the workers of a cluster; what they leave is kept for a rerun."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitscape.imagery.errors import PitscapeError
from pitscape.inference.cluster.connection import connected
from pitscape.inference.cluster.run_mark import marking
from pitscape.inference.cluster.tasks import run_tasks
from pitscape.inference.cluster.workers import ClusterLostError
from pitscape.inference.parts_folder import check_folder, parts_of, remove
from pitscape.map_mosaic import MapTile
from pitscape.progress import say
from pitscape.tile_tasks import Part, TileTask, read_part

if TYPE_CHECKING:
    from distributed import Client

PARTS = re.compile(r"[0-9a-f]{64}\.npz|\.[0-9a-f]{64}\.[0-9a-f]{8}\.npz|\.mark\.[0-9a-f]{8}")
"""What is kept of tiles, whole or being written, and the mark of a run on workers."""

MOST_NAMED = 5
"""Tiles that a message names, and reasons why some failed."""


@contextmanager
def kept_parts(output: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """The folder OUT.parts of a run, which keeps what is found of each tile until the outputs are written.

    Yields:
        The folder, and what makes sure that no other run has taken it over, to be called before outputs are made.

    Raises:
        InputError: If it holds something else, or another run is at work there.
    """
    from pitscape.inference.lock import holding  # which loads onnxruntime

    folder = parts_of(output)
    check_folder(folder, PARTS)
    with holding(folder) as still_held:
        yield folder, still_held
        remove(folder, PARTS)


class TileWork:
    """Where tasks are done.

    Args:
        client: Of the cluster, None for this process.
        tasks: How many there will be.
        progress: Told of tasks done, and of all.
    """

    def __init__(self, client: "Client | None", tasks: int, progress: Callable[[int, int], None]) -> None:
        self._client, self._all, self._progress, self._done = client, tasks, progress, 0

    def parts(self, kind: type[Part], function: Callable[[Any], None], tasks: Sequence[TileTask]) -> dict[Path, Part]:
        """The parts that tasks leave, by path; those that are there are not done again.

        Args:
            kind: Of the parts.
            function: That does a task.
            tasks: In any order.

        Raises:
            PitscapeError: If tasks failed or the scheduler was lost, naming tiles that are missing; the others were done.
        """
        found = {task.part: read_part(kind, task.part) for task in tasks}
        missing = {_title(task): task for task in tasks if found[task.part] is None}
        self._count(len(tasks) - len(missing))
        failures, stopped = dict[str, str](), "were not begun, or left nothing"
        try:
            failures = self._here(function, missing) if self._client is None else self._there(function, missing)
        except ClusterLostError as error:  # what was done is there all the same
            stopped = error.lost
        for name, task in missing.items():
            if name not in failures and (part := read_part(kind, task.part)) is not None:
                found[task.part] = part
        if lacking := {name: task for name, task in missing.items() if found[task.part] is None}:
            raise PitscapeError(_lacking(lacking, failures, stopped, len(tasks)))
        return {path: part for path, part in found.items() if part is not None}

    def _here(self, function: Callable[[Any], None], tasks: Mapping[str, TileTask]) -> dict[str, str]:
        failures = {}
        for name, task in tasks.items():
            try:
                function(task)
            except (PitscapeError, OSError, MemoryError) as error:
                failures[name] = " ".join(str(error).split()) or type(error).__name__
            self._count(1)
        return failures

    def _there(self, function: Callable[[Any], None], tasks: Mapping[str, TileTask]) -> dict[str, str]:
        assert self._client is not None
        if not tasks:
            return {}
        with marking(next(iter(tasks.values())).folder) as mark:
            here = {name: replace(task, tile=_resolved(task.tile), mark=mark) for name, task in tasks.items()}
            return run_tasks(self._client, function, here, on_result=lambda *_: self._count(1), tell=say).failures

    def _count(self, tiles: int) -> None:
        self._done += tiles
        self._progress(self._done, self._all)


@contextmanager
def workers(cluster: str | None) -> "Iterator[Client | None]":
    """A client of the cluster that was named, None where none was."""
    if cluster is None:
        yield None
        return
    with connected(cluster, tell=say) as client:
        yield client


def _title(task: TileTask) -> str:
    return f"{task.tile} {task.part.stem[:8]}"


def _lacking(tasks: Mapping[str, TileTask], failures: Mapping[str, str], stopped: str, of: int) -> str:
    """Which tiles are missing and why, each reason once; those that did not fail are so since the work has stopped."""
    reasons, rest, folder = dict[str, None](), dict[str, None](), next(iter(tasks.values())).folder
    for name, task in tasks.items():
        reason = failures.get(name, "").replace(str(task.part), str(folder)).rstrip(".")  # one reason for all
        if not reason:
            rest[f"{task.tile.path.name} {task.tile.window}"] = None
        elif str(task.tile.path) in reason or reason.startswith(f"{folder}: "):
            reasons[reason] = None
        else:
            reasons[f"{task.tile.path}: {reason}"] = None
    told = _first([*reasons], "; ")
    if rest:
        told += f"{'; ' if told else ''}{_first([*rest], ', ')}: {stopped.rstrip('.')}"
    return (
        f"{len(tasks)} of {of} tiles were not measured: {told}; {folder.name} keeps the others, run it again for these."
    )


def _first(texts: Sequence[str], between: str) -> str:
    """The first of some texts, and how many more there are.

    >>> _first(["a", "b", "c", "d", "e", "f", "g"], ", ")
    'a, b, c, d, e, and 2 more'
    """
    more = [f"and {len(texts) - MOST_NAMED} more"] if len(texts) > MOST_NAMED else []
    return between.join([*texts[:MOST_NAMED], *more])


def _resolved(tile: MapTile) -> MapTile:
    """Workers have other working directories."""
    return replace(tile, path=tile.path.resolve())

"""Scenes mapped on a cluster by ``predict --cluster``, several at the same time."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from pitscape.imagery.errors import PitscapeError
from pitscape.inference.assembly import listed
from pitscape.inference.cluster.connection import connected
from pitscape.inference.cluster.scene_on_cluster import predict_on_cluster
from pitscape.inference.cluster.workers import ClusterLostError, threads_of
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_source import Given, path_of
from pitscape.progress import bar, say

if TYPE_CHECKING:
    from pitscape.inference.predictor import FilePredictor

MOST_AT_ONCE = 8
"""Scenes at the same time: each is hashed by this process meanwhile."""

LOCAL_SHARE = 1.25
"""Of --memory, the limit of a local worker: dask lets one pause at 0.8 of it."""


def map_on_cluster(
    address: str, given: Sequence[Given], outputs: Sequence[Outputs], predictor: "FilePredictor", options: RunOptions
) -> Generator[dict[str, Any] | PitscapeError | None]:
    """Map scenes: where there are several, side by side, so that fewer of them are cut and none waits for another to be joined.

    Args:
        address: Of the cluster, as ``connected`` takes it.
        given: The scenes.
        outputs: The files of each.
        predictor: The model.
        options: How they are mapped.

    Yields:
        The record of each, or why it was not mapped, in the order given; None where the cluster was lost before several were
        done.

    Raises:
        ClusterLostError: At the end, if it was, naming the scenes that are missing.
    """
    title = path_of(given[0]).name if len(given) == 1 else f"{len(given)} scenes"
    with connected(address, memory_mb=LOCAL_SHARE * options.memory_mb, tell=say) as client, ExitStack() as stack:
        tiles = _Tiles(stack.enter_context(bar(title)))
        at_once = min(len(given), sum(threads_of(client)), MOST_AT_ONCE)
        lost, tell = list[ClusterLostError](), cache(say)  # once, though several scenes wait

        def work(number: int) -> dict[str, Any] | PitscapeError:
            if lost:
                return lost[0]
            try:
                return predict_on_cluster(
                    client,
                    given[number],
                    predictor,
                    outputs[number],
                    options=options,
                    progress=tiles.of(number),
                    tell=tell,
                    at_once=at_once,
                )
            except ClusterLostError as error:
                lost.append(error)
                client.close()  # those that are being mapped end, too
                return error
            except PitscapeError as error:
                return error

        with ThreadPoolExecutor(at_once, thread_name_prefix="scene") as pool:
            missing: list[str] = []
            try:
                coming = deque((path_of(each).name, pool.submit(work, number)) for number, each in enumerate(given))
                while coming:
                    name, future = coming.popleft()
                    found = future.result()
                    if not coming:
                        stack.close()  # the bar, before the last is told
                    missing += [name] if isinstance(found, PitscapeError) else []
                    yield None if isinstance(found, ClusterLostError) and len(given) > 1 else found
            except BaseException:  # else the pool waits for the scenes that are being mapped
                pool.shutdown(wait=False, cancel_futures=True)
                client.close()
                raise
        if lost and len(given) > 1:
            reason = lost[0].lost
            raise ClusterLostError(
                reason,
                f"{len(missing)} of {len(given)} scenes are missing ({listed(missing)}): {reason}. The same command with --resume "
                "maps these alone.",
            )


class _Tiles:
    """Tiles of several scenes in one bar; those of scenes that have not begun are not known yet."""

    def __init__(self, shown: Callable[[int, int], None]) -> None:
        self._shown = shown
        self._of: dict[int, tuple[int, int]] = {}
        self._lock = Lock()

    def of(self, number: int) -> Callable[[int, int], None]:
        """Where one scene tells its tiles, done and in all."""

        def progress(done: int, total: int) -> None:
            with self._lock:
                self._of[number] = done, total
                self._shown(*map(sum, zip(*self._of.values(), strict=True)))

        return progress

"""How far the tasks of a run are, in tiles, as their workers tell."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pitscape.imagery.progress import Progress
from pitscape.inference.cluster.workers import asking

if TYPE_CHECKING:
    from distributed import Client


class TileCount:
    """Tiles that are done, of all tasks of a run.

    Args:
        tiles: Of each task, by name.
        progress: Told of tiles done.
    """

    def __init__(self, tiles: Mapping[str, int], progress: Progress | None) -> None:
        self._tiles = tiles
        self._done = dict.fromkeys(tiles, 0)
        self._total = sum(tiles.values())
        self._progress = progress

    def hear(self, event: tuple[float, Any]) -> None:
        """Take in what a worker says; a task that another worker begins anew does not count backwards."""
        name, done = event[1]["task"], event[1]["done"]
        self._count(name, done)

    def finish(self, name: str) -> None:
        """Count a task as done, with blocks that were there before."""
        self._count(name, self._tiles[name])

    def _count(self, name: str, done: int) -> None:
        self._done[name] = max(self._done[name], done)
        if self._progress:
            self._progress(sum(self._done.values()), self._total)


@contextmanager
def listening(client: "Client", topic: str, count: TileCount) -> Iterator[None]:
    """Let a count hear what workers say of a run.

    Raises:
        ClusterLostError: If the scheduler is lost.
    """
    with asking(client):
        client.subscribe_topic(topic, count.hear)
    try:
        yield
    finally:
        if client.status == "running":
            with suppress(Exception):  # of a scheduler that is lost just now, which is told already
                client.unsubscribe_topic(topic)

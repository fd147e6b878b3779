"""The tiles of an area through the network: pixels read ahead, lanes side by side, results in order."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.remote.store import UnreachableError
from pitscape.inference.chunks import Chunks
from pitscape.inference.joint_scene import Mappable
from pitscape.inference.predictor import Predictor
from pitscape.inference.probabilities import check_probabilities
from pitscape.inference.spent import Spent
from pitscape.inference.tiles import Area, Tiles

Results = NDArray[np.float32]
Answer = NDArray[np.float32] | PitscapeError
"""What the network says of a tile (class, y, x), or why it does not."""


@dataclass(frozen=True)
class Crew:
    """Who does the work.

    Attributes:
        lanes: Calls of the network that run side by side.
        batch: Tiles of one call.
        readers: Threads that read.
        skip_failed: Whether a tile that fails is left unobserved and listed; else it ends the run.
        spent: Where CPU time is counted.
    """

    lanes: int = 1
    batch: int = 1
    readers: int = 1
    skip_failed: bool = False
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True)
class PredictedTile:
    """What the network says of a tile.

    Attributes:
        row: In the grid of tiles.
        column: In the grid of tiles.
        observed: Where its pixels were observed (y, x); None: nowhere.
        probabilities: (class, y, x); None where nothing was observed, or the tile failed.
        failure: Why it failed; None if it did not.
    """

    row: int
    column: int
    observed: NDArray[np.bool_] | None
    probabilities: Results | None = None
    failure: str | None = None


@dataclass
class _Call:
    """Tiles that go through the network together."""

    places: list[tuple[int, int]] = field(default_factory=list)
    results: Future[list[Answer]] | None = None


def predicted_tiles(
    scene: Mappable, predictor: Predictor, tiles: Tiles, area: Area, crew: Crew
) -> Iterator[PredictedTile]:
    """Predict the tiles that map an area, row by row, from left to right.

    Reading, the network and whoever takes the tiles work at the same time; how many tiles wait is bounded. Tiles
    without an observed pixel do not go through the network. What is said of a tile does not depend on the crew.

    Raises:
        InputError: If pixels cannot be read.
        PitscapeError: If the network fails, or gives what are no probabilities.
    """
    rows, columns = tiles.touching(area)
    places = ((row, column) for row in rows for column in columns)
    lanes = ThreadPoolExecutor(crew.lanes, thread_name_prefix="lane")
    try:
        with Chunks(scene, tiles, area, readers=crew.readers, spent=crew.spent) as chunks:
            yield from _Stream(predictor, tiles, crew, chunks, lanes).run(places)
    finally:
        lanes.shutdown(cancel_futures=True)


class _Stream:
    """Tiles on their way: waiting for company in a call, in the network, or done and waiting for their turn."""

    def __init__(
        self, predictor: Predictor, tiles: Tiles, crew: Crew, chunks: Chunks, lanes: ThreadPoolExecutor
    ) -> None:
        self._predictor = predictor
        self._tiles = tiles
        self._crew = crew
        self._chunks = chunks
        self._lanes = lanes
        self._waiting: deque[tuple[PredictedTile, _Call | None]] = deque()
        self._call = _Call()
        self._running = 0

    def run(self, places: Iterator[tuple[int, int]]) -> Iterator[PredictedTile]:
        most_waiting = 4 * self._crew.lanes * self._crew.batch + 16
        for row, column in places:
            self._chunks.read_ahead()
            self._take_in(row, column)
            if len(self._call.places) == self._crew.batch or len(self._waiting) > most_waiting:
                self._send()
            yield from self._finished()
        self._send()
        while self._waiting:
            yield self._next()

    def _take_in(self, row: int, column: int) -> None:
        """Look at the pixels of a tile, and put it into the queue."""
        try:
            observed = self._chunks.observed(row, column)
        except (PitscapeError, OSError) as error:
            if not self._crew.skip_failed or isinstance(error, UnreachableError):
                raise
            self._chunks.let_go(row, column)
            self._waiting.append((PredictedTile(row, column, None, failure=str(error)), None))
            return
        if observed.any():
            self._waiting.append((PredictedTile(row, column, observed), self._call))
            self._call.places.append((row, column))
        else:
            self._chunks.let_go(row, column)
            self._waiting.append((PredictedTile(row, column, None), None))

    def _send(self) -> None:
        """Give the call that is being filled to a lane, and begin another."""
        if self._call.places:
            self._call.results = self._lanes.submit(self._predict, self._call.places)
            self._running += 1
            self._call = _Call()

    def _finished(self) -> Iterator[PredictedTile]:
        """Tiles whose turn it is; waits for them only where enough is running."""
        while self._waiting:
            call = self._waiting[0][1]
            if call is not None:
                if call.results is None:
                    return
                if not call.results.done() and self._running <= self._crew.lanes + 1:
                    return
            yield self._next()

    def _next(self) -> PredictedTile:
        tile, call = self._waiting.popleft()
        if call is None:
            return tile
        assert call.results is not None
        at = call.places.index((tile.row, tile.column))
        self._running -= at == len(call.places) - 1
        found = call.results.result()[at]
        if not isinstance(found, PitscapeError):
            return PredictedTile(tile.row, tile.column, tile.observed, found)
        if not self._crew.skip_failed:
            raise PitscapeError(f"{self._where(tile)} failed: {found}") from found
        return PredictedTile(tile.row, tile.column, None, failure=str(found))

    def _predict(self, places: list[tuple[int, int]]) -> list[Answer]:
        """What the network says of some tiles, or why it fails; in a lane."""
        stored = np.empty((len(places), self._predictor.card.channels, *self._tiles.shape), np.float32)
        with self._crew.spent.on("gathering"):
            for number, (row, column) in enumerate(places):
                self._chunks.take(row, column, stored[number])
        together = self._asked(stored)
        if not isinstance(together, PitscapeError):
            return list(together)
        if len(places) == 1:
            return [together]
        alone = (self._asked(stored[n : n + 1]) for n in range(len(places)))  # one bad tile fails no other
        return [each if isinstance(each, PitscapeError) else each[0] for each in alone]

    def _asked(self, stored: Results) -> Results | PitscapeError:
        """The network's answer, checked; an error where it gives none."""
        spent, classes = self._crew.spent, len(self._predictor.card.legend)
        try:
            with spent.on("network"):
                results = self._predictor.probabilities(stored)
            with spent.on("checking"):
                check_probabilities(results, (len(stored), classes, *stored.shape[2:]))
        except Exception as error:  # noqa: BLE001 - the errors of runtimes share no narrower base
            return error if isinstance(error, PitscapeError) else PitscapeError(_line(error))
        return results

    def _where(self, tile: PredictedTile) -> str:
        area = self._tiles.area(tile.row, tile.column)
        return f"the tile at row {area.top}, column {area.left}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__

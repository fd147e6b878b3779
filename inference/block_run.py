"""Blocks of a scene, mapped and written while the next ones are predicted."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.progress import Progress
from pitscape.inference.blend import Failure, Rows, blended_rows
from pitscape.inference.joint_scene import Mappable
from pitscape.inference.layers import Layers
from pitscape.inference.parts import Parts
from pitscape.inference.plan import Plan
from pitscape.inference.predictor import Predictor
from pitscape.inference.stream import Crew
from pitscape.inference.tiles import Area

MOST_WAITING = 2
"""Blocks that wait to be written."""


def map_blocks(
    scene: Mappable,
    predictor: Predictor,
    plan: Plan,
    parts: Parts,
    numbers: list[int],
    *,
    crew: Crew,
    progress: Progress | None = None,
) -> None:
    """Map some blocks of a plan; each is added to the parts when it is done.

    Args:
        scene: The open scene.
        predictor: The network.
        plan: Where tiles and blocks lie.
        parts: Where finished blocks go.
        numbers: Of the blocks, in rising order.
        crew: Who does the work.
        progress: Told of tiles done.

    Raises:
        PitscapeError: If the network fails, the disk is full, or the store of the scene or of the parts does not answer.
    """
    segments = list(plan.segments(numbers))
    total = sum(plan.tiles.number(area) for area, _ in segments)
    done = 0
    with ThreadPoolExecutor(1, thread_name_prefix="writer") as writer:
        waiting: deque[Future[None]] = deque()
        for area, run in segments:
            failures: list[Failure] = []

            def on_tile(failure: Failure | None, failures: list[Failure] = failures) -> None:
                nonlocal done
                done += 1
                if failure:
                    failures.append(failure)
                if progress:
                    progress(done, total)

            gathering = _Gathering(plan, run, parts.contents.layers, predictor.card.class_bias)
            valid = gathering.layers.valid
            for rows in blended_rows(scene, predictor, plan.tiles, area, crew=crew, valid=valid, on_tile=on_tile):
                for number, layers in gathering.blocks(rows, crew):
                    touching = [each for each in failures if _meet(each.area, plan.blocks[number])]
                    waiting.append(writer.submit(_write, parts, number, layers, touching, crew))
                while len(waiting) > MOST_WAITING:
                    waiting.popleft().result()
        for each in waiting:
            each.result()


class _Gathering:
    """Rows on their way to whole blocks."""

    def __init__(self, plan: Plan, run: list[int], names: tuple[str, ...], bias: tuple[float, ...] | None) -> None:
        self._blocks = plan.blocks
        self._run = iter(run)
        self.layers = Layers.from_names(names)
        self._count = len(names)
        self._bias = bias
        self._begin()

    def _begin(self) -> None:
        self._number = next(self._run, None)
        if self._number is not None:
            self._block = self._blocks[self._number]
            self._values = np.empty((self._count, *self._block.shape), np.uint8)

    def blocks(self, rows: Rows, crew: Crew) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Take finished rows in; the blocks that they complete."""
        with crew.spent.on("layers"):
            values = self.layers.of(rows, self._bias)
        start, stop = rows.start, rows.start + values.shape[1]
        while start < stop and self._number is not None:
            end = min(stop, self._block.bottom)
            into = slice(start - self._block.top, end - self._block.top)
            self._values[:, into] = values[:, start - rows.start : end - rows.start]
            start = end
            if end == self._block.bottom:
                yield self._number, self._values
                self._begin()


def _write(parts: Parts, number: int, layers: NDArray[np.uint8], failures: list[Failure], crew: Crew) -> None:
    with crew.spent.on("writing"):
        parts.add(number, layers, failures)


def _meet(one: Area, other: Area) -> bool:
    down = one.top < other.bottom and other.top < one.bottom
    return down and one.left < other.right and other.left < one.right

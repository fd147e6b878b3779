"""What a run of ``bench`` is held against: the network alone on its tiles, and a network that does nothing."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import rasterio
from numpy.typing import NDArray

from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.provenance import tiling
from pitscape.inference.run_options import RunOptions
from pitscape.inference.tiles import Tiles
from pitscape.models.card import ModelCard


@dataclass(frozen=True)
class BenchCase:
    """What is measured.

    Attributes:
        scene: That is mapped.
        shape: Its rows and columns.
        predictor: The model.
        options: How it is mapped.
        threads: That work.
        folder: For outputs.
    """

    scene: Path
    shape: tuple[int, int]
    predictor: OnnxPredictor
    options: RunOptions
    threads: int
    folder: Path

    @property
    def tiles(self) -> Tiles:
        """The tiles of the scene."""
        tile, overlap = tiling(self.shape, self.predictor, self.options)
        return Tiles(height=self.shape[0], width=self.shape[1], tile=tile, overlap=overlap)

    @property
    def megapixels(self) -> float:
        """Size of the scene [Mpx]."""
        return self.shape[0] * self.shape[1] / 1e6


def on_all_threads(case: BenchCase) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """The network in a session whose calls use all threads, which are pinned to their cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = case.threads
    cores = _cores()
    if case.threads > 1 and len(cores) >= case.threads:
        others = ";".join(str(core + 1) for core in cores[1 : case.threads])
        options.add_session_config_entry("session.intra_op_thread_affinities", others)
    return onnxruntime.InferenceSession(str(case.predictor.path), options, providers=["CPUExecutionProvider"])


def one_at_a_time(case: BenchCase, session: Any) -> None:  # noqa: ANN401
    """As many calls as there are tiles, one after another."""
    stored, side = _tile(case), case.predictor.fixed_tile
    if side:
        height, width = stored.shape[2:]
        stored = np.pad(stored, ((0, 0), (0, 0), (0, side - height), (0, side - width)))
    with _pinned(_cores()[:1]):
        for _ in range(len(case.tiles)):
            session.run(None, {"stored": stored})


def side_by_side(case: BenchCase) -> None:
    """All tiles, as many at once as there are threads, each on one."""
    stored = _tile(case)

    def ask(_: int) -> None:
        case.predictor.probabilities(stored)

    with ThreadPoolExecutor(case.threads) as pool:
        for _ in pool.map(ask, range(len(case.tiles))):
            pass


class IdlePredictor:
    """Answers at once, with smooth fields of probability."""

    def __init__(self, predictor: OnnxPredictor, shape: tuple[int, int]) -> None:
        self.path, self.runtime, self.card = predictor.path, predictor.runtime, predictor.card
        self.files, self.fixed_tile = predictor.files, predictor.fixed_tile
        self.card_file, self.device = predictor.card_file, predictor.device
        y, x = np.indices(shape, np.float32) / 90
        scores = np.exp([3 * np.sin((n + 1) * x) * np.cos((n + 2) * y) for n in range(len(self.card.legend))])
        self._answer: NDArray[np.float32] = (scores / scores.sum(axis=0))[None].astype(np.float32)

    card: ModelCard

    def with_threads(self, threads: int) -> "IdlePredictor":
        """Itself: any number waits for nothing."""
        assert threads > 0
        return self

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same for all tiles (n, classes, y, x)."""
        return np.broadcast_to(self._answer, (len(stored), *self._answer.shape[1:]))


def _tile(case: BenchCase) -> NDArray[np.float32]:
    height, width = case.tiles.shape
    with rasterio.open(case.scene) as dataset:
        stored: NDArray[np.float32] = dataset.read(window=((0, height), (0, width)))[None].astype(np.float32)
    return stored


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


@contextmanager
def _pinned(cores: list[int]) -> Iterator[None]:
    """Keep this thread on some cores."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

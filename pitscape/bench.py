"""The verb ``bench``: how fast scenes are mapped on this machine, as ratios to the network alone."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import rasterio
from numpy.typing import NDArray

from pitscape.bench_inputs import write_model, write_scene
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.outputs import write_json
from pitscape.inference.plan import usable_cores
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.provenance import tiling
from pitscape.inference.run_options import RunOptions
from pitscape.inference.scene_run import predict_scene
from pitscape.inference.spent import Spent
from pitscape.inference.tiles import Tiles
from pitscape.models.card import ModelCard
from pitscape.models.shipped import shipped_model
from pitscape.peers import PEERS, run_peer
from pitscape.progress import say

COLD_SIDE = 512


@dataclass(frozen=True)
class _Case:
    """What is measured."""

    scene: Path
    shape: tuple[int, int]
    predictor: OnnxPredictor
    options: RunOptions
    threads: int
    folder: Path

    @property
    def tiles(self) -> Tiles:
        tile, overlap = tiling(self.shape, self.predictor, self.options)
        return Tiles(height=self.shape[0], width=self.shape[1], tile=tile, overlap=overlap)

    @property
    def megapixels(self) -> float:
        return self.shape[0] * self.shape[1] / 1e6


def bench(arguments: argparse.Namespace) -> None:
    """``pitscape bench``."""
    if arguments.model and arguments.random:
        raise InputError(f"--random: --model {arguments.model} is given too; leave one out.")
    threads = arguments.threads or usable_cores()
    if min(arguments.size, arguments.repeat, threads) < 1:
        raise InputError("--size, --repeat and --threads must be at least 1.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = arguments.model or (write_model(folder / "unet_resnet18.onnx") if arguments.random else shipped_model())
        predictor = OnnxPredictor(model)
        if len(predictor.card.sources) > 1:
            raise InputError(f"{model}: takes several sources; bench measures models of one.")
        scene = write_scene(folder / "scene_20230709.tif", arguments.size, predictor.card)
        options = RunOptions(threads=threads, memory_mb=arguments.memory)
        case = _Case(scene, (arguments.size, arguments.size), predictor, options, threads, folder)
        figures: dict[str, Any] = {"size": arguments.size, "threads": threads, "model": predictor.card.architecture}
        say(f"{arguments.size} x {arguments.size} px, {threads} threads, {predictor.card.architecture}")
        for measure in (_against_network, _nothing, _memory, _cold_start):
            for key, value, text in measure(case, arguments.repeat):
                figures[key] = value
                print(text, flush=True)
        if not arguments.no_peers:
            figures["peers"] = _peers(case, model)
    if arguments.output:
        write_json(arguments.output, {"schema": 1} | figures)


Figures = Iterator[tuple[str, Any, str]]


def _against_network(case: _Case, repeat: int) -> Figures:
    """The whole run, in turn with the network alone: one call at a time on all threads, and calls side by side."""
    together, apart, wholes = [], [], []
    spent, session = Spent(), _on_all_threads(case)
    for _ in range(repeat):
        together.append(_seconds(lambda: _one_at_a_time(case, session)))
        apart.append(_seconds(lambda: _side_by_side(case)))
        wholes.append(
            _seconds(
                lambda: predict_scene(
                    case.scene, case.predictor, case.folder / "classes.tif", options=case.options, spent=spent
                )
            )
        )
    tiles = case.tiles
    yield (
        "tile",
        tiles.tile,
        f"tiles of {tiles.tile} px, overlap {tiles.overlap}: {tiles.pixels / 1e6 / case.megapixels:.3f} network px per scene px",
    )
    speed = case.megapixels / statistics.median(wholes)
    yield "useful_mpx_per_s", speed, f"useful speed, from file to file: {speed:.3f} Mpx/s (median of {repeat})"
    for key, alone, what in (
        ("one_at_a_time", together, "one call at a time"),
        ("side_by_side", apart, "calls side by side"),
    ):
        ratios = [bound / whole for bound, whole in zip(alone, wholes, strict=True)]
        ratio = statistics.median(ratios)
        yield key, ratio, f"whole run / network alone, {what}: {ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
    seconds = spent.seconds
    network = seconds.pop("network")
    shares = {stage: value / network for stage, value in seconds.items()}
    listed = ", ".join(f"{stage} {100 * share:.2f}" for stage, share in shares.items())
    yield (
        "cpu_outside",
        shares,
        f"CPU outside the network: {100 * sum(shares.values()):.2f} % of the network's ({listed})",
    )


def _nothing(case: _Case, repeat: int) -> Figures:
    """The run with a network that does nothing: all that is not the network."""
    idle = _IdlePredictor(case.predictor, case.tiles.shape)
    seconds = [
        _seconds(lambda: predict_scene(case.scene, idle, case.folder / "idle.tif", options=case.options))
        for _ in range(repeat)
    ]
    speed = case.megapixels / statistics.median(seconds)
    yield "nothing_mpx_per_s", speed, f"a network that does nothing: {speed:.1f} Mpx/s"


def _memory(case: _Case, _: int) -> Figures:
    """Peak memory of ``pitscape predict`` in a process of its own."""
    program = "import sys; from pitscape.cli import main; main(sys.argv[1:]); print(open('/proc/self/status').read())"
    command = [sys.executable, "-c", program, *_predict(case, case.scene)]
    status = _output(command) if Path("/proc/self/status").exists() else ""
    if "VmHWM:" in status:
        peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
        yield "peak_mb", peak, f"peak memory: {peak:.0f} MB (--memory {case.options.memory_mb:g})"


def _cold_start(case: _Case, repeat: int) -> Figures:
    """From the command to the map of a small scene, in a new process."""
    scene = write_scene(case.folder / "small_20230709.tif", COLD_SIDE, case.predictor.card)
    command = [sys.executable, "-m", "pitscape", *_predict(case, scene)]
    median = statistics.median(_seconds(lambda: _output(command)) for _ in range(repeat))
    yield "cold_start_s", median, f"first map from a cold start, {COLD_SIDE} px: {median:.2f} s"


def _peers(case: _Case, model: Path) -> dict[str, Any]:
    """Other tools' loops on the same scene with the same network, where they and its weights are at hand."""
    weights = model.with_suffix(".pt")
    found: dict[str, Any] = {}
    for name in PEERS:
        try:
            result = run_peer(name, case.scene, weights, case.threads) if weights.exists() else None
            print(
                result or f"{name}: not measured; it needs pip install {PEERS[name].package}, and --random",
                flush=True,
            )
            found[name] = result and {"mpx_per_s": result.mpx_per_s, "peak_mb": result.peak_mb}
        except RuntimeError as error:
            print(f"{name}: failed: {error}", flush=True)
            found[name] = None
    return found


class _IdlePredictor:
    """Answers at once, with smooth fields of probability."""

    def __init__(self, predictor: OnnxPredictor, shape: tuple[int, int]) -> None:
        self.path, self.runtime, self.card = predictor.path, predictor.runtime, predictor.card
        self.files, self.fixed_tile = predictor.files, predictor.fixed_tile
        self.card_file, self.device = predictor.card_file, predictor.device
        y, x = np.indices(shape, np.float32) / 90
        scores = np.exp([3 * np.sin((n + 1) * x) * np.cos((n + 2) * y) for n in range(len(self.card.legend))])
        self._answer: NDArray[np.float32] = (scores / scores.sum(axis=0))[None].astype(np.float32)

    card: ModelCard

    def with_threads(self, threads: int) -> "_IdlePredictor":
        assert threads > 0
        return self

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.broadcast_to(self._answer, (len(stored), *self._answer.shape[1:]))


def _on_all_threads(case: _Case) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """The network in a session whose calls use all threads, which are pinned to their cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = case.threads
    cores = _cores()
    if case.threads > 1 and len(cores) >= case.threads:
        others = ";".join(str(core + 1) for core in cores[1 : case.threads])
        options.add_session_config_entry("session.intra_op_thread_affinities", others)
    return onnxruntime.InferenceSession(str(case.predictor.path), options, providers=["CPUExecutionProvider"])


def _one_at_a_time(case: _Case, session: Any) -> None:  # noqa: ANN401
    """As many calls as there are tiles, one after another."""
    stored, side = _tile(case), case.predictor.fixed_tile
    if side:
        height, width = stored.shape[2:]
        stored = np.pad(stored, ((0, 0), (0, 0), (0, side - height), (0, side - width)))
    with _pinned(_cores()[:1]):
        for _ in range(len(case.tiles)):
            session.run(None, {"stored": stored})


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def _side_by_side(case: _Case) -> None:
    """All tiles, as many at once as there are threads, each on one."""
    stored = _tile(case)

    def ask(_: int) -> None:
        case.predictor.probabilities(stored)

    with ThreadPoolExecutor(case.threads) as pool:
        for _ in pool.map(ask, range(len(case.tiles))):
            pass


def _tile(case: _Case) -> NDArray[np.float32]:
    height, width = case.tiles.shape
    with rasterio.open(case.scene) as dataset:
        stored: NDArray[np.float32] = dataset.read(window=((0, height), (0, width)))[None].astype(np.float32)
    return stored


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


def _predict(case: _Case, scene: Path) -> list[str]:
    how = ["--threads", str(case.threads), "--memory", f"{case.options.memory_mb:g}"]
    return ["predict", str(scene), "--model", str(case.predictor.path), "--output", str(case.folder / "one.tif"), *how]


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise PitscapeError(f"bench: {' '.join(done.stderr.split())[-200:]}")
    return done.stdout


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start

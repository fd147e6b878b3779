"""The verb ``bench``: how fast scenes are mapped on this machine, as ratios to the network alone."""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pitscape.bench_bounds import BenchCase, IdlePredictor, on_all_threads, one_at_a_time, side_by_side
from pitscape.bench_inputs import write_model, write_scene
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.outputs import write_json
from pitscape.inference.plan import usable_cores
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.run_options import RunOptions
from pitscape.inference.scene_run import predict_scene
from pitscape.inference.spent import Spent
from pitscape.models.shipped import shipped_model
from pitscape.peers import PEERS, run_peer
from pitscape.progress import say

COLD_SIDE = 512


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
        case = BenchCase(scene, (arguments.size, arguments.size), predictor, options, threads, folder)
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


def _against_network(case: BenchCase, repeat: int) -> Figures:
    """The whole run, in turn with the network alone: one call at a time on all threads, and calls side by side."""
    together, apart, wholes = [], [], []
    spent, session = Spent(), on_all_threads(case)
    for _ in range(repeat):
        together.append(_seconds(lambda: one_at_a_time(case, session)))
        apart.append(_seconds(lambda: side_by_side(case)))
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


def _nothing(case: BenchCase, repeat: int) -> Figures:
    """The run with a network that does nothing: all that is not the network."""
    idle = IdlePredictor(case.predictor, case.tiles.shape)
    seconds = [
        _seconds(lambda: predict_scene(case.scene, idle, case.folder / "idle.tif", options=case.options))
        for _ in range(repeat)
    ]
    speed = case.megapixels / statistics.median(seconds)
    yield "nothing_mpx_per_s", speed, f"a network that does nothing: {speed:.1f} Mpx/s"


def _memory(case: BenchCase, _: int) -> Figures:
    """Peak memory of ``pitscape predict`` in a process of its own."""
    program = "import sys; from pitscape.cli import main; main(sys.argv[1:]); print(open('/proc/self/status').read())"
    command = [sys.executable, "-c", program, *_predict(case, case.scene)]
    status = _output(command) if Path("/proc/self/status").exists() else ""
    if "VmHWM:" in status:
        peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
        yield "peak_mb", peak, f"peak memory: {peak:.0f} MB (--memory {case.options.memory_mb:g})"


def _cold_start(case: BenchCase, repeat: int) -> Figures:
    """From the command to the map of a small scene, in a new process."""
    scene = write_scene(case.folder / "small_20230709.tif", COLD_SIDE, case.predictor.card)
    command = [sys.executable, "-m", "pitscape", *_predict(case, scene)]
    median = statistics.median(_seconds(lambda: _output(command)) for _ in range(repeat))
    yield "cold_start_s", median, f"first map from a cold start, {COLD_SIDE} px: {median:.2f} s"


def _peers(case: BenchCase, model: Path) -> dict[str, Any]:
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


def _predict(case: BenchCase, scene: Path) -> list[str]:
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

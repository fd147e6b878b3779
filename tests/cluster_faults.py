"""Tasks for workers, and what befalls them; in a module that they can import."""

import os
import resource
import signal
import time
from pathlib import Path

from distributed import Client

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.inference.cluster import scene_tasks
from pitscape.inference.cluster.workers import processor

EAT_MB = 64


def scale(client: Client, workers: int) -> None:
    """Have so many local workers, and wait until there are."""
    client.cluster.scale(workers)
    while len(client.nthreads()) != workers:
        time.sleep(0.02)


def double(number: int) -> int:
    return 2 * number


def fail_on_odd(number: int) -> int:
    if number % 2:
        raise PitscapeError(f"{number} is odd")
    return number


def refuse(tries: Path) -> None:
    with tries.open("a") as file:
        file.write("x")
    raise InputError("wrong input")


def fail_once(tries: Path) -> str:
    """Fails the first time that it is asked."""
    try:
        tries.touch(exist_ok=False)
    except FileExistsError:
        return "done"
    raise OSError("of a passing kind")


def die_on_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def wait(number: int) -> int:
    time.sleep(0.2)
    return number


def limit_files(size: int) -> None:
    """Let no file of this process grow beyond a size; 0: as before."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size or hard, hard))


def pretend_processor(kind: str | None) -> None:
    scene_tasks.processor = processor if kind is None else lambda: kind  # type: ignore[attr-defined]


def peak_mb() -> float:
    """Peak resident memory of this process [MB]."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def dask_setup(_worker: object) -> None:
    """As a preload of workers: eat all memory at the first tile, as long as the file that PITSCAPE_EATS names is there."""
    from pitscape.inference import predictor

    before, eaten = predictor.OnnxPredictor.probabilities, []

    def eat(self, stored):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        while Path(os.environ["PITSCAPE_EATS"]).exists():
            eaten.append(b"x" * (EAT_MB << 20))
            time.sleep(0.02)
        return before(self, stored)

    predictor.OnnxPredictor.probabilities = eat  # type: ignore[method-assign]

"""Two workers of dask.distributed beside one of a single thread, and what the scheduler and the serial parts take.

    python benchmarks/cluster.py [--size 4096] [--model MODEL.onnx] [--repeat 3]

One and two workers map the same scene in turn, whole runs from a started cluster to the joined map. What two could gain at
most is told by the tiles of the longest task: a row of tiles at each cut is predicted from both sides. The scheduler's part is
that of tasks that do nothing.
"""

import argparse
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from distributed import Client

from pitscape.bench_inputs import write_scene
from pitscape.inference.cluster import scene_on_cluster
from pitscape.inference.cluster.connection import connected
from pitscape.inference.cluster.scene_on_cluster import predict_on_cluster
from pitscape.inference.cluster.tasks import run_tasks
from pitscape.inference.opening import open_predictor
from pitscape.inference.predictor import FilePredictor
from pitscape.inference.run_options import RunOptions
from pitscape.models.shipped import shipped_model

EMPTY_TASKS = 400


class Stages:
    """Seconds of the stages of a run, and the tiles of its tasks."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.tiles: list[int] = []

    def run_tasks(self, client: Client, function: Any, given: Any, **how: Any) -> Any:  # noqa: ANN401 - as run_tasks has it
        """Do tasks, and take the time."""
        start = time.perf_counter()
        found = run_tasks(client, function, given, **how)
        self.seconds.append(time.perf_counter() - start)
        return found

    def tiles_of(self, *given: Any) -> int:  # noqa: ANN401
        """Count the tiles of a task, and remember them."""
        self.tiles.append(TILES_OF(*given))
        return self.tiles[-1]


TILES_OF = scene_on_cluster.tiles_of


def nothing(number: int) -> int:
    """A task that does nothing."""
    return number


def timed(client: Client, scene: Path, predictor: FilePredictor, output: Path) -> tuple[float, Stages]:
    """Map a scene; seconds in all, and by stage."""
    stages = Stages()
    scene_on_cluster.run_tasks, scene_on_cluster.tiles_of = stages.run_tasks, stages.tiles_of  # type: ignore[assignment]
    start = time.perf_counter()
    predict_on_cluster(client, scene, predictor, output, options=RunOptions(tile=TILE))
    return time.perf_counter() - start, stages


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        predictor = open_predictor(GIVEN.model)
        scene = write_scene(folder / "scene_20230709.tif", GIVEN.size, predictor.card)
        with ExitStack() as stack:
            clients = {}
            for workers in (1, 2):
                start = time.perf_counter()
                clients[workers] = stack.enter_context(connected(f"local:{workers}", memory_mb=2000))
                print(f"local:{workers} started in {time.perf_counter() - start:.1f} s", flush=True)
            runs: dict[int, list[tuple[float, Stages]]] = {1: [], 2: []}
            for _ in range(GIVEN.repeat):
                for workers, client in clients.items():
                    run = timed(client, scene, predictor, folder / f"{workers}.tif")
                    runs[workers].append(run)
                    mapping, joining = run[1].seconds
                    print(
                        f"{workers}: {run[0]:.2f} s; mapping {mapping:.2f}, joining {joining:.2f}, "
                        f"rest {run[0] - mapping - joining:.2f}; tiles of tasks {run[1].tiles}",
                        flush=True,
                    )
            assert (folder / "1.tif").read_bytes() == (folder / "2.tif").read_bytes()
            empty = {str(number): number for number in range(EMPTY_TASKS)}
            start = time.perf_counter()
            run_tasks(clients[2], nothing, empty)
            each = (time.perf_counter() - start) / EMPTY_TASKS
        ratio = statistics.median(one[0] / two[0] for one, two in zip(runs[1], runs[2], strict=True))
        (_, one), (_, two) = runs[1][-1], runs[2][-1]
        task = statistics.median(run[1].seconds[0] for run in runs[2]) * 2 / len(two.tiles)
        print(f"2 workers are {ratio:.2f} x as fast as 1; by tiles at most {sum(one.tiles) / max(two.tiles):.2f} x")
        print(f"an empty task takes {1000 * each:.1f} ms: {100 * each / task:.2f} % of a task of {task:.1f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=4096, help="side of the scene [px]")
    parser.add_argument("--model", type=Path, default=shipped_model())
    parser.add_argument("--repeat", type=int, default=3)
    GIVEN = parser.parse_args()
    TILE = None
    main()

"""Two workers of dask.distributed beside one of a single thread, and what the scheduler and the serial parts take.

    python benchmarks/cluster.py [--size 4096] [--scenes 1] [--model MODEL.onnx] [--repeat 3]

One and two workers map the same scenes in turn, as many side by side as there are workers, whole runs from a started cluster to the joined map. What two could gain at
most is told by the tiles of the longest task: a row of tiles at each cut is predicted from both sides. The scheduler's part is
that of tasks that do nothing. What other programs take meanwhile is told with each run; in the ratio are pairs of runs
in which they took less than a twentieth of the cores, or all pairs where there is none.
"""

import argparse
import os
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client

from pitscape.bench_inputs import write_scene
from pitscape.inference.cluster import scene_on_cluster
from pitscape.inference.cluster.connection import connected
from pitscape.inference.cluster.scene_on_cluster import predict_on_cluster
from pitscape.inference.cluster.scene_tasks import assemble_parts
from pitscape.inference.cluster.tasks import run_tasks
from pitscape.inference.opening import open_predictor
from pitscape.inference.predictor import FilePredictor
from pitscape.models.shipped import shipped_model

EMPTY_TASKS = 400
QUIET = 0.05


class Stages:
    """Seconds of the stages of a run, and the tiles of its tasks."""

    def __init__(self) -> None:
        self.mapping = 0.0
        self.joining = 0.0
        self.tiles: list[int] = []

    def run_tasks(self, client: Client, function: Any, given: Any, **how: Any) -> Any:  # noqa: ANN401 - as run_tasks has it
        """Do tasks, and take the time; of scenes side by side it is added up."""
        start = time.perf_counter()
        found = run_tasks(client, function, given, **how)
        seconds = time.perf_counter() - start
        if function is assemble_parts:
            self.joining += seconds
        else:
            self.mapping += seconds
        return found

    def tiles_of(self, *given: Any) -> int:  # noqa: ANN401
        """Count the tiles of a task, and remember them."""
        self.tiles.append(TILES_OF(*given))
        return self.tiles[-1]


TILES_OF = scene_on_cluster.tiles_of


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        seconds: In all.
        stages: By stage.
        cpu: Seconds of each worker.
        others: Share of the cores that other programs took.
    """

    seconds: float
    stages: Stages
    cpu: list[float]
    others: float


def nothing(number: int) -> int:
    """A task that does nothing."""
    return number


def hold(core: int) -> None:
    """Hold this process, and the threads that it will start, to one core."""
    for thread in Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


def busy() -> float:
    """CPU seconds of all programs since the machine started."""
    numbers = [int(text) for text in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    idle = numbers[3] + numbers[4]
    return (sum(numbers[:8]) - idle) / os.sysconf("SC_CLK_TCK")


def timed(client: Client, scenes: list[Path], predictor: FilePredictor, output: Path) -> Run:
    """Map scenes."""
    stages = Stages()
    scene_on_cluster.run_tasks, scene_on_cluster.tiles_of = stages.run_tasks, stages.tiles_of  # type: ignore[assignment]
    at_once = min(len(scenes), len(client.nthreads()))
    before, machine, own = client.run(time.process_time), busy(), time.process_time()
    start = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        for run in [
            pool.submit(predict_on_cluster, client, scene, predictor, output / f"{scene.stem}_map.tif", at_once=at_once)
            for scene in scenes
        ]:
            run.result()
    seconds = time.perf_counter() - start
    after, machine, own = client.run(time.process_time), busy() - machine, time.process_time() - own
    cpu = sorted(after[name] - before[name] for name in before)
    return Run(seconds, stages, cpu, max(0.0, machine - own - sum(cpu)) / seconds / (os.cpu_count() or 1))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=4096, help="side of the scene [px]")
    parser.add_argument("--scenes", type=int, default=1)
    parser.add_argument("--model", type=Path, default=shipped_model())
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--pin", action="store_true", help="hold each worker, with all it does beside its network, to a core"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, predictor, clients = Path(name), open_predictor(given.model), {}
        scenes = [
            write_scene(folder / f"scene{number}_20230709.tif", given.size, predictor.card, seed=number)
            for number in range(given.scenes)
        ]
        for workers in (1, 2):
            start = time.perf_counter()
            clients[workers] = stack.enter_context(connected(f"local:{workers}", memory_mb=2000))
            if given.pin:
                for core, worker in enumerate(clients[workers].nthreads()):
                    clients[workers].run(hold, core, workers=[worker])
            print(f"local:{workers} started in {time.perf_counter() - start:.1f} s", flush=True)
        pairs = []
        for _ in range(given.repeat):
            pair = [timed(client, scenes, predictor, folder / str(n)) for n, client in clients.items()]
            for workers, run in enumerate(pair, start=1):
                print(
                    f"{workers}: {run.seconds:.2f} s; mapping {run.stages.mapping:.2f}, joining {run.stages.joining:.2f}; CPU of workers {', '.join(f'{each:.1f}' for each in run.cpu)}; "
                    f"others {100 * run.others:.0f} %; tiles of tasks {run.stages.tiles}",
                    flush=True,
                )
            pairs.append(pair)
        for path in (folder / "1").glob("*.tif"):
            assert path.read_bytes() == (folder / "2" / path.name).read_bytes()
        start = time.perf_counter()
        run_tasks(clients[2], nothing, {str(number): number for number in range(EMPTY_TASKS)})
        each = (time.perf_counter() - start) / EMPTY_TASKS
    quiet = [pair for pair in pairs if max(run.others for run in pair) < QUIET]
    ratio = statistics.median(one.seconds / two.seconds for one, two in quiet or pairs)
    one, two = pairs[0]
    most = sum(one.stages.tiles) / max(*two.stages.tiles, sum(two.stages.tiles) / 2)
    task = statistics.median(sum(two.cpu) for _, two in pairs) / len(two.stages.tiles)
    print(f"2 workers are {ratio:.2f} x as fast as 1 ({len(quiet)} quiet pairs); by tiles at most {most:.2f} x")
    print(f"an empty task takes {1000 * each:.1f} ms: {100 * each / task:.3f} % of a task of {task:.1f} CPU seconds")


if __name__ == "__main__":
    main()

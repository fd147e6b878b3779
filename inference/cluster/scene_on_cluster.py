"""A scene mapped by the workers of a cluster."""

import math
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.progress import Progress
from pitscape.imagery.remote.local_copy import origin_of
from pitscape.imagery.remote.signed import check_unsigned
from pitscape.inference.assembly import NothingObservedError
from pitscape.inference.cluster.held_model import ModelReference
from pitscape.inference.cluster.marked_parts import marked
from pitscape.inference.cluster.portions import even_plan, portions, tiles_of
from pitscape.inference.cluster.same_files import SameFiles
from pitscape.inference.cluster.scene_tasks import SceneJob, SceneTask, assemble_parts, map_portion
from pitscape.inference.cluster.tasks import run_tasks, told
from pitscape.inference.cluster.tile_count import TileCount, listening
from pitscape.inference.cluster.workers import ClusterLostError, Tell, check_memory, threads_of
from pitscape.inference.joint_scene import JointScene
from pitscape.inference.missing_blocks import PASSING, missing_of, unjoined
from pitscape.inference.parts import Parts
from pitscape.inference.plan import Budget, Load, Plan
from pitscape.inference.predictor import FilePredictor
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_source import Given, SceneSource
from pitscape.inference.scene_work import sources_of, work_on_scene

if TYPE_CHECKING:
    from distributed import Client

WORKER_MB = 60
"""What dask.distributed takes in a worker beside what a process of its own would."""


def predict_on_cluster(
    client: "Client",
    source: Given,
    predictor: FilePredictor,
    output: Path | Outputs,
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    tell: Tell | None = None,
    at_once: int = 1,
) -> dict[str, Any]:
    """Map a scene on a cluster; the same bytes come out as from ``predict_scene``, on processors of one kind.

    Workers read the scene and write blocks and outputs by themselves: no pixel goes through the client or the scheduler.
    Scene, model and the folder of the output must lie under the same paths on all machines. A task takes one thread.

    Args:
        client: Of the cluster.
        source: As in ``predict_scene``.
        predictor: The model; each worker opens it once.
        output: The class map, or all files that are wanted.
        options: How the scene is mapped; ``memory_mb`` is that of a worker with all of its threads, ``threads`` is not used.
        progress: Told of tiles done.
        tell: Told that workers are waited for, or differ.
        at_once: How many scenes are mapped at the same time, by as many threads that call this; each is cut into tasks for
            its share of the workers.

    Returns:
        What stands in the JSON beside the map.

    Raises:
        InputError: As ``predict_scene`` does.
        ClusterLostError: If the scheduler is lost, or there was no worker for ``workers.ALONE_S``.
        PitscapeError: If blocks are missing at the end, saying how many and why. Those that were done stay, and a run with
            ``resume`` does the others.
    """
    options = options or RunOptions()
    sources = [replace(each, path=each.path.absolute()) for each in sources_of(source, predictor.card)]
    files = [each.path for each in sources], [options.reading.mask], map(origin_of, predictor.files)
    check_unsigned(chain.from_iterable(files))
    work = _OnCluster(client, tuple(sources), predictor, options, progress, tell, at_once)
    return work_on_scene(source, predictor, output, options, work)


@dataclass
class _OnCluster:
    """The workers of a cluster."""

    client: "Client"
    sources: tuple[SceneSource, ...]
    predictor: FilePredictor
    options: RunOptions
    progress: Progress | None
    tell: Tell | None
    at_once: int

    def plan(self, shape: tuple[int, int], load: Load, *, tile: int, overlap: int) -> Plan:
        options, (threads, most) = self.options, self._threads()
        check_memory(self.client, options.memory_mb)
        budget = Budget(options.memory_mb, batch=options.batch, runs=most, beside_mb=WORKER_MB)
        rows = options.block_rows
        return even_plan(shape, load, budget, threads, tile=tile, overlap=overlap, block_rows=rows)

    def map_blocks(self, scene: JointScene, plan: Plan, parts: Parts, numbers: list[int]) -> None:
        del scene  # workers open it for themselves
        try:
            kinds = self._map(plan, parts, numbers)
        except ClusterLostError as error:
            raise ClusterLostError(error.lost, missing_of(parts, error.lost)) from error
        except PASSING as error:
            raise type(error)(missing_of(parts, str(error))) from error
        if len(kinds) > 1 and self.tell:
            self.tell(f"processors differ ({'; '.join(kinds)}): so may single pixels from a map of one kind")

    def _map(self, plan: Plan, parts: Parts, numbers: list[int]) -> list[str]:
        """Map blocks; the kinds of processors that did it."""
        threads, most = self._threads()
        cut = {str(portion[0]): portion for portion in portions(plan, numbers, threads)}
        count = TileCount({name: tiles_of(plan, [portion]) for name, portion in cut.items()}, self.progress)
        with marked(parts) as mark, listening(self.client, mark.name, count):
            job = self._job(mark, plan, side_by_side=most)
            tasks = {name: SceneTask(job, name, portion) for name, portion in cut.items()}
            outcome = run_tasks(
                self.client, map_portion, tasks, on_result=lambda name, _: count.finish(name), tell=self.tell
            )
        if len(outcome.results) < len(tasks):
            raise PitscapeError(missing_of(parts, told(outcome.failures.values())))
        return sorted(set(outcome.results.values()))

    def _threads(self) -> tuple[int, int]:
        """Those of all workers that this scene is cut for, and the most of one."""
        threads = threads_of(self.client, self.tell)
        return math.ceil(sum(threads) / self.at_once), max(threads)

    def _job(self, mark: Path, plan: Plan, *, side_by_side: int) -> SceneJob:
        mask = self.options.reading.mask
        reading = replace(self.options.reading, mask=mask and mask.absolute())
        paths = [*(each.path for each in self.sources), *([reading.mask] if reading.mask else [])]
        return SceneJob(
            mark=mark,
            sources=self.sources,
            files=SameFiles.of(paths),
            model=ModelReference.of(self.predictor),
            options=replace(self.options, reading=reading),
            tile=plan.tiles.tile,
            overlap=plan.tiles.overlap,
            side_by_side=side_by_side,
        )

    def assemble(self, parts: Parts) -> dict[str, Any]:
        with marked(parts) as mark:
            try:
                outcome = run_tasks(self.client, assemble_parts, {"assembly": mark}, tell=self.tell)
            except ClusterLostError as error:
                raise ClusterLostError(error.lost, unjoined(parts, error.lost)) from error
        if reasons := list(outcome.failures.values()):
            raise PitscapeError(unjoined(parts, reasons[0]))
        found = outcome.results["assembly"]
        if isinstance(found, NothingObservedError):
            raise found
        return found

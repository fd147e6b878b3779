"""What a worker does for a run: map some blocks into the folder that all see, and join all of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any

from pitscape.imagery.block_cache import block_cache
from pitscape.inference.admission import CACHE_MB
from pitscape.inference.assembly import NothingObservedError, assemble
from pitscape.inference.block_run import map_blocks
from pitscape.inference.cluster.held_model import ModelReference, held
from pitscape.inference.cluster.marked_parts import open_marked
from pitscape.inference.cluster.portions import Portion
from pitscape.inference.cluster.same_files import SameFiles
from pitscape.inference.cluster.workers import processor
from pitscape.inference.joint_scene import open_joint
from pitscape.inference.plan import Plan
from pitscape.inference.run_options import RunOptions
from pitscape.inference.scene_source import SceneSource
from pitscape.inference.stream import Crew
from pitscape.inference.symmetric import asked
from pitscape.inference.tiles import Tiles

TELL_S = 1.0
"""Between two words of how far a task is."""

_COUNTING = Lock()


@dataclass(frozen=True)
class SceneJob:
    """What the tasks of a run have in common; paths are absolute and mean the same on all machines.

    Attributes:
        mark: In the folder of the parts.
        sources: The scenes.
        files: What was seen of them.
        model: The network.
        options: How they are mapped.
        tile: Side of the tiles [px].
        overlap: Of neighbouring tiles [px].
        side_by_side: Tasks for which the memory of a worker is planned.
    """

    mark: Path
    sources: tuple[SceneSource, ...]
    files: SameFiles
    model: ModelReference
    options: RunOptions
    tile: int
    overlap: int
    side_by_side: int


@dataclass(frozen=True)
class SceneTask:
    """Some blocks of a run.

    Attributes:
        job: The run.
        name: Of the task.
        portion: Which blocks.
    """

    job: SceneJob
    name: str
    portion: Portion


def map_portion(task: SceneTask) -> str:
    """Add those blocks of a task to the parts that are not there yet.

    Returns:
        The processor that has done it.

    Raises:
        InputError: If folder, scene, model or runtime are not those of the run.
        PitscapeError: If the network fails, or the disk is full.
    """
    job, options = task.job, task.job.options
    with _places(job.side_by_side):
        parts = open_marked(job.mark)
        job.files.check_once()
        network = asked(held(job.model), options)
        height, width = parts.contents.grid.shape
        tiles = Tiles(height=height, width=width, tile=job.tile, overlap=job.overlap)
        plan = Plan(tiles, parts.contents.blocks, lanes=1, threads_per_lane=1)
        crew = Crew(batch=options.batch, skip_failed=options.skip_failed)
        missing = parts.missing(task.portion, failed_too=not options.skip_failed)
        reading = options.reading
        with block_cache(CACHE_MB), open_joint(job.sources, network.card, reading) as scene:
            map_blocks(scene, network, plan, parts, missing, crew=crew, progress=_telling(job.mark.name, task.name))
    return processor()


def assemble_parts(mark: Path) -> dict[str, Any] | NothingObservedError:
    """Join the blocks of a run to its outputs.

    Returns:
        What stands in the JSON beside the map; the error where nothing was observed, which ends the run in another way.

    Raises:
        InputError: If the folder is not to be seen, or blocks are missing.
        PitscapeError: If the disk is full.
    """
    with block_cache(CACHE_MB):
        try:
            return assemble(open_marked(mark))
        except NothingObservedError as error:
            return error


def _places(number: int) -> BoundedSemaphore:
    """As many as have memory; a worker that joined with more threads lets its others wait."""
    with _COUNTING:
        return _places_of(number)


@lru_cache(maxsize=8)
def _places_of(number: int) -> BoundedSemaphore:
    return BoundedSemaphore(number)


def _telling(topic: str, name: str) -> Callable[[int, int], None]:
    """Tells those who listen how many tiles of a task are done."""
    from distributed import get_worker

    worker, told = get_worker(), time.monotonic()

    def tell(done: int, _total: int) -> None:
        nonlocal told
        if time.monotonic() - told > TELL_S:
            told = time.monotonic()
            worker.log_event(topic, {"task": name, "done": done})

    return tell

"""One scene to one class map, and what else is wanted of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pitscape.imagery.block_cache import block_cache
from pitscape.imagery.progress import Progress
from pitscape.inference.admission import CACHE_MB, admitted
from pitscape.inference.assembly import assemble, output_of
from pitscape.inference.block_run import map_blocks
from pitscape.inference.joint_scene import JointScene
from pitscape.inference.lock import Shard, beginning, holding
from pitscape.inference.manifest import read_manifest
from pitscape.inference.missing_blocks import naming_missing
from pitscape.inference.parts import Parts, clear, open_parts
from pitscape.inference.parts_folder import BLOCKS, check_folder, parts_of
from pitscape.inference.plan import Budget, Load, Plan, plan_run, usable_cores
from pitscape.inference.predictor import FilePredictor
from pitscape.inference.provenance import check_unchanged, made_of
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_source import Given
from pitscape.inference.scene_work import begin, outputs_of, sources_of, work_on_scene
from pitscape.inference.spent import Spent
from pitscape.inference.stream import Crew
from pitscape.inference.symmetric import asked

MOST_READERS = 8


def predict_scene(
    source: Given,
    predictor: FilePredictor,
    output: Path | Outputs,
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
    spent: Spent | None = None,
) -> dict[str, Any]:
    """Map a scene; its outputs and a JSON of how they were made appear when all of it is done.

    What comes out depends on scene, model, tile, overlap and the options that change values, and not on threads, batch,
    memory, blocks, shards, or whether the run was stopped and resumed: it is the same to the last byte.

    Args:
        source: The scene, with the bands of the model's first source; or the scenes of several sources of it, of which some
            may be missing (see ``joint_scene``).
        predictor: The model.
        output: The class map, a cloud-optimised GeoTIFF, or all files that are wanted.
        options: How it is mapped.
        progress: Told of tiles done.
        spent: Where CPU time is counted, by stage.

    Returns:
        What stands in the JSON beside the map: inputs, options, versions, the offset that was applied, the observed
        share, tiles that failed.

    Raises:
        InputError: If the scene does not fit the card or nothing of it was observed, the output cannot be written, is
            being written by another process, or does not fit the disk.
        PitscapeError: If the network fails, the disk is full, or a store does not answer; of the last two it says which
            blocks are missing.
    """
    options = options or RunOptions()
    work = _Here(predictor, options, progress, spent or Spent())
    return work_on_scene(source, predictor, output, options, work)


def predict_shard(
    source: Given,
    predictor: FilePredictor,
    output: Path | Outputs,
    shard: Shard,
    *,
    options: RunOptions | None = None,
    progress: Progress | None = None,
) -> int:
    """Map a shard's part of the blocks of a scene; ``merge`` joins them when all shards are done.

    Shards need nothing but a folder that all of them see. A shard that was stopped does what is missing of its part.

    Args:
        source: As in ``predict_scene``, and the same for all shards; so are the model, the output and the options.
        predictor: The model.
        output: The class map, or all files that are wanted.
        shard: Which part is done here.
        options: How the scene is mapped.
        progress: Told of tiles done.

    Returns:
        How many blocks of the whole run are still missing.
    """
    options, outputs = options or RunOptions(), outputs_of(output)
    folder, work = parts_of(outputs.classes), _Here(predictor, options, progress, Spent())
    with admitted(sources_of(source, predictor.card), predictor, outputs, options) as scene, holding(folder, shard):
        made_of(scene, predictor, options)  # hashed before other shards have to wait for this one
        with beginning(folder):
            plan, parts = begin(scene, predictor, outputs, options, work, keep=True)
        missing = set(parts.missing(failed_too=not options.skip_failed))
        own = [number for number in shard.share(list(range(len(plan.blocks)))) if number in missing]
        work.map_blocks(scene, plan, parts, own)
        check_unchanged(scene)
        return len(parts.missing())


def merge(folder: Path) -> dict[str, Any]:
    """Join the blocks that shards have made into the outputs of the run.

    Args:
        folder: ``OUT.parts``.

    Returns:
        What stands in the JSON beside the map.

    Raises:
        InputError: If blocks are missing, naming them, or a shard is still at work.
    """
    output_of(folder)
    read_manifest(folder)
    check_folder(folder, BLOCKS)
    with block_cache(CACHE_MB), holding(folder) as still_held:
        parts = open_parts(folder)
        still_held()
        record = assemble(parts)
        clear(folder)
    return record


@dataclass(frozen=True)
class _Here:
    """The threads of this process."""

    predictor: FilePredictor
    options: RunOptions
    progress: Progress | None
    spent: Spent

    def plan(self, shape: tuple[int, int], load: Load, *, tile: int, overlap: int) -> Plan:
        options = self.options
        budget = Budget(options.memory_mb, options.threads or usable_cores(), options.batch)
        return plan_run(shape, load, budget, tile=tile, overlap=overlap, block_rows=options.block_rows)

    def map_blocks(self, scene: JointScene, plan: Plan, parts: Parts, numbers: list[int]) -> None:
        options, network = self.options, self.predictor.with_threads(plan.threads_per_lane)
        readers = min(options.threads or usable_cores(), MOST_READERS)
        crew = Crew(plan.lanes, options.batch, readers, skip_failed=options.skip_failed, spent=self.spent)
        with naming_missing(parts, numbers):
            map_blocks(scene, asked(network, options), plan, parts, numbers, crew=crew, progress=self.progress)

    def assemble(self, parts: Parts) -> dict[str, Any]:
        with self.spent.on("assembling"):
            return assemble(parts)

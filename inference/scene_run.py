"""One scene to one class map, and what else is wanted of it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from pitscape.imagery.block_cache import block_cache
from pitscape.imagery.errors import InputError
from pitscape.imagery.progress import Progress
from pitscape.inference.admission import CACHE_MB, admitted
from pitscape.inference.assembly import NothingObservedError, assemble, output_of
from pitscape.inference.block_run import map_blocks
from pitscape.inference.joint_scene import JointScene
from pitscape.inference.lock import Shard, beginning, holding
from pitscape.inference.parts import MANIFEST, Contents, Parts, check_folder, clear, open_parts, parts_of, read_manifest
from pitscape.inference.plan import Budget, Load, Plan, plan_run, usable_cores
from pitscape.inference.predictor import FilePredictor, Predictor
from pitscape.inference.provenance import check_unchanged, cut_of, made_of, record_beside, shape_of
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_source import SceneSource
from pitscape.inference.spent import Spent
from pitscape.inference.stream import Crew
from pitscape.inference.symmetric import SymmetricPredictor
from pitscape.models.card import ModelCard

MOST_READERS = 8


def predict_scene(
    source: Path | Sequence[SceneSource],
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
        PitscapeError: If the network fails, or the disk is full.
    """
    options, outputs, spent = options or RunOptions(), _outputs(output), spent or Spent()
    folder = parts_of(outputs.classes)
    with admitted(_sources(source, predictor.card), predictor, outputs, options) as scene:
        if options.resume and (
            record := record_beside(outputs, made_of(scene, predictor, options), failed_too=options.skip_failed)
        ):
            return record
        with holding(folder) as still_held:
            plan, parts = _begun(scene, predictor, outputs, options, keep=options.resume)
            try:
                network, crew = _staff(predictor, plan, options, spent)
                with ThreadPoolExecutor(1, thread_name_prefix="hash") as aside:
                    signed = aside.submit(_signed, parts, scene, predictor, options)
                    missing = parts.missing(failed_too=not options.skip_failed)
                    map_blocks(scene, network, plan, parts, missing, crew=crew, progress=progress)
                still_held()
                check_unchanged(scene)
                with spent.on("assembling"):
                    record = assemble(signed.result())
            except NothingObservedError:  # it has to be another input: what was made of this one is of no use
                clear(folder)
                raise
            except InputError:
                if len(parts.missing()) == len(plan.blocks):
                    clear(folder)
                raise
            clear(folder)
    return record


def predict_shard(
    source: Path | Sequence[SceneSource],
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
    options, outputs = options or RunOptions(), _outputs(output)
    folder = parts_of(outputs.classes)
    with admitted(_sources(source, predictor.card), predictor, outputs, options) as scene, holding(folder, shard):
        with beginning(folder):
            plan, parts = _begun(scene, predictor, outputs, options, keep=True)
        missing = set(parts.missing(failed_too=not options.skip_failed))
        own = [number for number in shard.share(list(range(len(plan.blocks)))) if number in missing]
        network, crew = _staff(predictor, plan, options, Spent())
        map_blocks(scene, network, plan, parts, own, crew=crew, progress=progress)
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
    check_folder(folder)
    with block_cache(CACHE_MB), holding(folder):
        record = assemble(open_parts(folder))
        clear(folder)
    return record


def _outputs(output: Path | Outputs) -> Outputs:
    return output if isinstance(output, Outputs) else Outputs(output)


def _sources(source: Path | Sequence[SceneSource], card: ModelCard) -> Sequence[SceneSource]:
    return [SceneSource(source, card.sensor.name)] if isinstance(source, Path) else source


def _begun(
    scene: JointScene, predictor: FilePredictor, outputs: Outputs, options: RunOptions, *, keep: bool
) -> tuple[Plan, Parts]:
    """The plan of a run and its folder; blocks that an earlier or another process has laid out stay.

    Where nothing is kept, the folder is signed later: hashing a scene takes as long as reading it.
    """
    card, folder = predictor.card, parts_of(outputs.classes)
    layers = outputs.layers.names(card.legend.names)
    model_mb = sum(path.stat().st_size for path in predictor.files) / (1 << 20)
    load = Load(card.channels, len(card.legend), len(layers), model_mb, scene.block_shape)
    budget = Budget(options.memory_mb, options.threads or usable_cores(), options.batch)
    tile, overlap = cut_of(scene, predictor, options)
    plan = plan_run(shape_of(scene), load, budget, tile=tile, overlap=overlap, block_rows=options.block_rows)
    if keep and (folder / MANIFEST).exists():
        plan = plan.with_blocks(open_parts(folder).contents.blocks)
    made = made_of(scene, predictor, options) if keep else {}
    parts = Parts(folder, Contents(made, scene.grid, card.legend, layers, plan.blocks, outputs.relative()))
    if keep:
        parts.join()
    else:
        parts.begin()
    return plan, parts


def _signed(parts: Parts, scene: JointScene, predictor: FilePredictor, options: RunOptions) -> Parts:
    """The parts with what they are made of, in their manifest."""
    if parts.contents.made_of:
        return parts
    signed = replace(parts, contents=replace(parts.contents, made_of=made_of(scene, predictor, options)))
    signed.sign()
    return signed


def _staff(predictor: FilePredictor, plan: Plan, options: RunOptions, spent: Spent) -> tuple[Predictor, Crew]:
    """The network as the plan wants it, and who works."""
    network: Predictor = predictor.with_threads(plan.threads_per_lane)
    readers = min(options.threads or usable_cores(), MOST_READERS)
    crew = Crew(plan.lanes, options.batch, readers, skip_failed=options.skip_failed, spent=spent)
    return (SymmetricPredictor(network) if options.tta else network), crew

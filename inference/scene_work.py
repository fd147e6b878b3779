"""One scene to the outputs of a run, whoever maps its blocks: what a run here, its shards and a cluster share."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from pitscape.imagery.errors import InputError
from pitscape.inference.admission import admitted
from pitscape.inference.assembly import NothingObservedError
from pitscape.inference.joint_scene import JointScene
from pitscape.inference.lock import holding
from pitscape.inference.manifest import MANIFEST, Contents
from pitscape.inference.missing_blocks import naming_unjoined
from pitscape.inference.parts import Parts, clear, open_parts
from pitscape.inference.parts_folder import parts_of
from pitscape.inference.plan import Load, Plan
from pitscape.inference.predictor import FilePredictor
from pitscape.inference.provenance import check_unchanged, cut_of, made_of, record_beside, shape_of
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_source import Given, SceneSource
from pitscape.models.card import ModelCard


class SceneWork(Protocol):
    """Who does the work of a run."""

    def plan(self, shape: tuple[int, int], load: Load, *, tile: int, overlap: int) -> Plan:
        """How a scene of so many rows and columns is cut up for those who work."""
        ...

    def map_blocks(self, scene: JointScene, plan: Plan, parts: Parts, numbers: list[int]) -> None:
        """Add some blocks to the parts."""
        ...

    def assemble(self, parts: Parts) -> dict[str, Any]:
        """Join the blocks to the outputs; what stands in the JSON beside the map."""
        ...


def work_on_scene(
    source: Given,
    predictor: FilePredictor,
    output: Path | Outputs,
    options: RunOptions,
    work: SceneWork,
) -> dict[str, Any]:
    """Map a scene; see ``predict_scene``, which says what is given, returned and raised.

    Blocks of a run that fails stay for the next one, unless it cannot use them.
    """
    outputs = outputs_of(output)
    folder = parts_of(outputs.classes)
    with admitted(sources_of(source, predictor.card), predictor, outputs, options) as scene:
        if options.resume and (
            record := record_beside(outputs, made_of(scene, predictor, options), failed_too=options.skip_failed)
        ):
            return record
        with holding(folder) as still_held:
            plan, parts = begin(scene, predictor, outputs, options, work, keep=options.resume)
            try:
                with ThreadPoolExecutor(1, thread_name_prefix="hash") as aside:
                    signed = aside.submit(_signed, parts, scene, predictor, options)
                    work.map_blocks(scene, plan, parts, parts.missing(failed_too=not options.skip_failed))
                whole = signed.result()
                with naming_unjoined(whole):
                    still_held()
                    check_unchanged(scene)
                    record = work.assemble(whole)
            except NothingObservedError:  # it has to be another input: what was made of this one is of no use
                clear(folder)
                raise
            except InputError:
                if len(parts.missing()) == len(plan.blocks):
                    clear(folder)
                raise
            clear(folder)
    return record


def begin(
    scene: JointScene,
    predictor: FilePredictor,
    outputs: Outputs,
    options: RunOptions,
    work: SceneWork,
    *,
    keep: bool,
) -> tuple[Plan, Parts]:
    """The plan of a run and its folder; blocks that an earlier or another process has laid out stay.

    Where nothing is kept, the folder is signed later: hashing a scene takes as long as reading it.
    """
    card, folder = predictor.card, parts_of(outputs.classes)
    layers = outputs.layers.names(card.legend.names)
    model_mb = sum(path.stat().st_size for path in predictor.files) / (1 << 20)
    load = Load(card.channels, len(card.legend), len(layers), model_mb, scene.block_shape)
    tile, overlap = cut_of(scene, predictor, options)
    plan = work.plan(shape_of(scene), load, tile=tile, overlap=overlap)
    if keep and (folder / MANIFEST).exists():
        plan = plan.with_blocks(open_parts(folder).contents.blocks)
    made = made_of(scene, predictor, options) if keep else {}
    parts = Parts(folder, Contents(made, scene.grid, card.legend, layers, plan.blocks, outputs.relative()))
    if keep:
        parts.join()
    else:
        parts.begin()
    return plan, parts


def outputs_of(output: Path | Outputs) -> Outputs:
    """All files that are wanted."""
    return output if isinstance(output, Outputs) else Outputs(output)


def sources_of(source: Given, card: ModelCard) -> Sequence[SceneSource]:
    """The scenes of a model's sources; one alone is of its first."""
    return [SceneSource(source, card.sensor.name)] if isinstance(source, Path) else source


def _signed(parts: Parts, scene: JointScene, predictor: FilePredictor, options: RunOptions) -> Parts:
    """The parts with what they are made of, in their manifest."""
    if parts.contents.made_of:
        return parts
    signed = replace(parts, contents=replace(parts.contents, made_of=made_of(scene, predictor, options)))
    signed.sign()
    return signed

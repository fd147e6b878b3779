"""Export to the one deployable file: an ONNX network that carries its card, written only when it equals torch."""

import io
import logging
import warnings
from contextlib import redirect_stderr, redirect_stdout
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import torch

from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.outputs import keep_inputs, replacing, scratch, sidecar, write_text
from pitscape.models.card import CARD_KEY, ModelCard
from pitscape.models.checkpoint import Recipe, deployed, load_checkpoint
from pitscape.models.network import DeployedNetwork
from pitscape.models.parity import TOLERANCE, Parity, parity

OPSET = 18
"""The newest operator set that onnxruntime has run since 2022 (1.14), and old enough for QGIS plugins."""

RECORDED_VERSIONS = ("torch", "segmentation-models-pytorch", "onnx", "onnxruntime")


def export_onnx(
    checkpoint: Path, output: Path, *, name: str | None = None, tile: int = 256
) -> tuple[ModelCard, Parity]:
    """Write a checkpoint as an ONNX file with its card inside and beside it.

    Args:
        checkpoint: Of ``pitscape fit``.
        output: The ONNX file; the card goes to the same name with ``.json`` added.
        name: Of the model; the output's name by default.
        tile: Side of the tiles of scene inference [px]; a quarter of it overlaps.

    Returns:
        The card, and how closely onnxruntime follows torch.

    Raises:
        InputError: If the checkpoint is none, or the output cannot be written.
        PitscapeError: If onnxruntime's probabilities differ from torch's; then nothing is written.
    """
    keep_inputs((output, sidecar(output)), (checkpoint,))
    recipe, network = load_checkpoint(checkpoint)
    card = card_of(recipe, name=name or output.stem, tile=tile)
    whole = deployed(recipe, network)
    with scratch(output) as draft:
        write_graph(whole, card, draft)
        result = parity(whole, draft, card)
        if not result.equal:
            raise PitscapeError(
                f"{output}: not written; onnxruntime differs from torch by {result.largest_difference:.1e} "
                f"(allowed {TOLERANCE:.0e}), {result.other_classes} pixels change class."
            )
        with replacing(output) as final:
            draft.replace(final)
    write_text(sidecar(output), card.model_dump_json(indent=2) + "\n")
    return card, result


def card_of(recipe: Recipe, *, name: str, tile: int) -> ModelCard:
    """The card of a trained network."""
    return ModelCard(
        name=name,
        architecture=recipe.network.title,
        sources=recipe.sources,
        legend=recipe.legend,
        gsd_m=recipe.gsd_m,
        tile=tile,
        overlap=tile // 4,
        training=recipe.training,
        calibration=recipe.calibration,
        metrics={k: None if v is None or np.isnan(v) else round(v, 4) for k, v in recipe.metrics.items()},
        versions={"pitscape": version("pitscape")} | {library: version(library) for library in RECORDED_VERSIONS},
    )


def write_graph(network: DeployedNetwork, card: ModelCard, path: Path) -> None:
    """Write a network as ONNX with its card inside, for any batch, height and width.

    It is traced with a batch of 2: the exporter would make a batch of 1 a constant.
    """
    example = torch.zeros(2, card.channels, card.tile, card.tile + 32)
    sizes = {0: torch.export.Dim("batch"), 2: torch.export.Dim("height"), 3: torch.export.Dim("width")}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # of the exporter's own internals
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["stored"],
            output_names=["probabilities"],
            dynamic_shapes={"stored": sizes},
        )
    assert program is not None
    model = program.model_proto
    _forget_origin(model)
    entry = model.metadata_props.add()
    entry.key, entry.value = CARD_KEY, card.model_dump_json()
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _forget_origin(model: onnx.ModelProto) -> None:
    """Take out what the exporter notes beside each node and value: stack traces with the paths of this machine."""
    graph = model.graph
    for part in (graph, *graph.node, *graph.value_info, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""

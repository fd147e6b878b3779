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
from onnxruntime.tools.onnx_model_utils import make_dim_param_fixed

from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.outputs import keep_inputs, replacing, sidecar, write_json, write_text
from pitscape.models.card import ModelCard
from pitscape.models.checkpoint import Recipe, deployed, load_checkpoint
from pitscape.models.flagged import traced_form
from pitscape.models.inputs import feeds
from pitscape.models.metadata import metadata_of
from pitscape.models.network import DeployedNetwork
from pitscape.models.onnx_file import write_onnx
from pitscape.models.parity import parity
from pitscape.models.parity_cases import TOLERANCE, Parity
from pitscape.models.stac_item import stac_item, stac_path

OPSET = 18
"""The newest operator set that onnxruntime has run since 2022 (1.14), and old enough for QGIS plugins."""

RECORDED_VERSIONS = ("torch", "segmentation-models-pytorch", "onnx", "onnxruntime")


def export_onnx(
    checkpoint: Path, output: Path, *, name: str | None = None, tile: int = 256, static: bool = False
) -> tuple[ModelCard, Parity]:
    """Write a checkpoint as an ONNX file with its card inside and beside it, and its STAC item.

    Args:
        checkpoint: Of ``pitscape fit``.
        output: The ONNX file; the card goes to the same name with ``.json`` added, the STAC item to that of ``stac_path``.
        name: Of the model; the output's name by default.
        tile: Side of the tiles of scene inference [px]; a quarter of it overlaps.
        static: Whether the graph takes one square image of that side alone, as Deepness and some runtimes need it.

    Returns:
        The card, and how closely onnxruntime follows torch.

    Raises:
        InputError: If the checkpoint is none, or the output cannot be written.
        PitscapeError: If onnxruntime's probabilities, or those behind Deepness' preprocessing, differ from torch's; then
            nothing is written.
    """
    keep_inputs((output, sidecar(output), stac_path(output)), (checkpoint,))
    recipe, network = load_checkpoint(checkpoint)
    card = card_of(recipe, name=name or output.stem, tile=tile)
    whole = deployed(recipe, network)
    with replacing(output) as draft:
        write_graph(whole, card, draft)
        if static:
            fix_sizes(draft, card.tile)
        results = parity(whole, draft, card)
        for way, result in results.items():
            if not result.equal:
                raise PitscapeError(
                    f"{output}: not written; {way} differs from torch by {result.largest_difference:.1e} "
                    f"(allowed {TOLERANCE:.0e}), {result.other_classes} pixels change class."
                )
    write_text(sidecar(output), card.model_dump_json(indent=2) + "\n")
    write_json(stac_path(output), stac_item(card, output, side=card.tile if static else None))
    return card, results["onnxruntime"]


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

    Its inputs are those of ``models.inputs``: one for each source, and flags where there are several.
    It is traced with a batch of 2: the exporter would make a batch of 1 a constant.
    """
    example = feeds(card.sources, np.ones((2, card.channels, card.tile, card.tile + 32), np.float32))
    traced, sizes = traced_form(network, card.sources)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # of the exporter's own internals
        program = torch.onnx.export(
            traced,
            tuple(map(torch.from_numpy, example.values())),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(example),
            output_names=["probabilities"],
            dynamic_shapes=sizes,
        )
    assert program is not None
    model = program.model_proto
    _forget_origin(model)
    write_onnx(model, path, metadata_of(card))


def fix_sizes(path: Path, side: int) -> None:
    """Rewrite a graph of any size as one of batch 1 and square images of a side [px]."""
    model = onnx.load(path)
    for name, value in {"batch": 1, "height": side, "width": side}.items():
        make_dim_param_fixed(model.graph, name, value)
    for output in model.graph.output:
        for axis, value in {0: 1, 2: side, 3: side}.items():
            output.type.tensor_type.shape.dim[axis].dim_value = value
    del model.graph.value_info[:]  # sizes in between were inferred for any image
    write_onnx(model, path)


def _forget_origin(model: onnx.ModelProto) -> None:
    """Take out what the exporter notes beside each node and value: stack traces with the paths of this machine."""
    graph = model.graph
    for part in (graph, *graph.node, *graph.value_info, *graph.initializer, *graph.input, *graph.output):
        del part.metadata_props[:]
        part.doc_string = ""

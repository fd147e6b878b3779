"""Small ONNX models of each pixel's own numbers, made without torch."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from pitscape.imagery.legend import Legend, load_legend
from pitscape.imagery.sensor import load_sensor
from pitscape.models.card import CARD_KEY, ModelCard, Normalisation, SourceInput, TrainingRecord
from pitscape.models.inputs import PRESENT, input_names


def pixel_card(
    *sensors: str, bands: tuple[str, ...] = (), gsd_m: float = 10, legend: Legend | None = None
) -> ModelCard:
    """A card of some sensors with all usual bands, or of one with some bands."""
    known = [load_sensor(name) for name in sensors]
    taken = [bands or each.band_names for each in known]
    plain = [Normalisation(mean=(0.0,) * len(each), std=(1.0,) * len(each)) for each in taken]
    return ModelCard(
        name="pixel",
        architecture="none",
        sources=tuple(
            SourceInput(sensor=sensor, bands=names, normalisation=each)
            for sensor, names, each in zip(known, taken, plain, strict=True)
        ),
        legend=legend or load_legend(),
        gsd_m=gsd_m,
        tile=32,
        overlap=8,
        training=TrainingRecord(fingerprint="0", scenes=(), region="none", licence="none", steps=0),
        metrics={},
        versions={},
    )


def write_pixel_model(path: Path, card: ModelCard, *, seed: int = 0, tile: int | None = None) -> Path:
    """A model of a card: random weights of all channels of a pixel, and a softmax; of any size or of tiles of one side."""
    classes, names = len(card.legend), input_names(card.sources)
    size: list[str | int] = [tile, tile] if tile else ["height", "width"]
    given = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", len(source.bands), *size])
        for name, source in zip(names, card.sources, strict=False)
    ]
    stored = [each.name for each in given]
    if PRESENT in names:
        given.append(helper.make_tensor_value_info(PRESENT, TensorProto.FLOAT, ["batch", len(card.sources)]))
    found = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", classes, *size])
    weights = np.random.default_rng(seed).normal(0, 1e-3, (classes, card.channels, 1, 1)).astype(np.float32)
    nodes = [
        helper.make_node("Concat", stored, ["all"], axis=1),
        helper.make_node("Conv", ["all", "w"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(nodes, "g", given, [found], [onnx.numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    entry = model.metadata_props.add()
    entry.key, entry.value = CARD_KEY, card.model_dump_json()
    path.write_bytes(model.SerializeToString())
    return path

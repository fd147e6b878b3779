"""ONNX files with their metadata, among it the hash by which a flipped bit of the weights is seen."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import onnx

from pitscape.models.card import GRAPH_KEY


def write_onnx(model: onnx.ModelProto, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a model; every graph that is changed is written by this, for its SHA-256 is in the metadata.

    Args:
        model: It gets the metadata.
        path: The file.
        metadata: Keys and values; None keeps those that the model has.
    """
    kept = {each.key: each.value for each in model.metadata_props} if metadata is None else metadata
    graph = model.graph.SerializeToString(deterministic=True)
    onnx.helper.set_model_props(model, {**kept, GRAPH_KEY: hashlib.sha256(graph).hexdigest()})
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))

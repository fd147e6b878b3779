"""The networks that the documentation names, without training."""

import warnings
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from several_sources import several_card, several_network
from small_scenes import BANDS

from pitscape.imagery.legend import load_legend
from pitscape.imagery.sensor import load_sensor
from pitscape.models.card import ModelCard, Normalisation, SourceInput, TrainingRecord

SENSOR = load_sensor("sentinel2_l2a")
MEAN, STD = 0.2, 0.1
EVERY = 50
"""One labelled pixel in so many is enough to tell four classes apart."""


def write_networks(folder: Path) -> None:
    """``mine.onnx`` knows the simulated classes, ``other.onnx`` is another maker's, ``sources.onnx`` of three sources."""
    from pitscape.models.export import write_graph

    _write_linear(folder)
    card = several_card()
    write_graph(several_network(card, "early"), card, folder / "sources.onnx")
    _write_other(folder / "other.onnx")


def _write_linear(folder: Path) -> None:
    """A linear discriminant of single pixels, as a network of one convolution."""
    import torch
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    from pitscape.models.export import write_graph
    from pitscape.models.network import DeployedNetwork, Standardiser

    found = LinearDiscriminantAnalysis().fit(*_labelled_pixels(folder))
    linear = torch.nn.Conv2d(len(BANDS), 4, 1)
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(found.coef_)[:, :, None, None])
        linear.bias.copy_(torch.from_numpy(found.intercept_))
    normalisation = Normalisation(mean=(MEAN,) * len(BANDS), std=(STD,) * len(BANDS))
    source = SourceInput(sensor=SENSOR, bands=BANDS, normalisation=normalisation)
    card = ModelCard(
        name="mine",
        architecture="linear",
        sources=(source,),
        legend=load_legend(),
        gsd_m=10,
        tile=64,
        overlap=16,
        training=TrainingRecord(fingerprint="0", scenes=(), region="none", licence="simulated", steps=0),
        metrics={},
        versions={},
    )
    write_graph(DeployedNetwork(Standardiser((source,)), linear).eval(), card, folder / "mine.onnx")


def _labelled_pixels(folder: Path) -> tuple[NDArray[np.floating], NDArray[np.uint8]]:
    """Standardised bands and codes of pixels whose numbers hold the offset, as all scenes since 2022 do."""
    pixels, codes = [], []
    for path in sorted((folder / "my_mine" / "images").glob("*_202[2-9]*.tif")):
        with rasterio.open(path) as scene, rasterio.open(folder / "my_mine" / "masks" / path.name) as mask:
            stored, code = scene.read().astype(float), mask.read(1)
        seen = (code > 0) & (stored > 0).all(axis=0)
        values = (SENSOR.physical(stored, BANDS) - MEAN) / STD
        pixels.append(values[:, seen][:, ::EVERY].T)
        codes.append(code[seen][::EVERY])
    return np.concatenate(pixels), np.concatenate(codes)


def _write_other(path: Path) -> None:
    """Four bands to the logits of four classes, in random weights."""
    import torch

    free = {0: "batch", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own internals
        torch.onnx.export(
            torch.nn.Conv2d(4, 4, 1),
            (torch.zeros(1, 4, 64, 64),),
            path,
            dynamo=False,
            opset_version=17,
            input_names=["image"],
            output_names=["scores"],
            dynamic_axes={"image": free, "scores": free},
        )

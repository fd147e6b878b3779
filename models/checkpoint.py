"""Checkpoints: weights with the plain values that are needed to use them."""

import warnings
from pathlib import Path
from pickle import UnpicklingError  # raised by torch; nothing is unpickled here
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend
from pitscape.models.card import Calibration, SourceInput, TrainingRecord
from pitscape.models.network import DeployedNetwork, NetworkSettings, SegmentationNetwork, Standardiser

CHECKPOINT_KEY = "pitscape"


class Recipe(BaseModel):
    """What, beside its weights, is needed to use a network; see ``ModelCard`` for the meanings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: NetworkSettings
    sources: tuple[SourceInput, ...]
    legend: Legend
    gsd_m: float
    training: TrainingRecord
    metrics: dict[str, float | None]
    calibration: Calibration | None = None


def load_checkpoint(path: Path) -> tuple[Recipe, SegmentationNetwork]:
    """Read a checkpoint of ``pitscape fit``; nothing in it is executed.

    Returns:
        The recipe, and the network with its weights, ready to predict.

    Raises:
        InputError: If the file is no such checkpoint.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old or strange pickles; what is wrong is told below
            content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        recipe = Recipe.model_validate(content[CHECKPOINT_KEY])
        weights = content["state_dict"]
    except (OSError, RuntimeError, UnpicklingError, KeyError, TypeError, ValueError, EOFError) as error:
        raise InputError(
            f"{path}: is no checkpoint of this version of pitscape; train again with pitscape fit."
        ) from error
    settings = recipe.network.model_copy(update={"encoder_weights": None})
    channels = [len(source.bands) for source in recipe.sources]
    network = SegmentationNetwork(settings, channels=channels, classes=len(recipe.legend))
    prefix = "network."
    network.load_state_dict({k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)})
    return recipe, network.eval()


def deployed(recipe: Recipe, network: SegmentationNetwork) -> DeployedNetwork:
    """The whole way from stored numbers to calibrated probabilities, ready to predict."""
    standardiser = Standardiser(recipe.sources)
    temperature = recipe.calibration.temperature if recipe.calibration else 1.0
    return DeployedNetwork(standardiser, network, temperature=temperature).eval()

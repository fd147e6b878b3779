"""The model that comes with the package: trained on simulated land alone, for a first look."""

from pathlib import Path

SHIPPED = Path(__file__).with_name("day_one.onnx")

CAVEAT = "trained on simulated land only; a first look, not a measurement"


def shipped_model() -> Path:
    """The ONNX file of the network for Sentinel-2 L2A that comes with pitscape; its card lies beside it."""
    return SHIPPED

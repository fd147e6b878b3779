"""pitscape: from satellite imagery of an open-pit mine to areas, ecosystem resilience and integrity."""

from typing import TYPE_CHECKING, Any

from pitscape.version import __version__

if TYPE_CHECKING:
    from pitscape.inference.loaded_model import load_model

__all__ = ["__version__", "load_model"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever has this name
    """Load what is heavy when it is asked for."""
    if name == "load_model":
        from pitscape.inference.loaded_model import load_model

        return load_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""pitscape: from satellite imagery of an open-pit mine to areas, ecosystem resilience and integrity."""

from pitscape.version import __version__

__all__ = ["__version__"]

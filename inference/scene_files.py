"""The files of which a scene or a map is read."""

from pathlib import Path

from pitscape.imagery.raster_file import files_beside
from pitscape.imagery.virtual import sources_of


def files_of(source: Path) -> list[Path]:
    """The files that a scene is read from: itself, the sources of a virtual mosaic, masks and metadata beside it."""
    virtual = sorted(sources_of(source)) if source.is_file() else []
    return [source, *(path for path in [*virtual, *files_beside(source)] if path != source.resolve())]

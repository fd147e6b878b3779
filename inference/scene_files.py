"""The files of which a scene or a map is read."""

from pathlib import Path

from pitscape.imagery.raster_file import files_beside
from pitscape.imagery.virtual import check_virtual


def files_of(source: Path) -> list[Path]:
    """The files that a scene is read from: itself, the sources of a virtual mosaic, masks and metadata beside it."""
    virtual = sorted(set(check_virtual(source))) if source.suffix.lower() == ".vrt" and source.is_file() else []
    return [source, *(path for path in [*virtual, *files_beside(source)] if path != source.resolve())]

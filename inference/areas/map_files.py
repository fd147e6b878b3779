"""The files that a map is read from, and which of them a part of it needs."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pitscape.imagery.file_stamps import FileStamps
from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.virtual import PlacedSource, placed_sources, sources_of
from pitscape.inference.areas.sums import Batch

EVERYWHERE = (0, np.iinfo(np.int64).max)


class MapFiles:
    """The files of a map and of what is read with it on its grid, by what is said of them now.

    Attributes:
        virtual: Mosaics: small files, of which all parts of the map are made.
        rasters: Files that hold cells.

    Args:
        paths: The map, and its probabilities where they are read. Of virtual mosaics each file counts where it lies.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        placed = [source for path in paths for source in _placed(path)]
        every = dict.fromkeys([*paths, *(source.path for source in placed)])
        self.virtual = [path for path in every if _is_virtual(path)]
        self.rasters = [path for path in every if not _is_virtual(path)]
        self._stamps = FileStamps(every)
        self._placed = [source for source in placed if not _is_virtual(source.path)]
        spans = [(*_ends(source.rows), *_ends(source.columns)) for source in self._placed]
        self._spans = np.array(spans, np.int64).reshape(-1, 4)
        self._sha256 = {path: sha256_of(path) for path in self.virtual}

    def read_for(self, batch: Batch) -> list[Path]:
        """The rasters that some windows may be read from, each once."""
        top, bottom, left, right = self._spans.T
        near = np.zeros(len(self._spans), bool)
        for rows, columns in batch:
            near |= (top < rows.stop) & (rows.start < bottom) & (left < columns.stop) & (columns.start < right)
        return list(dict.fromkeys(self._placed[number].path for number in np.flatnonzero(near)))

    def made_of(self, batch: Batch) -> list[list[Any]]:
        """What decides the cells of some windows: files by path, size and time of change or ETag, mosaics by content."""
        rasters = [[str(path), self._stamps.of(path)] for path in self.read_for(batch)]
        return [*([str(path), sha256] for path, sha256 in self._sha256.items()), *rasters]

    def check(self, batch: Batch | None = None) -> None:
        """Make sure that no file of some windows, or of all, was replaced.

        Raises:
            PitscapeError: Naming the first that was.
        """
        self._stamps.check(None if batch is None else [*self.virtual, *self.read_for(batch)])


def _is_virtual(path: Path) -> bool:
    return path.suffix.lower() == ".vrt"


def _placed(path: Path) -> Iterator[PlacedSource]:
    """A map's files; those of a mosaic within another one lie where that one does."""
    if not _is_virtual(path):
        yield PlacedSource(path, None, None)
        return
    for source in placed_sources(path):
        yield source
        for within in sources_of(source.path):
            yield PlacedSource(within, source.rows, source.columns)


def _ends(span: slice | None) -> tuple[int, int]:
    return EVERYWHERE if span is None else (span.start, span.stop)

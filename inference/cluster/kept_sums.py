"""Sums of the batches of a map that are done, in a folder, for a run that goes on where one has stopped."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.outputs import replacing
from pitscape.inference.areas.map_files import MapFiles
from pitscape.inference.areas.sums import BATCH, Batch, Sums
from pitscape.inference.areas.tally import Tally

SUMS = re.compile(r"\d+\.npz|\.(\d+|zones)\.[0-9a-f]{8}\.(npz|bin)")
"""Names of what is kept, whole or being written."""


def batch_keys(every: Sequence[Batch], files: MapFiles, made_of: Sequence[str]) -> list[str]:
    """What decides the sums of each batch, as a SHA-256.

    Args:
        every: The batches of a map.
        files: Of the map. A batch is of those that its windows may be read from: where one of a mosaic has changed, batches
            elsewhere stay.
        made_of: What else decides the sums.
    """
    given = [version("pitscape"), BATCH, *made_of]
    texts = (json.dumps([*given, number, files.made_of(batch)]) for number, batch in enumerate(every))
    return [hashlib.sha256(text.encode()).hexdigest() for text in texts]


class KeptSums:
    """Sums by number of the batch; those of another key count as missing.

    Args:
        folder: Of them; there is a file for each batch.
        keys: Of all batches, as ``batch_keys`` has them.
    """

    def __init__(self, folder: Path, keys: Sequence[str]) -> None:
        self._folder, self._keys = folder, keys
        self._names = {path.name for path in folder.iterdir()}

    def has(self, number: int) -> bool:
        """Whether a batch is done, and its sums can be read."""
        return f"{number}.npz" in self._names and self._read(number) is not None

    def write(self, number: int, sums: Sums) -> None:
        """Keep the sums of a batch."""
        key, hard = np.array(self._keys[number]), sums.hard
        with replacing(self._file(number)) as temporary, temporary.open("wb") as file:
            np.savez(file, key=key, zones=sums.zones, cells=hard.cells, m2=hard.m2, soft=sums.soft)

    def all(self, numbers: Iterable[int]) -> Iterator[Sums]:
        """Those of some batches, in the order given.

        Raises:
            PitscapeError: If some were removed or damaged meanwhile.
        """
        for number in numbers:
            sums = self._read(number)
            if sums is None:
                raise PitscapeError(f"{self._file(number)}: was removed or damaged meanwhile; run it again.")
            yield sums

    def _read(self, number: int) -> Sums | None:
        try:
            with self._file(number).open("rb") as file, np.load(file, allow_pickle=False) as parts:
                if parts["key"].item() != self._keys[number]:
                    return None
                return Sums(parts["zones"], Tally(parts["cells"], parts["m2"]), parts["soft"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def _file(self, number: int) -> Path:
        return self._folder / f"{number}.npz"

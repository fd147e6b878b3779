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
from pitscape.imagery.outputs import replacing, sha256_of, stamp_of, write_text
from pitscape.imagery.virtual import with_sources
from pitscape.inference.areas.sums import BATCH, Sums
from pitscape.inference.areas.tally import Tally
from pitscape.inference.parts_folder import remove

KEY = "sums.key"
SUMS = re.compile(r"\d+\.npz|\.(\d+|sums|zones)\.[0-9a-f]{8}\.(npz|key|bin)|sums\.key")
"""Names of what is kept, whole or being written."""


class KeptSums:
    """Sums by number of the batch.

    They are of one map and its zones: those of another are removed. Files count as the same where path, size and time of
    change, or the ETag, are.

    Args:
        folder: Of them; there is a file for each batch.
        files: The map, and others that are read with it.
        made_of: What else decides the sums.
        zones: File of the zones, which counts by its content.
    """

    def __init__(self, folder: Path, *, files: Sequence[Path], made_of: Sequence[str], zones: Path) -> None:
        self._folder = folder
        read = with_sources(files)
        stamps = [[str(each), *stamp_of(each)] for each in read]
        given = [version("pitscape"), BATCH, stamps, list(made_of), sha256_of(zones)]
        key = hashlib.sha256(json.dumps(given).encode()).hexdigest()
        store = folder / KEY
        if not store.exists() or store.read_text(encoding="utf-8") != key:
            self.forget()
            write_text(store, key)
        self._names = {path.name for path in folder.iterdir()}

    def has(self, number: int) -> bool:
        """Whether a batch is done, and its sums can be read."""
        return f"{number}.npz" in self._names and self._read(number) is not None

    def write(self, number: int, sums: Sums) -> None:
        """Keep the sums of a batch."""
        with replacing(self._file(number)) as temporary, temporary.open("wb") as file:
            np.savez(file, zones=sums.zones, cells=sums.hard.cells, m2=sums.hard.m2, soft=sums.soft)

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
                return Sums(parts["zones"], Tally(parts["cells"], parts["m2"]), parts["soft"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def forget(self) -> None:
        """Remove all of them."""
        remove(self._folder, SUMS)

    def _file(self, number: int) -> Path:
        return self._folder / f"{number}.npz"

"""Sums of the batches of a map that are done, in a folder, for a run that goes on where one has stopped."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from pitscape.imagery.outputs import replacing, sha256_of, stamp_of, write_text
from pitscape.imagery.virtual import sources_of
from pitscape.inference.areas.sums import BATCH, Sums
from pitscape.inference.areas.tally import Tally

KEY = "sums.key"


class KeptSums:
    """Sums by number of the batch.

    They are of one map and its zones: those of another are removed. Files count as the same where size and time of
    change, or the ETag, are.

    Args:
        folder: Of them; there is a file for each batch.
        files: The map, and others that are read with it.
        made_of: What else decides the sums.
        zones: File of the zones, which counts by its content.
    """

    def __init__(self, folder: Path, *, files: Sequence[Path], made_of: Sequence[str], zones: Path) -> None:
        self._folder = folder
        read = [each for path in files for each in (path, *sources_of(path))]
        given = [version("pitscape"), BATCH, [stamp_of(each) for each in read], list(made_of), sha256_of(zones)]
        key = hashlib.sha256(json.dumps(given).encode()).hexdigest()
        store = folder / KEY
        if not store.exists() or store.read_text(encoding="utf-8") != key:
            self.forget()
            write_text(store, key)

    def has(self, number: int) -> bool:
        """Whether a batch is done."""
        return self._file(number).exists()

    def write(self, number: int, sums: Sums) -> None:
        """Keep the sums of a batch."""
        with replacing(self._file(number)) as temporary, temporary.open("wb") as file:
            np.savez(file, zones=sums.zones, cells=sums.hard.cells, m2=sums.hard.m2, soft=sums.soft)

    def all(self, number: int) -> Iterator[Sums]:
        """Those of the first batches, in their order; a batch without zones has none."""
        for each in filter(self.has, range(number)):
            with np.load(self._file(each), allow_pickle=False) as parts:
                yield Sums(parts["zones"], Tally(parts["cells"], parts["m2"]), parts["soft"])

    def forget(self) -> None:
        """Remove all of them."""
        for path in (*self._folder.glob("*.npz"), self._folder / KEY):
            path.unlink(missing_ok=True)

    def _file(self, number: int) -> Path:
        return self._folder / f"{number}.npz"

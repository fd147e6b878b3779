"""Finished blocks of a run as files, each with its own record, beside a manifest of what they are made of."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import MemoryFile

from pitscape.imagery.cog import DRAFT
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.grid import part
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.outputs import replacing, write_json
from pitscape.imagery.remote.path import is_remote
from pitscape.inference.blend import Failure
from pitscape.inference.manifest import MANIFEST, Contents, read_contents, read_manifest
from pitscape.inference.parts_folder import BLOCKS, remove


@dataclass(frozen=True)
class Parts:
    """The folder ``OUT.parts`` of a run, here or in a store; any number of processes may add blocks to it.

    A block counts as finished when its record stands beside it and names its SHA-256.

    Attributes:
        folder: Where they lie.
        contents: What they are.
        known: Records of blocks that this process has written, or has read from a store; those are not read again.
    """

    folder: Path
    contents: Contents
    known: dict[int, dict[str, Any]] = field(default_factory=dict, compare=False, repr=False, kw_only=True)

    def join(self) -> None:
        """Add to the blocks that earlier or other processes have finished, if there are any.

        Raises:
            InputError: If they are of another run.
        """
        if (self.folder / MANIFEST).exists():
            self._check_same(read_manifest(self.folder))
        else:
            self.begin()
            self.sign()

    def begin(self) -> None:
        """Empty the folder; until it is signed, what comes into it is no run's."""
        clear(self.folder)
        self.known.clear()

    def sign(self) -> None:
        """Write the manifest."""
        write_json(self.folder / MANIFEST, self.contents.manifest())

    def _check_same(self, before: dict[str, Any]) -> None:
        now = json.loads(json.dumps(self.contents.manifest()))
        for old, new in ((before["made_of"], now["made_of"]), (before, now)):
            for key in new:
                if old.get(key) != new[key]:
                    raise InputError(
                        f"{self.folder}: was begun with another {key}; give the same again, or start anew without --resume."
                    )

    def check_open(self) -> None:
        """Make sure that blocks may be added: always, to a folder that this process holds."""

    def add(self, number: int, layers: NDArray[np.uint8], failures: Sequence[Failure] = ()) -> None:
        """Write a block (layer, y, x), and say that it is finished.

        Raises:
            PitscapeError: If the file system is full, or the store does not answer.
        """
        content = self._encoded(number, layers)
        path = self.folder / f"{_name(number)}.tif"
        record = {
            "file": path.name,
            "area": asdict(self.contents.blocks[number]),
            "sha256": hashlib.sha256(content).hexdigest(),
            "observed": int(np.count_nonzero(layers[0] != UNOBSERVED)),
            "failures": [asdict(failure) for failure in failures],
        }
        self.check_open()
        with replacing(path) as temporary:
            temporary.write_bytes(content)
        self.check_open()  # a block without a record counts for nothing
        write_json(path.with_suffix(".json"), record)
        self.known[number] = record

    def _encoded(self, number: int, layers: NDArray[np.uint8]) -> bytes:
        """A GeoTIFF of a block: made in memory, so that writing it fails as writing does."""
        block = self.contents.blocks[number]
        where = part(self.contents.grid, block.rows, block.columns)
        profile = {"driver": "GTiff", "dtype": "uint8", "nodata": UNOBSERVED, "count": len(layers), **DRAFT}
        place = {"crs": str(where.crs), "transform": where.affine, "height": where.shape[0], "width": where.shape[1]}
        with MemoryFile() as memory:
            with memory.open(**profile, **place) as dataset:
                dataset.write(layers)
            return bytes(memory.getbuffer())

    def missing(self, among: Iterable[int] | None = None, *, failed_too: bool = False) -> list[int]:
        """Numbers of the blocks, of all or of some, that are not finished, or were changed since.

        With ``failed_too`` those that hold tiles that failed, too. Of a store one listing tells which are not there.
        """
        numbers = range(len(self.contents.blocks)) if among is None else among
        there = {path.name for path in self.folder.iterdir()} if is_remote(self.folder) else None
        asked = ((n, there is None or f"{_name(n)}.json" in there) for n in numbers)
        records = ((number, self._record(number) if asked_for else None) for number, asked_for in asked)
        return [number for number, record in records if record is None or (failed_too and record["failures"])]

    def _record(self, number: int) -> dict[str, Any] | None:
        """What is recorded of a block; None if it is not there as it was written."""
        remote = is_remote(self.folder)
        if remote and number in self.known:
            return self.known[number]
        path = self.folder / f"{_name(number)}.json"
        try:
            record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            found = hashlib.sha256((self.folder / record["file"]).read_bytes()).hexdigest()
        except (OSError, ValueError, KeyError):
            return None
        same_place = record.get("area") == asdict(self.contents.blocks[number])
        if found != record["sha256"] or not same_place:
            return None
        if remote:
            self.known[number] = record
        return record

    def records(self) -> Iterator[dict[str, Any]]:
        """The records of all blocks in order."""
        for number in range(len(self.contents.blocks)):
            record = self._record(number)
            if record is None:
                raise PitscapeError(f"{self.folder / _name(number)}.tif: is missing or was changed; predict it again.")
            yield record

    def read(self, number: int) -> NDArray[np.uint8]:
        """A block (layer, y, x).

        Raises:
            PitscapeError: If it is not there as it was written.
        """
        path, record = self.folder / f"{_name(number)}.tif", self._record(number)
        content = b"" if record is None else path.read_bytes()
        if record is None or hashlib.sha256(content).hexdigest() != record["sha256"]:
            raise PitscapeError(f"{path}: is missing or was changed since it was written; predict it again.")
        with MemoryFile(content) as memory, memory.open() as dataset:
            layers: NDArray[np.uint8] = dataset.read()
        return layers


def open_parts(folder: Path, name: str = MANIFEST) -> Parts:
    """The parts of a run, from its folder alone and the name of the manifest there.

    Raises:
        InputError: If it holds none.
    """
    return Parts(folder, read_contents(folder, name))


def clear(folder: Path) -> None:
    """Remove blocks and manifest of a run, and nothing else."""
    remove(folder, BLOCKS)


def _name(number: int) -> str:
    return f"block_{number:06d}"

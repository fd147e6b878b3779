"""Finished blocks of a run as files, each with its own record, and a manifest of what they are made of."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.io import MemoryFile

from pitscape.imagery.cog import DRAFT
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.grid import part
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.outputs import replacing, write_json
from pitscape.imagery.remote.path import RemotePath, is_remote
from pitscape.inference.blend import Failure
from pitscape.inference.tiles import Area

MANIFEST = "manifest.json"
SUFFIX = ".parts"
OURS = re.compile(r"(block_\d{6}|manifest)\.(tif|json)|\.(block_\d{6}|manifest)\.[0-9a-f]{8}\.(tif|json)")
LOCKS = re.compile(r"(run|begin|shard_\d+_of_\d+)\.lock")
PASSING = re.compile(r"\.DS_Store|\.nfs.*|tmp\w{8}|\.pitscape\.[0-9a-f]{8}")
"""What systems put into folders for a moment, or for themselves."""


@dataclass(frozen=True)
class Contents:
    """What the blocks of a run are.

    Attributes:
        made_of: Hashes and options that decide what comes out; they go to the tags of the outputs.
        grid: Of the whole scene.
        legend: Of the map.
        layers: Names of the layers of each block.
        blocks: Where they lie.
        outputs: File of each output by its name, relative to the folder that holds the parts.
    """

    made_of: Mapping[str, Any]
    grid: GeoBox
    legend: Legend
    layers: tuple[str, ...]
    blocks: tuple[Area, ...]
    outputs: Mapping[str, str]

    def manifest(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "schema": 2,
            "made_of": dict(self.made_of),
            "legend": self.legend.model_dump(mode="json"),
            "layers": list(self.layers),
            "outputs": dict(self.outputs),
            "grid": {
                "shape": list(self.grid.shape),
                "transform": list(self.grid.affine)[:6],
                "crs": str(self.grid.crs),
            },
            "blocks": [[b.top, b.bottom, b.left, b.right] for b in self.blocks],
        }


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
        with replacing(path) as temporary:
            temporary.write_bytes(content)
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


def parts_of(output: Path) -> Path:
    """The folder of the parts of a class map."""
    return output.with_name(output.name + SUFFIX)


def open_parts(folder: Path, name: str = MANIFEST) -> Parts:
    """The parts of a run, from its folder alone and the name of the manifest there.

    Raises:
        InputError: If it holds none.
    """
    manifest = read_manifest(folder, name)
    try:
        return Parts(folder, _contents(manifest))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / name}: is damaged ({error}); predict the scene anew.") from error


def _contents(manifest: dict[str, Any]) -> Contents:
    grid = manifest["grid"]
    return Contents(
        made_of=manifest["made_of"],
        grid=GeoBox(tuple(grid["shape"]), Affine(*grid["transform"]), grid["crs"]),
        legend=Legend.model_validate(manifest["legend"]),
        layers=tuple(manifest["layers"]),
        blocks=tuple(Area(*block) for block in manifest["blocks"]),
        outputs=manifest["outputs"],
    )


def read_manifest(folder: Path, name: str = MANIFEST) -> dict[str, Any]:
    """The manifest of a folder of parts.

    Raises:
        InputError: If there is none that this version knows.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: holds no parts of a run; name the OUT.parts of pitscape predict.") from error
    if not isinstance(manifest, dict) or manifest.get("schema") != 2:
        raise InputError(f"{folder}: was begun by another version of pitscape; predict the scene anew.")
    return manifest


def check_folder(folder: Path, ours: re.Pattern[str] = OURS, *, of: str = "run") -> None:
    """Refuse a folder that holds something else than the parts of one kind.

    Args:
        folder: ``OUT.parts``, which need not be there.
        ours: Names of the parts.
        of: What they are parts of, for the message.

    Raises:
        InputError: Naming it.
    """
    if folder.is_file():
        raise InputError(f"{folder}: is a file where the parts of the {of} would lie; choose another output.")
    for path in folder.iterdir() if folder.exists() else ():
        known = any(names.fullmatch(path.name) for names in (ours, LOCKS, PASSING))
        if not known or (not is_remote(path) and path.is_dir()):
            raise InputError(f"{folder}: holds {path.name}, which is no part of a {of}; choose another output.")


def clear(folder: Path, ours: re.Pattern[str] = OURS) -> None:
    """Remove the parts of one kind, such as blocks and manifest of a run, and nothing else."""
    found = [path for path in folder.iterdir() if ours.fullmatch(path.name)]
    if isinstance(folder, RemotePath):
        folder.store.delete([folder / path.name for path in found])
        return
    for path in found:
        path.unlink(missing_ok=True)


def _name(number: int) -> str:
    return f"block_{number:06d}"

"""Finished blocks of a run as files, with a manifest, and their assembly into one class map."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.class_map import new_class_map
from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.grid import grid_of, row_band
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.imagery.outputs import make_folder, replacing, sha256_of, write_json
from pitscape.imagery.raster import open_raster

MANIFEST = "manifest.json"


@dataclass
class Parts:
    """The folder ``OUT.parts`` of a run: one raster per block of rows, and a manifest of what they were made of.

    Attributes:
        folder: Where they lie.
        grid: Of the whole map.
        legend: Of the map.
        made_of: Hashes and options; they go to the manifest and to the map's tags.
        blocks: What is finished: file, first row and end, SHA-256, and whether anything in it was observed.
    """

    folder: Path
    grid: GeoBox
    legend: Legend
    made_of: Mapping[str, Any]
    blocks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def first_row(self) -> int:
        """The first row that is not finished."""
        return int(self.blocks[-1]["rows"][1]) if self.blocks else 0

    @property
    def observed(self) -> bool:
        """Whether anything in the finished blocks was observed."""
        return any(block["observed"] for block in self.blocks)

    def begin(self, *, resume: bool = False) -> None:
        """Make the folder ready.

        Args:
            resume: Keep the blocks that an earlier run finished; else they are removed.

        Raises:
            InputError: If the folder cannot be made, holds something that is no run's, or is to be taken up again and
                was made of something else.
        """
        if self.folder.is_file():
            raise InputError(f"{self.folder}: is a file where the parts of the run would lie; choose another output.")
        if self.folder.exists():
            foreign = [p.name for p in self.folder.iterdir() if p.suffix != ".tif" and p.name != MANIFEST]
            if foreign:
                raise InputError(
                    f"{self.folder}: holds {foreign[0]}, which is no part of a run; choose another output."
                )
            if resume and (self.folder / MANIFEST).exists():
                self.blocks = self._finished()
            kept = {MANIFEST, *(block["file"] for block in self.blocks)}
            for path in self.folder.iterdir():
                if path.name not in kept:
                    path.unlink()
        make_folder(self.folder)
        self._write_manifest(complete=False)

    def _finished(self) -> list[dict[str, Any]]:
        """The blocks of an earlier run from the top on, up to the first that is missing or was changed."""
        manifest = _read(self.folder)
        for key, value in {**self.made_of, "legend": self.legend.model_dump(mode="json")}.items():
            before = manifest["legend"] if key == "legend" else manifest["made_of"].get(key)
            if before != json.loads(json.dumps(value)):
                raise InputError(
                    f"{self.folder}: was begun with another {key}; give the same again, or start anew without --resume."
                )
        finished: list[dict[str, Any]] = []
        for block in manifest["blocks"]:
            path = self.folder / block["file"]
            follows = block["rows"][0] == (finished[-1]["rows"][1] if finished else 0)
            if not (follows and path.exists() and sha256_of(path) == block["sha256"]):
                break
            finished.append(block)
        return finished

    def add(self, first_row: int, ids: NDArray[np.uint8]) -> None:
        """Write a block of whole rows of class ids, and list it."""
        end = first_row + len(ids)
        path = self.folder / f"rows_{first_row:07d}_{end:07d}.tif"
        block = row_band(self.grid, first_row, end)
        with (
            replacing(path) as temporary,
            rasterio.open(
                temporary,
                "w",
                driver="GTiff",
                height=len(ids),
                width=ids.shape[1],
                count=1,
                dtype="uint8",
                nodata=UNOBSERVED,
                crs=str(block.crs),
                transform=block.affine,
                compress="DEFLATE",
            ) as dataset,
        ):
            dataset.write(ids, 1)
        observed = bool((ids != UNOBSERVED).any())
        self.blocks.append(
            {"file": path.name, "rows": [first_row, end], "sha256": sha256_of(path), "observed": observed}
        )
        self._write_manifest(complete=False)

    def close(self) -> None:
        """Say in the manifest that the run is complete."""
        self._write_manifest(complete=True)

    def _write_manifest(self, *, complete: bool) -> None:
        manifest = {
            "schema": 1,
            "complete": complete,
            "made_of": dict(self.made_of),
            "legend": self.legend.model_dump(mode="json"),
            "blocks": self.blocks,
        }
        write_json(self.folder / MANIFEST, manifest)


def assemble(folder: Path, output: Path) -> None:
    """Join the parts of a complete run into a class map; only one block is in memory at a time.

    Raises:
        InputError: If the folder holds no complete run.
        PitscapeError: If a part was changed since it was written.
    """
    manifest = _manifest(folder)
    legend = Legend.model_validate(manifest["legend"])
    blocks = sorted(manifest["blocks"], key=lambda block: block["rows"])
    grid = _whole_grid(folder / blocks[0]["file"], blocks[-1]["rows"][1])
    with new_class_map(
        output, grid, legend, tags={"PITSCAPE": json.dumps(manifest["made_of"], sort_keys=True)}
    ) as write:
        for block in blocks:
            part = folder / block["file"]
            if sha256_of(part) != block["sha256"]:
                raise PitscapeError(f"{part}: was changed since it was written; run the prediction again.")
            with open_raster(part) as dataset:
                write(block["rows"][0], dataset.read(1))


def _read(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: holds no complete run; predict the scene again.") from error
    return manifest


def _manifest(folder: Path) -> dict[str, Any]:
    manifest = _read(folder)
    if not manifest["complete"]:
        raise InputError(f"{folder}: holds no complete run; go on with pitscape predict --resume.")
    rows = sorted(block["rows"] for block in manifest["blocks"])
    gaps = [b for a, b in pairwise(rows) if a[1] != b[0]]
    if not rows or rows[0][0] != 0 or gaps:
        raise InputError(f"{folder}: lacks blocks before row {gaps[0][0] if gaps else 0}; predict the scene again.")
    return manifest


def _whole_grid(first_part: Path, height: int) -> GeoBox:
    with open_raster(first_part) as dataset:
        top = grid_of(dataset)
    return GeoBox((height, top.shape[1]), top.affine, top.crs)

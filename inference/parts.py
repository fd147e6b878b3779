"""Finished blocks of a run as files, with a manifest, and their assembly into one class map."""

import json
import shutil
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
    """The folder ``OUT.parts`` of a run: one raster per block of rows, and what they were made of.

    Attributes:
        folder: Where they lie.
        grid: Of the whole map.
        legend: Of the map.
        made_of: Hashes and options; they go to the manifest and to the map's tags.
        blocks: What is finished: file, first row, end and SHA-256.
    """

    folder: Path
    grid: GeoBox
    legend: Legend
    made_of: Mapping[str, Any]
    blocks: list[dict[str, Any]] = field(default_factory=list)

    def begin(self) -> None:
        """Make an empty folder; what an earlier, unfinished run left there is removed.

        Raises:
            InputError: If the folder cannot be made, or holds something that is no run's.
        """
        if self.folder.is_file():
            raise InputError(f"{self.folder}: is a file where the parts of the run would lie; choose another output.")
        if self.folder.exists():
            foreign = [p.name for p in self.folder.iterdir() if p.suffix != ".tif" and p.name != MANIFEST]
            if foreign:
                raise InputError(
                    f"{self.folder}: holds {foreign[0]}, which is no part of a run; choose another output."
                )
            shutil.rmtree(self.folder)
        make_folder(self.folder)

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
        self.blocks.append({"file": path.name, "rows": [first_row, end], "sha256": sha256_of(path)})

    def close(self) -> None:
        """Write the manifest: the run is complete."""
        manifest = {
            "schema": 1,
            "made_of": dict(self.made_of),
            "legend": self.legend.model_dump(),
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


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: holds no complete run; predict the scene again.") from error
    rows = sorted(block["rows"] for block in manifest["blocks"])
    gaps = [b for a, b in pairwise(rows) if a[1] != b[0]]
    if not rows or rows[0][0] != 0 or gaps:
        raise InputError(f"{folder}: lacks blocks before row {gaps[0][0] if gaps else 0}; predict the scene again.")
    return manifest


def _whole_grid(first_part: Path, height: int) -> GeoBox:
    with open_raster(first_part) as dataset:
        top = grid_of(dataset)
    return GeoBox((height, top.shape[1]), top.affine, top.crs)

"""What the blocks of a run are, as the manifest in its folder tells it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affine import Affine
from odc.geo.geobox import GeoBox

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend
from pitscape.inference.tiles import Area

MANIFEST = "manifest.json"
SCHEMA = 2


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
            "schema": SCHEMA,
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

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> "Contents":
        """What ``manifest`` gave, from JSON."""
        grid = manifest["grid"]
        return cls(
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
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise InputError(f"{folder}: was begun by another version of pitscape; predict the scene anew.")
    return manifest


def read_contents(folder: Path, name: str = MANIFEST) -> Contents:
    """What the blocks in a folder are.

    Raises:
        InputError: If it holds no parts, or its manifest is damaged.
    """
    manifest = read_manifest(folder, name)
    try:
        return Contents.of(manifest)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / name}: is damaged ({error}); predict the scene anew.") from error

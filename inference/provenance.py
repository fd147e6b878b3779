"""What a run is made of: all that decides what comes out, for manifests, tags and records."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.known_hashes import known_sha256
from pitscape.imagery.outputs import sidecar
from pitscape.imagery.reading import Reading
from pitscape.imagery.remote.path import RemotePath
from pitscape.imagery.scene import Scene
from pitscape.inference.joint_scene import JointScene
from pitscape.inference.plan import best_tile
from pitscape.inference.predictor import FilePredictor
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_files import files_of
from pitscape.models.card import ModelCard


def cut_of(scene: JointScene, predictor: FilePredictor, options: RunOptions) -> tuple[int, int]:
    """Side and overlap of the tiles of a scene [px]; see ``tiling``."""
    return tiling(shape_of(scene), predictor, options)


def tiling(shape: tuple[int, int], predictor: FilePredictor, options: RunOptions) -> tuple[int, int]:
    """Side and overlap of the tiles of so many rows and columns [px].

    Raises:
        InputError: If the overlap is not smaller than the tile, or the network does not take such tiles.
    """
    overlap, usual, fixed = options.overlap, predictor.card.overlap, predictor.fixed_tile
    if fixed and options.tile and options.tile > fixed:
        raise InputError(f"--tile {options.tile}: {predictor.path} takes tiles of {fixed} px at most; leave it out.")
    if overlap is None:
        side = options.tile or fixed
        overlap = min(usual, side // 4) if side else usual
    tile = options.tile or fixed or best_tile(shape, overlap)
    if overlap >= tile:
        raise InputError(f"--tile {tile} --overlap {overlap}: the overlap must be smaller than the tile.")
    return tile, overlap


def made_of(scene: JointScene, predictor: FilePredictor, options: RunOptions) -> dict[str, Any]:
    """All that decides what comes out: first of the scene that gives the grid, then, by sensor, of those of other sources.

    Files are hashed, which takes as long as reading them; a process does it once.
    """
    card, beside = predictor.card, predictor.files[1:]
    tile, overlap = cut_of(scene, predictor, options)
    first, *others = (_of_scene(*each) for each in zip(scene.stack.scenes, scene.readings, strict=True))
    names = [each.sensor.name for each in scene.stack.scenes[1:]]
    several = {"other_sources": dict(zip(names, others, strict=True)), "missing_sources": list(scene.missing)}
    return {
        **first,
        **(several if len(card.sources) > 1 else {}),
        "model": card.name,
        "model_sha256": known_sha256(predictor.path),
        **(_beside(beside, card) if beside else {}),
        "radiometry": card.radiometry,
        "tile": tile,
        "overlap": overlap,
        "tta": options.tta,
        "sieve_ha": options.sieve_ha,
        "simplify_m": options.simplify_m,
        "versions": {"pitscape": version("pitscape"), predictor.runtime[0]: predictor.runtime[1]},
    }


def _beside(files: Sequence[Path], card: ModelCard) -> dict[str, Any]:
    """Hashes of the files beside a model, and of its card with the sensors and legend that it names."""
    whole = hashlib.sha256(card.model_dump_json().encode()).hexdigest()
    return {"with_model_sha256": {path.name: known_sha256(path) for path in files}, "card_sha256": whole}


def _of_scene(scene: Scene, reading: Reading) -> dict[str, Any]:
    """A scene's files, and how they were read."""
    return {
        "scene": scene.path.name,
        **({"scene_stored": scene.stored.identity()} if scene.stored else {"scene_sha256": known_sha256(scene.path)}),
        **_contents("with_it", files_of(scene.path)[1:]),
        "stored_bands": list(reading.stored_bands) if reading.stored_bands else None,
        "mask": reading.mask.name if reading.mask else None,
        **(_content("mask", reading.mask) if reading.mask else {"mask_sha256": None}),
        "clouds_kept": reading.keep_clouds,
        "sensor": f"{scene.sensor.name}, {scene.recognised}",
        "acquired": scene.acquired.isoformat() if scene.acquired else None,
        "added_offset": scene.radiometry.added,
        "added_offset_reason": scene.radiometry.reason,
    }


def _content(key: str, path: Path) -> dict[str, Any]:
    """What changes with a file's content: its SHA-256; of a remote one what the store tells, as it is not read whole."""
    if not isinstance(path, RemotePath):
        return {f"{key}_sha256": known_sha256(path)}
    found = path.look()
    if found is None:
        raise InputError(f"{path}: is not there any more; it was deleted meanwhile.")
    return {f"{key}_stored": found.identity()}


def check_unchanged(scene: JointScene) -> None:
    """Make sure that the remote scenes of a run are still those that were opened: no lock keeps others from replacing them.

    Raises:
        PitscapeError: Naming the first that is not.
    """
    for each in scene.stack.scenes:
        if not isinstance(each.path, RemotePath) or each.stored is None:
            continue
        found = each.path.look()
        if found is None or found.identity() != each.stored.identity():
            raise PitscapeError(f"{each.path}: was replaced while it was read; map it again, without --resume.")


def _contents(key: str, paths: Sequence[Path]) -> dict[str, Any]:
    """The same of several files, by their names."""
    told: dict[str, dict[str, Any]] = {f"{key}_sha256": {}}
    for path in paths:
        for kind, value in _content(key, path).items():
            told.setdefault(kind, {})[path.name] = value
    return told


def record_beside(outputs: Outputs, made: dict[str, Any], *, failed_too: bool) -> dict[str, Any] | None:
    """The record of a finished run, if it was made of the same and all of its outputs are there."""
    paths = outputs.paths.values()
    try:
        records: list[dict[str, Any]] = [json.loads(sidecar(path).read_text(encoding="utf-8")) for path in paths]
    except (OSError, ValueError):
        return None
    wanted = json.loads(json.dumps({**made, "outputs": outputs.relative()}))
    same = all(record.get(key) == value for record in records for key, value in wanted.items())
    if any(record["failed_tiles"] for record in records) and not failed_too:
        return None
    return records[0] if same and all(path.exists() for path in paths) else None


def shape_of(scene: JointScene) -> tuple[int, int]:
    """Rows and columns of a scene."""
    height, width = scene.grid.shape
    return int(height), int(width)

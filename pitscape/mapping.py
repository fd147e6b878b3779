"""The verbs that map scenes: ``predict`` and ``merge``."""

import argparse
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.outputs import make_folder
from pitscape.imagery.reading import Reading
from pitscape.inference.lock import Shard
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_run import merge as merge_parts
from pitscape.inference.scene_run import parts_of, predict_scene, predict_shard
from pitscape.progress import bar, say

if TYPE_CHECKING:
    from pitscape.inference.predictor import FilePredictor

CHECKPOINTS = {".ckpt"}


def predict(arguments: argparse.Namespace) -> None:
    """``pitscape predict``."""
    options, shard = _options(arguments), _shard(arguments.shard)
    outputs = _outputs(arguments)
    predictor = _predictor(arguments.model or _shipped(), arguments.device)
    failed = 0
    for scene, wanted in zip(arguments.scene, outputs, strict=True):
        try:
            if shard:
                _part(scene, predictor, wanted, options, shard)
            else:
                _whole(scene, predictor, wanted, options)
        except PitscapeError as error:
            if len(outputs) == 1:
                raise
            failed += 1
            say(f"pitscape: {error}")
    if failed:
        raise PitscapeError(f"{failed} of {len(outputs)} scenes were not mapped; the others are in {arguments.output}.")


def merge(arguments: argparse.Namespace) -> None:
    """``pitscape merge``."""
    record = merge_parts(arguments.parts)
    _tell(record)
    for relative in record["outputs"].values():
        print(arguments.parts.parent / relative)


def _whole(scene: Path, predictor: "FilePredictor", wanted: Outputs, options: RunOptions) -> None:
    with bar(scene.name) as progress:
        record = predict_scene(scene, predictor, wanted, options=options, progress=progress)
    _tell(record)
    for path in wanted.paths.values():
        print(path)


def _part(scene: Path, predictor: "FilePredictor", wanted: Outputs, options: RunOptions, shard: Shard) -> None:
    with bar(f"{scene.name}, shard {shard.number} of {shard.of}") as progress:
        missing = predict_shard(scene, predictor, wanted, shard, options=options, progress=progress)
    folder = parts_of(wanted.classes)
    left = (
        f"{missing} blocks of other shards are missing" if missing else f"all blocks are there: pitscape merge {folder}"
    )
    say(f"{scene.name}: shard {shard.number} of {shard.of} is done; {left}")
    print(folder)


def _tell(record: dict[str, Any]) -> None:
    say(
        f"{record['scene']}: {record['sensor']}; {record['added_offset']} added to stored numbers "
        f"({record['added_offset_reason']}); {100 * record['observed_share']:.1f} % observed"
    )
    if record["failed_tiles"]:
        say(f"{record['scene']}: {len(record['failed_tiles'])} tiles failed and are unobserved; the JSON lists them")


def _shipped() -> Path:
    from pitscape.models.shipped import CAVEAT, shipped_model

    path = shipped_model()
    say(f"no --model: using {path.stem} ({CAVEAT})")
    return path


def _predictor(path: Path, device: str) -> "FilePredictor":
    if path.suffix in CHECKPOINTS:
        from pitscape.inference.torch_predictor import TorchPredictor

        return TorchPredictor(path, device="cuda" if device == "cuda" else "cpu")
    from pitscape.inference.predictor import OnnxPredictor

    return OnnxPredictor(path, device="cuda" if device == "cuda" else "cpu")


def _options(arguments: argparse.Namespace) -> RunOptions:
    return RunOptions(
        tile=arguments.tile,
        overlap=arguments.overlap,
        tta=arguments.tta,
        sieve_ha=arguments.sieve,
        simplify_m=arguments.simplify,
        batch=arguments.batch,
        threads=arguments.threads,
        memory_mb=arguments.memory,
        skip_failed=arguments.skip_failed,
        reading=Reading(
            stored_bands=tuple(name.strip() for name in arguments.bands.split(",")) if arguments.bands else None,
            offset=arguments.offset,
            mask=arguments.mask,
            keep_clouds=arguments.keep_clouds,
        ),
        resume=arguments.resume,
    )


def _shard(text: str | None) -> Shard | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found:
        raise InputError(f"--shard {text}: give I/N, for example 1/3.")
    return Shard(int(found.group(1)), int(found.group(2)))


def _outputs(arguments: argparse.Namespace) -> list[Outputs]:
    """The files of each scene: as named for one scene, by the scenes' names in folders for several."""
    named: dict[str, Path | None] = {
        each.name: arguments.output if each.name == "classes" else getattr(arguments, each.name)
        for each in fields(Outputs)
    }
    scenes: list[Path] = arguments.scene
    if len(scenes) == 1 and not arguments.output.is_dir():
        return [Outputs(named.pop("classes") or arguments.output, **named)]
    names = [scene.stem for scene in scenes]
    if len(set(names)) != len(names):
        raise InputError(f"{arguments.output}: two scenes have the same name; map them one by one.")
    for path in filter(None, named.values()):
        if path.suffix.lower() in {".tif", ".gpkg"}:
            raise InputError(f"{path}: {len(scenes)} scenes need a folder; name one.")
        make_folder(path)
    return [_in_folders(named, name) for name in names]


def _in_folders(folders: dict[str, Path | None], name: str) -> Outputs:
    files = {
        key: folder / f"{name}{'.gpkg' if key == 'polygons' else '.tif'}" for key, folder in folders.items() if folder
    }
    return Outputs(files.pop("classes"), **files)

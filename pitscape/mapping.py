"""The verbs that map scenes: ``predict`` and ``merge``."""

import argparse
import re
from collections.abc import Generator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.outputs import make_folder
from pitscape.imagery.reading import Reading
from pitscape.imagery.remote.name import place, without_secrets
from pitscape.imagery.remote.path import from_folder
from pitscape.inference.lock import Shard
from pitscape.inference.opening import open_predictor
from pitscape.inference.parts_folder import parts_of
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_run import merge as merge_parts
from pitscape.inference.scene_run import predict_scene, predict_shard
from pitscape.inference.scene_source import Given, SceneSource, path_of
from pitscape.progress import bar, say

if TYPE_CHECKING:
    from pitscape.imagery.radiometry import OffsetWord
    from pitscape.inference.predictor import FilePredictor

SOURCE = re.compile(r"(?:(?P<sensor>\w+)=)?(?P<path>.*?)(?P<said>(?:,(?:bands|offset)=[^,=]*)*)", re.DOTALL)
"""SENSOR=PATH, of which the sensor may be left out, and what is said of it."""


def predict(arguments: argparse.Namespace) -> None:
    """``pitscape predict``."""
    options, shard = _options(arguments), _shard(arguments.shard)
    _check_cluster(arguments)
    given = _given(arguments)
    outputs = _outputs(arguments, [path_of(each) for each in given])
    predictor = open_predictor(
        arguments.model or _shipped(),
        card=arguments.card,
        expect_sha256=arguments.expect_sha256,
        device=arguments.device,
    )
    failed, found = 0, _mapped_here(given, outputs, predictor, options, shard)
    if arguments.cluster:
        from pitscape.cluster_mapping import map_on_cluster

        found = map_on_cluster(arguments.cluster, given, outputs, predictor, options)
    with closing(found):
        for record, wanted in zip(found, outputs, strict=True):
            if isinstance(record, PitscapeError):
                if len(outputs) == 1:
                    raise record
                failed += 1
                say(f"pitscape: {record}")
            elif record:
                _tell(record)
                for path in wanted.paths.values():
                    print(path)
    if failed:
        raise PitscapeError(f"{failed} of {len(outputs)} scenes were not mapped; the others are in {arguments.output}.")


def _mapped_here(
    given: list[Given], outputs: list[Outputs], predictor: "FilePredictor", options: RunOptions, shard: Shard | None
) -> Generator[dict[str, Any] | PitscapeError | None]:
    """What becomes of each scene: its record, why it was not mapped, or nothing where a part of it was."""
    for source, wanted in zip(given, outputs, strict=True):
        try:
            if shard:
                _part(source, predictor, wanted, options, shard)
                yield None
            else:
                yield _whole(source, predictor, wanted, options)
        except PitscapeError as error:
            yield error


def merge(arguments: argparse.Namespace) -> None:
    """``pitscape merge``."""
    record = merge_parts(arguments.parts)
    _tell(record)
    for relative in record["outputs"].values():
        print(from_folder(arguments.parts.parent, relative))


def _whole(source: Given, predictor: "FilePredictor", wanted: Outputs, options: RunOptions) -> dict[str, Any]:
    with bar(path_of(source).name) as progress:
        return predict_scene(source, predictor, wanted, options=options, progress=progress)


def _part(source: Given, predictor: "FilePredictor", wanted: Outputs, options: RunOptions, shard: Shard) -> None:
    name = path_of(source).name
    with bar(f"{name}, shard {shard.number} of {shard.of}") as progress:
        missing = predict_shard(source, predictor, wanted, shard, options=options, progress=progress)
    folder = parts_of(wanted.classes)
    left = (
        f"{missing} blocks of other shards are missing" if missing else f"all blocks are there: pitscape merge {folder}"
    )
    say(f"{name}: shard {shard.number} of {shard.of} is done; {left}")
    print(folder)


def _tell(record: dict[str, Any]) -> None:
    say(
        f"{record['scene']}: {record['sensor']}; {record['added_offset']} added to stored numbers "
        f"({record['added_offset_reason']}); {100 * record['observed_share']:.1f} % observed"
    )
    for sensor, other in record.get("other_sources", {}).items():
        say(f"{record['scene']}: with {other['scene']} as {sensor} on its grid")
    if missing := record.get("missing_sources"):
        say(f"{record['scene']}: mapped without {', '.join(missing)}, which the model takes too")
    if record["failed_tiles"]:
        say(f"{record['scene']}: {len(record['failed_tiles'])} tiles failed and are unobserved; the JSON lists them")


def _shipped() -> Path:
    from pitscape.models.shipped import CAVEAT, shipped_model

    path = shipped_model()
    say(f"no --model: using {path.stem} ({CAVEAT})")
    return path


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


def _check_cluster(arguments: argparse.Namespace) -> None:
    """Refuse what has no meaning on a cluster."""
    for name, reason in (("shard", "tasks are shared out already"), ("threads", "workers bring their own")):
        if arguments.cluster and (value := getattr(arguments, name)):
            raise InputError(f"--{name} {value}: with --cluster {reason}; leave it out.")


def _shard(text: str | None) -> Shard | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found:
        raise InputError(f"--shard {text}: give I/N, for example 1/3.")
    return Shard(int(found.group(1)), int(found.group(2)))


def _given(arguments: argparse.Namespace) -> list[Given]:
    """What is mapped, one map each."""
    if bool(arguments.scene) == bool(arguments.source):
        raise InputError("predict: name scenes, or the sources of one scene by --source SENSOR=PATH; one of the two.")
    return [[_source(text) for text in arguments.source]] if arguments.source else list(arguments.scene)


def _source(text: str) -> SceneSource:
    """A source as ``--source`` names it.

    >>> found = _source("sentinel1_grd_db=sar/a.tif,bands=VV+VH")
    >>> found.sensor, found.path.name, found.bands
    ('sentinel1_grd_db', 'a.tif', ('VV', 'VH'))
    """
    found = SOURCE.fullmatch(text)
    assert found is not None
    sensor, path, said = found["sensor"], found["path"], dict(item.split("=") for item in found["said"].split(",")[1:])
    if place(text).exists() or not path:
        sensor, path, said = None, text, {}
    words: dict[str | None, OffsetWord | None] = {None: None, "included": "included", "missing": "missing"}
    offset = said.get("offset")
    if offset not in words:
        raise InputError(f"--source {without_secrets(text)}: offset={offset} is not known; say included or missing.")
    bands = tuple(said["bands"].split("+")) if "bands" in said else None
    return SceneSource(place(path), sensor, bands, words[offset])


def _outputs(arguments: argparse.Namespace, scenes: list[Path]) -> list[Outputs]:
    """The files of each scene: as named for one scene, by the scenes' names in folders for several."""
    named: dict[str, Path | None] = {
        each.name: arguments.output if each.name == "classes" else getattr(arguments, each.name)
        for each in fields(Outputs)
    }
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

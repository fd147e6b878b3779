"""From the finished blocks of a run to its outputs: the last step, which may be repeated."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pitscape.imagery.cell_area import M2_PER_HA
from pitscape.imagery.class_map import names_file, new_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import metric_cell_size
from pitscape.imagery.legend import Legend
from pitscape.imagery.outputs import make_folder, remove_stale, sidecar, write_json
from pitscape.imagery.remote.path import from_folder
from pitscape.imagery.share_map import new_share_map
from pitscape.inference.layers import PROBABILITY_OF
from pitscape.inference.parts import Parts
from pitscape.inference.parts_folder import SUFFIX


class NothingObservedError(InputError):
    """A scene of which no pixel was observed."""


def assemble(parts: Parts, *, on_output: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Join the blocks of a complete run into its outputs; one block is in memory at a time.

    Args:
        parts: All blocks must be finished.
        on_output: Called with the name of each output before it is made.

    Returns:
        What stands in the JSON beside each output.

    Raises:
        InputError: If a block is missing, nothing was observed, or the run has ended otherwise meanwhile.
        PitscapeError: If a block was changed since it was written, or the file system is full.
    """
    folder, contents = parts.folder, parts.contents
    if missing := parts.missing():
        raise InputError(
            f"{folder}: lacks {len(missing)} of {len(contents.blocks)} blocks ({listed(missing)}); go on with "
            "pitscape predict --resume, or run the shards that are missing."
        )
    records = list(parts.records())
    if not any(record["observed"] for record in records):
        raise NothingObservedError(
            f"{contents.made_of['scene']}: no pixel of it was observed; check nodata, clouds and mask."
        )
    outputs = {name: from_folder(folder.parent, relative) for name, relative in contents.outputs.items()}
    record = _record(parts, records)
    parts.check_open()
    for path in outputs.values():  # a record must not speak of a map that it is not of
        make_folder(path.parent)
        sidecar(path).unlink(missing_ok=True)
    for name, path in outputs.items():
        if on_output:
            on_output(name)
        parts.check_open()
        for each in (path, sidecar(path), names_file(path)):
            remove_stale(each)
        if name == "classes":
            _write_classes(parts, path)
        elif name == "polygons":
            _write_polygons(outputs, record, contents.legend)
        else:
            _write_shares(parts, name, path)
    for path in reversed(outputs.values()):
        parts.check_open()
        write_json(sidecar(path), record)
    return record


def output_of(folder: Path) -> Path:
    """The class map whose parts a folder holds.

    Raises:
        InputError: If it is not named ``OUT.parts``.

    >>> output_of(Path("out/classes.tif.parts")).name
    'classes.tif'
    """
    if folder.suffix != SUFFIX:
        raise InputError(f"{folder}: is no folder of parts; name the OUT{SUFFIX} of pitscape predict.")
    return folder.with_suffix("")


def _write_classes(parts: Parts, path: Path) -> None:
    contents = parts.contents
    width, height = metric_cell_size(contents.grid, path)
    least = float(contents.made_of["sieve_ha"]) * M2_PER_HA / (width * height)
    tags = {"PITSCAPE": json.dumps(contents.made_of, sort_keys=True)}
    cells = math.ceil(least - 1e-9)
    with new_class_map(path, contents.grid, contents.legend, tags=tags, least_cells=cells) as write:
        for number, block in enumerate(contents.blocks):
            write(block.top, parts.read(number)[0], block.left)
        parts.check_open()


def _write_shares(parts: Parts, name: str, path: Path) -> None:
    contents = parts.contents
    wanted = [n for n, layer in enumerate(contents.layers) if _output_of_layer(layer) == name]
    names = [contents.layers[n] for n in wanted]
    with ExitStack() as stack:
        write = stack.enter_context(new_share_map(path, contents.grid, names, made_of=contents.made_of))
        for number, block in enumerate(contents.blocks):
            write(block.top, block.left, parts.read(number)[wanted])
        parts.check_open()


def _write_polygons(outputs: Mapping[str, Path], record: Mapping[str, Any], legend: Legend) -> None:
    from pitscape.inference.polygons import class_polygons, write_polygons

    table = class_polygons(
        outputs["classes"],
        outputs.get("confidence"),
        epoch=record["acquired"] or "",
        simplify_m=float(record["simplify_m"]),
    )
    write_polygons(outputs["polygons"], table, legend)


def _output_of_layer(layer: str) -> str:
    return "probabilities" if layer.startswith(PROBABILITY_OF) else layer


def _record(parts: Parts, records: list[dict[str, Any]]) -> dict[str, Any]:
    contents = parts.contents
    height, width = contents.grid.shape
    failures = {json.dumps(each, sort_keys=True): each for record in records for each in record["failures"]}
    return {
        **contents.made_of,
        "schema": 1,
        "outputs": dict(contents.outputs),
        "observed_share": round(sum(record["observed"] for record in records) / (height * width), 6),
        "failed_tiles": [failures[key] for key in sorted(failures)],
        "notes": list(contents.legend.notes),
    }


def listed(things: Sequence[object], most: int = 5) -> str:
    """The first of some numbers or names, as text.

    >>> listed([3, 4, 9], most=2)
    '3, 4, ...'
    """
    shown = ", ".join(map(str, things[:most]))
    return shown + (", ..." if len(things) > most else "")

"""The verb ``parity``: a table of how far the ways through one network are apart."""

import argparse
from collections.abc import Mapping
from typing import Any, TypeAlias

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.outputs import keep_inputs, write_json
from pitscape.models.parity_cases import TOLERANCE, Parity, cases, compared
from pitscape.models.routes import Route
from pitscape.parity_routes import OnnxRoute, open_routes
from pitscape.parity_scenes import compare_scenes
from pitscape.record import made_of, names_of
from pitscape.variant_rows import variant_rows

Table: TypeAlias = dict[str, dict[str, Parity]]
"""By what was compared, then by way."""


def run(arguments: argparse.Namespace) -> None:
    """``pitscape parity``; the file in onnxruntime on the CPU is what the others are compared with."""
    scenes = arguments.scenes or []
    inputs = [arguments.model, *([arguments.checkpoint] if arguments.checkpoint else []), *scenes, *arguments.variant]
    if arguments.output:
        keep_inputs((arguments.output,), inputs)
    reference, others = open_routes(arguments.model, arguments.checkpoint)
    if not others and not arguments.variant:
        raise InputError(f"{arguments.model}: there is nothing to compare it with here; give --checkpoint.")
    variants = variant_rows(reference, arguments.variant, arguments.model, bound=arguments.variant_bound)
    numbers = _by_type(reference, others)
    on_scenes = compare_scenes(scenes, reference, others, reference.card, side=reference.side or reference.card.tile)
    seen = dict(zip(names_of(scenes), on_scenes, strict=True))
    if others:
        _show("numbers", numbers)
    if others and seen:
        _show("scene", seen)
    for row in variants:
        print(f"{row.name:26} {row.percent:.2f} % of the pixels change class, at most {row.bound:g} %")
    if arguments.output:
        tables = {
            "rows": _rows("numbers", numbers),
            "scenes": _rows("scene", seen),
            "variants": [row.content for row in variants],
        }
        write_json(arguments.output, {"schema": 1, "tolerance": TOLERANCE} | tables | made_of(arguments, *inputs))
    results = [item for table in (numbers, seen) for found in table.values() for item in found.items()]
    if failed := sorted({way for way, found in results if not found.equal}):
        raise PitscapeError(f"{arguments.model}: {', '.join(failed)} differs by more than {TOLERANCE:.0e} or in class.")
    if loose := [row.name for row in variants if not row.held]:
        raise PitscapeError(
            f"{arguments.model}: {', '.join(loose)} changes the class of more pixels than --variant-bound."
        )


def _by_type(reference: OnnxRoute, others: Mapping[str, Route]) -> Table:
    results: Table = {}
    for dtype, stored in cases(reference.card, side=reference.side):
        expected = reference(stored)
        found = results.setdefault(dtype, dict.fromkeys(others, Parity()))
        for name, way in others.items():
            found[name] += compared(expected, way(stored))
    return results


def _show(title: str, table: Table) -> None:
    wide = max(len(title), *map(len, table))
    columns = f"{'difference':>10} {'other class':>11} {'ties':>6} {'pixels':>9}"
    print(f"{'against onnxruntime CPU':26} {title:{wide}} {columns}")
    for on, results in table.items():
        for way, found in results.items():
            counts = f"{found.other_classes:11} {found.ties:6} {found.pixels:9}"
            print(f"{way:26} {on:{wide}} {found.largest_difference:10.1e} {counts}")


def _rows(title: str, table: Table) -> list[dict[str, Any]]:
    return [
        {"way": way, title: on, **vars(found), "equal": found.equal}
        for on, results in table.items()
        for way, found in results.items()
    ]

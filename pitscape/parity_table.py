"""The verb ``parity``: a table of how far the ways through one network are apart."""

import argparse
from pathlib import Path

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.outputs import keep_inputs, write_json
from pitscape.models.parity_cases import TOLERANCE, Parity, cases, compared
from pitscape.models.routes import OnnxRoute, Route, routes_of
from pitscape.record import made_of
from pitscape.variant_rows import variant_rows


def run(arguments: argparse.Namespace) -> None:
    """``pitscape parity``; the file in onnxruntime on the CPU is what the others are compared with."""
    inputs = [arguments.model, *([arguments.checkpoint] if arguments.checkpoint else []), *arguments.variant]
    if arguments.output:
        keep_inputs((arguments.output,), inputs)
    reference, ways = routes_of(arguments.model)
    if arguments.checkpoint:
        ways = {"torch": _trained(arguments.checkpoint, reference)} | ways
    rows = {
        (name, dtype): found for dtype, results in _by_type(reference, ways).items() for name, found in results.items()
    }
    variants = variant_rows(reference, arguments.variant, arguments.model, bound=arguments.variant_bound)
    print(f"{'against onnxruntime CPU':26} {'numbers':8} {'difference':>10} {'other class':>11} {'pixels':>8}")
    for (name, dtype), found in rows.items():
        print(f"{name:26} {dtype:8} {found.largest_difference:10.1e} {found.other_classes:11} {found.pixels:8}")
    for row in variants:
        print(
            f"{row.name:26} {'all':8} {row.found.largest_difference:10.1e} {row.found.other_classes:11} {row.found.pixels:8}  "
            f"{row.percent:.2f} %, at most {row.bound:g} %"
        )
    if arguments.output:
        table = [
            {"way": name, "numbers": dtype, **vars(found), "equal": found.equal}
            for (name, dtype), found in rows.items()
        ]
        content = {"schema": 1, "tolerance": TOLERANCE, "rows": table, "variants": [row.content for row in variants]}
        write_json(arguments.output, content | made_of(arguments, *inputs))
    if failed := sorted({name for (name, _), found in rows.items() if not found.equal}):
        raise PitscapeError(f"{arguments.model}: {', '.join(failed)} differs by more than {TOLERANCE:.0e} or in class.")
    if loose := [row.name for row in variants if not row.held]:
        raise PitscapeError(
            f"{arguments.model}: {', '.join(loose)} changes the class of more pixels than --variant-bound."
        )
    if not rows and not variants:
        raise InputError(f"{arguments.model}: there is nothing to compare it with here; give --checkpoint.")


def _by_type(reference: OnnxRoute, ways: dict[str, Route]) -> dict[str, dict[str, Parity]]:
    results: dict[str, dict[str, Parity]] = {}
    for dtype, stored in cases(reference.card, side=reference.side):
        expected = reference(stored)
        found = results.setdefault(dtype, dict.fromkeys(ways, Parity()))
        for name, way in ways.items():
            found[name] += compared(expected, way(stored))
    return results


def _trained(checkpoint: Path, reference: OnnxRoute) -> Route:
    try:
        from pitscape.models.checkpoint import deployed, load_checkpoint
        from pitscape.models.parity import torch_route
    except ImportError as error:
        raise InputError(f"--checkpoint {checkpoint}: needs PyTorch; install pitscape[train].") from error
    recipe, network = load_checkpoint(checkpoint)
    if recipe.sources != reference.card.sources or len(recipe.legend) != len(reference.card.legend):
        raise InputError(f"--checkpoint {checkpoint}: is of another network; give the one that was exported.")
    return torch_route(deployed(recipe, network))

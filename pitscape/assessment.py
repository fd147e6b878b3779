"""The verb ``assess``: accuracy and adjusted areas with intervals, as JSON, Markdown and a chart."""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pitscape.accuracy_file import AccuracyFile
from pitscape.assessed_change import change_content, change_ratios
from pitscape.assessed_masks import of_mask
from pitscape.assessed_material import Material, of_matrix
from pitscape.assessed_points import of_points
from pitscape.assessment_page import page, printed
from pitscape.figures import check_figure, write_figure
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import check_writable, keep_inputs, write_json, write_text
from pitscape.imagery.raster import SUFFIXES
from pitscape.inference.sample.accuracy import Accuracy, assess_clusters, assess_sample
from pitscape.inference.sample.clusters import ClusteredLand
from pitscape.inference.sample.sampled_land import open_land
from pitscape.inference.sample.stratified import StratifiedSample
from pitscape.narrowing import narrowing
from pitscape.plain import plain
from pitscape.progress import bar
from pitscape.record import made_of
from pitscape.sampling_design import zone_shapes

LEAST_DRAWS = 1000


def run(arguments: argparse.Namespace) -> None:
    """``pitscape assess``."""
    inputs = [
        each
        for each in (arguments.classes, arguments.before, arguments.reference, arguments.matrix, arguments.zones)
        if each
    ]
    page_file = arguments.output.with_suffix(".md")
    _check(arguments, [arguments.output, page_file, *([arguments.figure] if arguments.figure else [])], inputs)
    material, classes, legend_notes = _material(arguments)
    changes = change_ratios(classes, material.codes) if arguments.before else []
    if isinstance(material.units, ClusteredLand):
        found = assess_clusters(material.units, draws=arguments.draws, seed=arguments.seed)
    else:
        found = assess_sample(material.units, draws=arguments.draws, seed=arguments.seed, further=changes)
    content = describe(material, found, notes=legend_notes)
    if arguments.before and isinstance(material.units, StratifiedSample):
        content |= change_content(classes, material, found)
    content = plain(content)
    whole, text = {"schema": 1} | content | made_of(arguments, *inputs), page(content)
    AccuracyFile.model_validate(whole)
    write_json(arguments.output, whole)
    write_text(page_file, text)
    if arguments.figure:
        from pitscape.assessment_chart import accuracy_chart

        beside = "gain and loss" if arguments.before else "mapped beside adjusted area"
        write_figure(accuracy_chart(content), arguments.figure, f"Error matrix, and {beside}")
    print(printed(content))


def describe(material: Material, found: Accuracy, *, notes: Sequence[str] = ()) -> dict[str, Any]:
    """An assessment as content of ``accuracy.json``."""
    units = material.units
    classes = [
        {
            "name": each.name,
            "mapped_km2": float(mapped),
            "adjusted_km2": each.share.times(material.area_km2),
            "mapped_by_adjusted": float(mapped) / (each.share.value * material.area_km2)
            if each.share.value
            else np.nan,
            "users_accuracy": each.users,
            "producers_accuracy": each.producers,
            "f1": each.f1,
        }
        for each, mapped in zip(found.classes, material.mapped_km2, strict=True)
    ]
    return {
        "names": list(units.classes),
        "shares": found.shares.tolist(),
        "covariance": found.covariance.tolist(),
        "area_km2": material.area_km2,
        "overall_accuracy": found.overall,
        "classes": classes,
        "matrix": {
            "names": list(units.classes),
            "counts": material.counts.tolist(),
            "area_shares": found.matrix.tolist(),
        },
        "design": _design(material),
        "planning": narrowing(material, found),
        "notes": [*material.notes, *_agreement(units), *notes],
    }


def _material(arguments: argparse.Namespace) -> tuple[Material, tuple[str, ...], tuple[str, ...]]:
    """Reference data beside what is mapped; the legend's classes and notes."""
    if arguments.matrix:
        material = of_matrix(arguments.matrix, arguments.pixels, arguments.pixel_area, arguments.names)
        return material, material.units.classes, ()
    legend = load_legend(arguments.legend) if arguments.legend else None
    zones = zone_shapes(arguments.zones, arguments.classes, arguments.legend)
    with open_land(arguments.classes, arguments.before, legend=legend, zones=zones) as land:
        own = land.after.legend
        with bar("reading the map") as progress:
            if arguments.reference.suffix.lower() in SUFFIXES:
                options: dict[str, Any] = {"block_m": arguments.cluster_size, "names": _codes(arguments.codes)}
                material = of_mask(arguments.reference, land, **options, progress=progress)
            else:
                some = arguments.allow_unlabelled
                material = of_points(arguments.reference, land, allow_unlabelled=some, progress=progress)
    return material, own.names, own.notes


def _design(material: Material) -> dict[str, Any]:
    units = material.units
    if isinstance(units, ClusteredLand):
        blocks = dict(zip(units.classes, units.blocks.tolist(), strict=True))
        return {"units": "blocks", "blocks": len(units.labelled), "blocks_with_mapped_class": blocks}
    total = units.areas.sum()
    rows = [
        {"stratum": name, "area_km2": material.area_km2 * area / total, "weight": area / total, "n": int(n)}
        for name, area, n in zip(units.strata, units.areas.tolist(), units.sizes, strict=True)
    ]
    estimator = "Olofsson et al. 2014" if units.is_by_class else "Stehman 2014"
    design = {"units": "points", "estimator": estimator, "points": int(units.sizes.sum()), "strata": rows}
    return design | ({"left_out": material.left_out} if material.left_out else {})


def _agreement(units: StratifiedSample | ClusteredLand) -> list[str]:
    """Strata for which the formula of the standard error is of no use."""
    if isinstance(units, ClusteredLand):
        return []
    by_reference, notes = units.counts.sum(1), []
    for name, counts, size in zip(units.strata, by_reference, units.sizes, strict=True):
        if size == 1:
            notes.append(f"stratum {name} has one point: there is no standard error, and no Wald interval")
        elif size and counts.max() == size:
            notes.append(
                f"all {size} points of stratum {name} have one label: Wald's formula takes it as certain, the interval does not"
            )
    return notes


def _codes(text: str | None) -> dict[int, str] | None:
    """Class name by code from ``CODE=NAME,...``."""
    if text is None:
        return None
    pairs = [each.split("=", 1) for each in text.split(",")]
    if not all(len(pair) == 2 and pair[0].strip().isdecimal() for pair in pairs):
        raise InputError(f"--codes {text}: give CODE=NAME, separated by commas, such as 10=mined,3=occupied.")
    return {int(code): name.strip() for code, name in pairs}


def _check(arguments: argparse.Namespace, outputs: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Before any work: the outputs can be written, and are no inputs; the options go together."""
    for path in outputs:
        check_writable(path)
    keep_inputs(outputs, inputs)
    check_figure(arguments.figure)
    if arguments.output.suffix.lower() != ".json":
        raise InputError(f"{arguments.output}: an assessment is written as JSON; end the name in .json.")
    if bool(arguments.matrix) == bool(arguments.classes):
        raise InputError("assess: give either CLASSES.tif with --reference, or --matrix, one of them.")
    if arguments.matrix and not (arguments.pixels and arguments.pixel_area and 0 < arguments.pixel_area < math.inf):
        raise InputError("--matrix: needs --pixels N1,N2,... and --pixel-area M2, above 0.")
    if arguments.classes and not arguments.reference:
        raise InputError(f"{arguments.classes}: needs --reference, labelled points or a mask.")
    if arguments.before and arguments.reference.suffix.lower() in SUFFIXES:
        raise InputError("--before: gain and loss need labelled points, not a mask; draw them with pitscape sample.")
    if not arguments.cluster_size > 0:
        raise InputError(f"--cluster-size {arguments.cluster_size:g}: must be above 0 [m].")
    if arguments.seed < 0:
        raise InputError(f"--seed {arguments.seed}: must be at least 0.")
    if arguments.draws < LEAST_DRAWS:
        raise InputError(f"--draws {arguments.draws}: give at least {LEAST_DRAWS}.")

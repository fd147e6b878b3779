"""The verb ``growth``: directions in which mined land grew between epochs."""

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pitscape.figures import check_figure, write_figure
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import check_writable, keep_inputs, sidecar, write_json
from pitscape.inference.areas.epochs import names_in_order, open_maps
from pitscape.inference.scope.growth import LEAST_CONCENTRATION, Growth, Series, growth, write_growth
from pitscape.inference.scope.mine_patches import NoMineError
from pitscape.inference.scope.octants import OCTANTS
from pitscape.option_values import check_number, names_of
from pitscape.record import made_of


def run(arguments: argparse.Namespace) -> None:
    """``pitscape growth``."""
    legend = [Path(arguments.legend)] if arguments.legend and Path(arguments.legend).is_file() else []
    inputs = [*arguments.maps, *legend]
    outputs = [arguments.output, sidecar(arguments.output), *([arguments.figure] if arguments.figure else [])]
    for path in outputs:
        check_writable(path)
    if arguments.output.suffix.lower() != ".csv":
        raise InputError(f"{arguments.output}: growth is written as a table; end the name in .csv.")
    keep_inputs(outputs, inputs)
    check_figure(arguments.figure)
    check_number(arguments.min_seed, "--min-seed")
    epochs = names_in_order(arguments.maps, names_of(arguments.epochs))
    with open_maps(arguments.maps, load_legend(arguments.legend) if arguments.legend else None) as maps:
        series = growth(maps, epochs, least_ha=arguments.min_seed)
    content = described(series)
    write_growth(arguments.output, series)
    options = {key: value for key, value in vars(arguments).items() if key not in {"maps", "legend"}}
    options["legend"] = Path(arguments.legend).name if arguments.legend else None
    write_json(sidecar(arguments.output), {"schema": 1} | content | made_of(argparse.Namespace(**options), *inputs))
    if arguments.figure:
        from pitscape.growth_chart import growth_rose

        write_figure(growth_rose(content), arguments.figure, "New mined land by direction from the first centroid")
    for row in [*content["pairs"], *([content["since_first"]] if content["since_first"] else [])]:
        print(f"{row['from']} to {row['to']}: {row['new_mined_km2']:.4f} km2, {_words(row)}")


def site_growth(maps: Mapping[str, Path]) -> dict[str, Any] | None:
    """Growth of a site's mine as JSON holds it; None where no epoch before the last one has a mine.

    Args:
        maps: Class map by name of epoch, in order of time.
    """
    if len(maps) < 2:
        return None
    try:
        with open_maps(list(maps.values())) as opened:
            series = growth(opened, list(maps))
    except NoMineError:
        return None
    return described(series) if series.since_first else None


def described(series: Series) -> dict[str, Any]:
    """Growth as JSON holds it."""
    return {
        "origin": {"longitude": series.origin[0], "latitude": series.origin[1], "epoch": series.first},
        "least_concentration": LEAST_CONCENTRATION,
        "pairs": [_row(each) for each in series.pairs],
        "since_first": _row(series.since_first) if series.since_first else None,
    }


def _row(each: Growth) -> dict[str, Any]:
    known = math.isfinite(each.azimuth_deg)
    return {
        "from": each.from_epoch,
        "to": each.to_epoch,
        "new_mined_km2": each.new_km2,
        "octants_km2": dict(zip(OCTANTS, each.octants_km2, strict=True)),
        "direction": each.direction,
        "azimuth_deg": each.azimuth_deg if known else None,
        "concentration": each.concentration if known else None,
        "opening": each.opening,
        "first_seen_mined_km2": each.first_seen_km2,
    }


def _words(row: dict[str, Any]) -> str:
    if row["concentration"] is None:
        return "no new mined land"
    if row["opening"]:
        return "the mine opens"
    if row["direction"] is None:
        return f"no clear direction (concentration {row['concentration']:.2f})"
    return f"to the {row['direction']} ({row['azimuth_deg']:.0f} degrees, concentration {row['concentration']:.2f})"

"""A site known from tables: its areas, NDVI, climate, NPP and ET by year, without maps."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pitscape.ecosystem_types import types_of_table
from pitscape.epoch_settings import Epoch
from pitscape.frame import Frame, read_climate
from pitscape.imagery.errors import InputError
from pitscape.measures import Measures, finish, vegetation_of
from pitscape.resilience.diversity import h_bits, shdi, shei, sidi
from pitscape.site_settings import SiteSettings
from pitscape.tables import read_areas

HECTARES_PER_KM2 = 100.0
COLOURS = ("#7fb069", "#d9c36a", "#2f6b3c", "#8a7f98", "#c0562f", "#3e7cb1", "#b9a58c", "#5a8f4a")
COLOUR_OF = {
    "forest": "#2f6b3c",
    "grassland": "#9cc284",
    "farmland": "#d9c36a",
    "construction": "#8a7f98",
    "occupied": "#8a7f98",
    "mined": "#c0562f",
    "water": "#3e7cb1",
    "bare": "#b9a58c",
    "vegetated": "#7fb069",
}


def with_epochs(settings: SiteSettings, source: Path) -> SiteSettings:
    """A site without maps has the years of its tables as epochs, unless it names some.

    Raises:
        InputError: If an epoch, or a named baseline, is in no table.
    """
    years = _years(settings)
    epochs = settings.epochs or tuple(Epoch(year=year, name=str(year)) for year in years)
    if unknown := [str(epoch.year) for epoch in epochs if epoch.year not in years]:
        known = ", ".join(map(str, years))
        raise InputError(f"{source}: {', '.join(unknown)} is not in the tables; there are {known or 'no years'}.")
    if settings.baseline and settings.baseline not in [epoch.name for epoch in epochs]:
        raise InputError(f"{source}: baseline {settings.baseline} is no epoch; there are {', '.join(map(str, years))}.")
    return settings.model_copy(update={"epochs": epochs})


def measure_tables(settings: SiteSettings, source: Path) -> tuple[list[Measures], Frame, dict[str, Any]]:
    """Measure all epochs of a site without maps.

    Returns:
        The measures, what they share, and the parts of ``site.json`` that maps would give.
    """
    frame = Frame(settings, source, types_of_table(settings, source), read_climate(settings))
    areas = read_areas(settings.tables.areas) if settings.tables and settings.tables.areas else {}
    measures = [_measure(epoch, areas.get(epoch.year, {}), frame) for epoch in settings.epochs]
    return measures, frame, _content(settings, frame, areas)


def _years(settings: SiteSettings) -> list[int]:
    """Years of the table of areas, else those with NDVI."""
    assert settings.tables is not None
    if settings.tables.areas:
        return list(read_areas(settings.tables.areas))
    frame = Frame(settings, Path(), types_of_table(settings, Path()), None)
    return [year for year, season in frame.seasons.items() if not math.isnan(season.value)]


def _measure(epoch: Epoch, areas: dict[str, float], frame: Frame) -> Measures:
    total = sum(areas.values())
    shares = {name: area / total for name, area in areas.items() if area > 0}
    values = list(shares.values())
    pattern = {"H": h_bits(values), "SHDI": shdi(values), "SHEI": shei(values), "SIDI": sidi(values)} if values else {}
    return finish(
        epoch,
        frame,
        shares=shares,
        vegetation=vegetation_of(epoch, frame),
        quantities={kind: frame.given(kind, epoch) for kind in ("npp", "et")},
        pattern=pattern,
    )


def _content(settings: SiteSettings, frame: Frame, areas: dict[int, dict[str, float]]) -> dict[str, Any]:
    table = settings.tables.areas if settings.tables else None
    in_km2 = table is not None and table.unit != "share"
    return {
        "epochs": [{"name": epoch.name, "year": epoch.year, "class_map": None} for epoch in settings.epochs],
        "legend": [_class(place, name, frame) for place, name in enumerate(frame.types.names)],
        "observed_share_of_all_epochs": None,
        "observed_land_share": None,
        "areas": [
            row
            for epoch in settings.epochs
            if epoch.year in areas
            for row in _rows(epoch.name, areas[epoch.year], frame.types.names, in_km2=in_km2)
        ],
        "extents": [],
        "accuracy": None,
    }


def _class(place: int, name: str, frame: Frame) -> dict[str, Any]:
    return {
        "id": place,
        "name": name,
        "colour": COLOUR_OF.get(name, COLOURS[place % len(COLOURS)]),
        "role": frame.types.roles[name],
        "score": frame.types.scores.scores[name],
    }


def _rows(epoch: str, areas: dict[str, float], names: Sequence[str], *, in_km2: bool) -> list[dict[str, Any]]:
    total = sum(areas.values())
    return [
        {
            "zone": "all",
            "epoch": epoch,
            "class_id": place,
            "class_name": name,
            "cells": None,
            "area_km2": areas.get(name, 0.0) / HECTARES_PER_KM2 if in_km2 else None,
            "share": areas.get(name, 0.0) / total,
            "unobserved_km2": None,
        }
        for place, name in enumerate(names)
    ]

"""What ``pitscape influence`` tells: areas, transitions, octants and the gradient, as JSON holds them."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.legend import UNOBSERVED
from pitscape.inference.scope.changed_land import ChangedLand
from pitscape.inference.scope.gradient import Gradient
from pitscape.inference.scope.influence import ENCLOSED, MINED_BEFORE, PARTS, Influence
from pitscape.inference.scope.octants import OCTANTS, area_of, areas_of, azimuths, centroid, octant_of
from pitscape.inference.scope.reach import Reach

Mask = NDArray[np.bool_]
LOSS_CODE = UNOBSERVED - 1
LOSS, WITHIN = "vegetation index fell", "enclosed by changed land"


def results(land: ChangedLand, reach: Reach, found: Influence) -> dict[str, Any]:
    """Areas [km2], transitions, octants, gradient and flags."""
    return {
        "area_km2": _parts(land, found),
        "excess_km2": _excess(land, reach, found),
        "not_linked_km2": _km2(land.changed & found.scope & (found.parts > ENCLOSED), land),
        "scope_km2": _km2(found.scope, land),
        "unobserved_km2": {
            "in_scope": _km2(found.scope & ~land.compared, land),
            "in_map": _km2(~land.compared, land),
        },
        "not_reached_km2": _km2(~np.isfinite(reach.distance), land),
        "transitions": _transitions(land, found),
        "octants": _octants(land, reach, found),
        "cut_off_m": found.gradient.cut_off_m,
        "ring_m": reach.ring_m,
        "background": _background(found.gradient),
        "gradient": _rings(found.gradient),
        "flags": [{"name": name, "text": text} for name, text in found.flags.items()],
    }


def _km2(mask: Mask, land: ChangedLand) -> float:
    return area_of(mask, land.grid) / M2_PER_KM2


def _parts(land: ChangedLand, found: Influence) -> dict[str, float]:
    """Area of the influence, of its parts, and of land that was mined before."""
    parts = {name.replace(" ", "_"): _km2(found.parts == n, land) for n, name in enumerate(PARTS.names[: ENCLOSED + 1])}
    return {"influence": sum(parts.values()), **parts, "mined_before": _km2(found.parts == MINED_BEFORE, land)}


def _excess(land: ChangedLand, reach: Reach, found: Influence) -> dict[str, float]:
    """New land of the mine, and changed land of the rings, which leave the mine out, beyond the background's rate."""
    seeds = _km2(found.changed & reach.seeds, land)
    excess, low, high = (seeds + m2 / M2_PER_KM2 for m2 in found.gradient.attributable_m2())
    return {"estimate": excess, "low": low, "high": high}


def _transitions(land: ChangedLand, found: Influence) -> list[dict[str, Any]]:
    """Area by class before and after, largest first."""
    names = land.legend.names
    named = dict(enumerate(names)) | {LOSS_CODE: LOSS, UNOBSERVED: WITHIN}
    changed = found.changed
    after = np.where(land.lost, LOSS_CODE, land.into)[changed].astype(np.intp)  # enclosed land keeps 255
    codes = after + 256 * land.before[changed].astype(np.intp)
    areas = areas_of(changed, land.grid)
    totals = np.bincount(codes, areas, minlength=1)
    rows = [
        {
            "from": names[code // 256],
            "to": named[code % 256],
            "area_km2": float(totals[code]) / M2_PER_KM2,
        }
        for code in np.flatnonzero(totals).tolist()
    ]
    return sorted(rows, key=lambda row: -row["area_km2"])


def _octants(land: ChangedLand, reach: Reach, found: Influence) -> list[dict[str, Any]]:
    """Area of the influence by octant, from the centroid of the mined land."""
    azimuth = azimuths(found.changed, land.grid, centroid(reach.seeds, land.grid))
    areas = areas_of(found.changed, land.grid)
    sums = np.bincount(octant_of(azimuth), areas, minlength=len(OCTANTS))
    return [{"octant": name, "area_km2": float(m2) / M2_PER_KM2} for name, m2 in zip(OCTANTS, sums, strict=True)]


def _background(gradient: Gradient) -> dict[str, Any]:
    far = gradient.background
    return {
        "from_m": far.first * gradient.rings.width_m,
        "changed_share": far.share,
        "low": far.low,
        "high": far.high,
        "sector_sd": far.spread,
        "sectors": far.sectors,
    }


def _rings(gradient: Gradient) -> list[dict[str, Any]]:
    """One row per ring; shares without land are None."""
    rings, (low, high) = gradient.rings, gradient.intervals()
    return [
        {
            "from_m": ring * rings.width_m,
            "to_m": (ring + 1) * rings.width_m,
            "cells": int(rings.cells[ring].sum()),
            "land_km2": float(rings.land_m2[ring].sum()) / M2_PER_KM2,
            "changed_share": _number(gradient.share[ring]),
            "low": _number(low[ring]),
            "high": _number(high[ring]),
            "fitted": _number(gradient.fitted[ring]),
            "background_bound": _number(gradient.bound[ring]),
        }
        for ring in range(len(gradient.share))
    ]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

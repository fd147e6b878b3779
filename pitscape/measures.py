"""What is measured of one epoch, and what follows from the measures of all."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.ecology import (
    annual_precipitation,
    mean_ndvi,
    mean_on_land,
    naming,
    sieved,
    type_shares,
)
from pitscape.ground import Ground
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import metric_cell_size, same_grid
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.scene import open_scene
from pitscape.resilience.bounds import DEFAULT_BOUNDS, Bounds, elasticity_bounds
from pitscape.resilience.climate import precipitation_variability, temperature_variability
from pitscape.resilience.diversity import h_bits
from pitscape.resilience.elasticity import (
    SIGMA,
    elasticity,
    weighted_score,
)
from pitscape.resilience.integrity import Form, Indicators, Weights, integrity_series, normalise, weigh
from pitscape.resilience.landscape import pattern_of
from pitscape.resilience.patches import find_patches
from pitscape.resilience.water import FOUR_CLASS_RUNOFF, mean_runoff_coefficient, runoff, water_conservation
from pitscape.site_settings import Epoch

LEAST_PATCH_M2 = 100.0
"""The fractal dimension has no meaning for smaller patches."""

FORMS: tuple[Form, ...] = ("published", "departure")


@dataclass(frozen=True)
class Measures:
    """One epoch in numbers; NaN where an input is missing. Units stand in the names or in the rooms' own values.

    Attributes:
        epoch: Its name.
        landscape: Pattern metrics of the sieved map, under the names and in the units of FRAGSTATS.
        shares: Share of each ecosystem type.
        resilience: Every component of equations (1)-(5).
        npp: Mean net primary production [kg C m-2 y-1].
        q: Mean water conservation [mm].
        water: Precipitation, evapotranspiration and runoff [mm].
    """

    epoch: str
    landscape: dict[str, float]
    shares: dict[str, float]
    resilience: dict[str, Any]
    npp: float
    q: float
    water: dict[str, float]

    @property
    def indicators(self) -> Indicators:
        """The seven indicators of integrity, raw."""
        pattern = self.landscape
        return Indicators(
            shei=pattern["SHEI"],
            mpfd=pattern["FRAC_MN"],
            contag=pattern["CONTAG"],
            connect=pattern["CONNECT"],
            npp=self.npp,
            q=self.q,
            e=self.resilience["e"],
        )


def measure(epoch: Epoch, ids: NDArray[np.uint8], ground: Ground) -> Measures:
    """Measure one epoch on the land that all epochs observed.

    Args:
        epoch: Its files.
        ids: Its class map (y, x).
        ground: What the epochs share.
    """
    settings = ground.settings
    seen = np.where(ground.land, ids, np.uint8(UNOBSERVED))
    cell_size = metric_cell_size(ground.grid, ground.source)
    smallest = max(settings.smallest_patch_cells, math.ceil(LEAST_PATCH_M2 / math.prod(cell_size)))
    with naming(ground.source):
        pattern = pattern_of(
            find_patches(sieved(seen, smallest), nodata=UNOBSERVED),
            cell_size=cell_size,
            connect_distance=settings.connect_distance_m,
        ).landscape
        types = settings.ecosystems
        shares = type_shares(
            seen,
            ground.grid,
            ground.legend,
            ecosystems=ground.ecosystems,
            types=types.types if types else None,
            otherwise=types.otherwise if types else "vegetated",
        )
        resilience = _resilience(epoch, shares, ground)
        water = _water(epoch, seen, ground)
    npp = mean_on_land(Path(epoch.npp), ground.grid, ground.land) if epoch.npp else math.nan
    return Measures(epoch.name, pattern, shares, resilience, npp, water.pop("q_mm"), water)


def integrity(measures: Sequence[Measures], ground: Ground) -> dict[str, Any]:
    """Integrity of all epochs in both forms; only SC where inputs for FC or E are missing."""
    settings = ground.settings
    raw = [each.indicators for each in measures]
    complete = not any(math.isnan(value) for each in raw for value in (each.npp, each.q, each.e))
    with naming(ground.source):
        weights = Weights(**settings.weights)
        bounds = _bounds(measures, ground)
        result: dict[str, Any] = {
            "baseline": measures[0].epoch,
            "indicators": [{"epoch": m.epoch, **asdict(i)} for m, i in zip(measures, raw, strict=True)],
            "bounds": {name: asdict(value) for name, value in bounds.items()},
            "weights": asdict(weights),
        }
        if not complete:
            sc = [weigh(normalise(each, bounds), weights)[0] for each in raw]
            rows = [{"epoch": m.epoch, "sc": value} for m, value in zip(measures, sc, strict=True)]
            return result | {"series": {"published": rows}, "missing": _missing(raw)}
        result["series"] = {
            form: [
                {"epoch": m.epoch, **asdict(value)}
                for m, value in zip(
                    measures, integrity_series(raw, bounds=bounds, weights=weights, form=form), strict=True
                )
            ]
            for form in FORMS
        }
    return result | {"missing": []}


def _resilience(epoch: Epoch, shares: dict[str, float], ground: Ground) -> dict[str, Any]:
    """E with all its components, or those that need no climate."""
    scores, settings = ground.scores, ground.settings
    ndvi = _ndvi(epoch, ground)
    if ground.climate is None or math.isnan(ndvi):
        h, mean_score = h_bits(list(shares.values())), weighted_score(shares, scores)
        eco_res = h ** (settings.h_exponent / 2) * mean_score
        known = {"h_bits": h, "ndvi": ndvi, "weighted_score": mean_score, "eco_res": eco_res, "e": math.nan}
        return known | {"score_set": scores.name, "coarse_legend": scores.coarse}
    with naming(settings.climate or ground.source):
        c1 = precipitation_variability(ground.climate, year=epoch.year)
        c2 = temperature_variability(ground.climate, year=epoch.year, growing_season=settings.growing_season)
    return asdict(
        elasticity(shares, ndvi=ndvi, c1=c1, c2=c2, scores=scores, sigma=SIGMA, h_exponent=settings.h_exponent)
    )


def _ndvi(epoch: Epoch, ground: Ground) -> float:
    if epoch.image is None:
        return math.nan
    bands = [ground.sensor.named("red"), ground.sensor.named("nir")]
    with open_scene(Path(epoch.image), ground.sensor, bands=bands, reading=epoch.reading) as scene:
        if not same_grid(scene.grid, ground.grid):
            raise InputError(f"{epoch.image}: is on another grid than its class map; bring it to the map's grid.")
        return mean_ndvi(scene, ground.land)


def _water(epoch: Epoch, ids: NDArray[np.uint8], ground: Ground) -> dict[str, float]:
    """Q = P - ET - R with its terms [mm]; Q is NaN where one is missing."""
    if ground.climate is None or epoch.et is None:
        return {"q_mm": math.nan}
    with naming(ground.settings.climate or ground.source):
        rain = annual_precipitation(ground.climate, epoch.year)
    coefficients = dict(FOUR_CLASS_RUNOFF) | ground.settings.runoff
    roles = type_shares(ids, ground.grid, ground.legend, otherwise="vegetated")
    off = runoff(rain, mean_runoff_coefficient(roles, coefficients))
    evaporated = mean_on_land(Path(epoch.et), ground.grid, ground.land)
    return {
        "q_mm": water_conservation(rain, evaporated, off),
        "precipitation_mm": rain,
        "evapotranspiration_mm": evaporated,
        "runoff_mm": off,
    }


def _bounds(measures: Sequence[Measures], ground: Ground) -> dict[str, Bounds]:
    """The default bounds, that of E from the first epoch, and those of the site file over both.

    The types are all that the site can have, not those that occur: a new epoch must not rescale the earlier ones.
    """
    first = measures[0].resilience
    bounds = dict(DEFAULT_BOUNDS) | {"e": Bounds(0, 1)}
    if not math.isnan(first["e"]):
        best = max(ground.scores.scores[name] for name in ground.types)
        bounds["e"] = elasticity_bounds(
            types=len(ground.types),
            best_score=best,
            c1=first["c1"],
            c2=first["c2"],
            h_exponent=ground.settings.h_exponent,
        )
    return bounds | {name: Bounds(**value.model_dump()) for name, value in ground.settings.bounds.items()}


def _missing(raw: Sequence[Indicators]) -> list[str]:
    """Which indicators some epoch lacks."""
    return [name for name in ("npp", "q", "e") if any(math.isnan(getattr(each, name)) for each in raw)]

"""What measuring needs of a site, whether it has maps or tables: settings, climate, ecosystem types."""

import math
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pitscape.ecology import naming
from pitscape.ecosystem_types import EcosystemTypes
from pitscape.epoch_settings import Epoch
from pitscape.quantities import Kind, Quantity, budyko, checked_number, miami
from pitscape.resilience.climate import FLOOR, ClimateWindow, MonthlyClimate, climate_window
from pitscape.resilience.diversity import h_bits
from pitscape.resilience.elasticity import SIGMA, Elasticity, elasticity, weighted_score
from pitscape.site_settings import SiteSettings
from pitscape.table_settings import ClimateTable
from pitscape.tables import SeasonIndex, read_index, read_monthly_climate, read_years

LARGEST_VARIABILITY = 2.0
"""A mean deviation that is larger than twice the mean is one of a mean near 0."""


@dataclass(frozen=True)
class Frame:
    """What all epochs of a site share.

    Attributes:
        settings: The site file.
        source: Its path, for messages.
        types: Ecosystem types with their scores.
        climate: Monthly records, where the site has them.
    """

    settings: SiteSettings
    source: Path
    types: EcosystemTypes
    climate: MonthlyClimate | None

    @property
    def climate_source(self) -> str:
        """The climate's file, for messages."""
        climate = self.settings.climate
        return climate.table if isinstance(climate, ClimateTable) else climate or str(self.source)

    @property
    def latitude(self) -> float:
        """Of the site [degrees]; NaN where it is not known."""
        given = self.settings.fallbacks.latitude
        return math.nan if given is None else given

    @cached_property
    def yearly(self) -> dict[Kind, dict[int, float]]:
        """NPP and ET by year, from tables."""
        tables = self.settings.tables
        found: dict[Kind, dict[int, float]] = {"npp": {}, "et": {}}
        if tables and tables.npp:
            found["npp"] = read_years(tables.npp, "npp")
        if tables and tables.et:
            found["et"] = read_years(tables.et, "et")
        return found

    @cached_property
    def seasons(self) -> dict[int, SeasonIndex]:
        """NDVI by year, from a table."""
        tables = self.settings.tables
        if not tables or not tables.ndvi:
            return {}
        return read_index(tables.ndvi, self.settings.growing_season, composite=self.settings.ndvi_composite)

    def window(self, year: int) -> ClimateWindow | None:
        """The climate up to a year; None without climate.

        Raises:
            InputError: If a month is missing, or a mean is not positive or too near 0.
        """
        if self.climate is None:
            return None
        with naming(self.climate_source):
            found = climate_window(
                self.climate,
                year=year,
                growing_season=self.settings.growing_season,
                window=self.settings.climate_years,
            )
            if not found.c2 < LARGEST_VARIABILITY:
                raise ValueError(
                    f"C2 up to {year} is {found.c2:.3g}: the season's mean is too near 0 degC, choose a warmer growing_season or give c2."
                )
        return found

    def terms(self, year: int) -> tuple[float, float]:
        """C1 and C2 of an epoch, those of the site file before those of the climate; NaN where there are none."""
        c1, c2 = self.settings.c1, self.settings.c2
        window = None if c1 is not None and c2 is not None else self.window(year)
        if c1 is None:
            c1 = window.c1 if window else math.nan
        if c2 is None:
            c2 = window.c2 if window else math.nan
        return max(c1, FLOOR), max(c2, FLOOR)

    def resilience(self, shares: dict[str, float], ndvi: float, year: int) -> tuple[dict[str, Any], Elasticity | None]:
        """Every component of equations (1)-(5) that the site has inputs for, and E where it has all."""
        scores, power = self.types.scores, self.settings.h_exponent
        c1, c2 = self.terms(year)
        known: dict[str, Any] = {"ndvi": ndvi, "c1": c1, "c2": c2, "e": math.nan, "coarse_legend": scores.coarse}
        if not shares:
            return known | {"score_set": scores.name}, None
        if math.isnan(ndvi + c1 + c2):
            h, mean_score = h_bits(list(shares.values())), weighted_score(shares, scores)
            eco_res = h ** (power / 2) * mean_score
            parts = {"h_bits": h, "weighted_score": mean_score, "eco_res": eco_res}
            return known | parts | {"score_set": scores.name}, None
        found = elasticity(shares, ndvi=ndvi, c1=c1, c2=c2, scores=scores, sigma=SIGMA, h_exponent=power)
        return asdict(found), found

    def given(self, kind: Kind, epoch: Epoch) -> Quantity:
        """NPP or ET of an epoch from a number or a table; not known where there is neither."""
        value = getattr(epoch, kind)
        if isinstance(value, float):
            return checked_number(kind, value, self.source)
        if epoch.year in self.yearly[kind]:
            value = self.yearly[kind][epoch.year]
            return replace(checked_number(kind, value, self.source), source="table")
        return Quantity()

    def estimated(self, kind: Kind, epoch: Epoch, shares: dict[str, float]) -> Quantity:
        """NPP or ET of an epoch from its climate, where the site file wants that; else not known."""
        wanted = self.settings.fallbacks
        if self.climate is None:
            return Quantity()
        if kind == "npp":
            return miami(self.climate, epoch.year, self.climate_source) if wanted.npp else Quantity()
        if wanted.et is None:
            return Quantity()
        with naming(self.source):
            return budyko(
                self.climate,
                epoch.year,
                self.climate_source,
                latitude=self.latitude,
                form=wanted.et,
                forest_share=shares.get("forest", 0.0),
            )


def read_climate(settings: SiteSettings) -> MonthlyClimate | None:
    """The climate of a site, where it has one."""
    climate = settings.climate
    if climate is None:
        return None
    return read_monthly_climate(climate if isinstance(climate, ClimateTable) else ClimateTable(table=climate))

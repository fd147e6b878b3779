"""The site file: what one site consists of, checked before anything runs."""

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from pitscape.epoch_settings import Ecosystems, Epoch
from pitscape.imagery.product import date_of
from pitscape.mine_settings import Affected, MineSettings
from pitscape.model_settings import BoundsSettings, Fallbacks, Uncertainty
from pitscape.resilience.bounds import Bounds
from pitscape.resilience.integrity import Indicators, Weights
from pitscape.table_settings import ClimateTable, Strict, Tables

VERSION: Literal[1] = 1

CLASSES = "classes"
"""Where class maps stand that a run makes, in the folder of results."""


class SiteSettings(Strict):
    """A site, its epochs and what is known of it.

    Attributes:
        version: Of the file's keys; this is version 1.
        site: Short name.
        title: Heading of the report.
        notes: Sentences that the report repeats.
        language: Of the report.
        model: ONNX file that maps the images.
        sensor: Of the images beside ready class maps; a model names its own.
        legend: Of class maps that carry none: a name or a YAML file.
        crosswalk: Class name by code, for class maps with codes of their own; "ignore" for no class.
        epochs: In order of time; a site without maps may leave them out, and has those of its tables.
        baseline: Name of the epoch before mining; the first one by default.
        metric_grid: What is done with maps on different grids before epochs are compared: all are brought to the coarsest
            one by the most frequent class, or they are refused.
        least_observed: Share of the land below which an epoch has areas alone, and no indices.
        polygons: Whether class polygons of each mapped image are written as well.
        confidence: Whether the probability of the mapped class is, which extents then have as their mean.
        tables: Tables of areas, NDVI, NPP and ET.
        zones: Polygons, each of which has a resilience of its own as well.
        zone_name: Column with their names.
        window_m: Side of the moving window for maps of E [m]; no maps without it.
        climate: Monthly records: ``climate.csv``, or a table with other names of columns.
        climate_years: Years of the window of C1 and C2.
        c1: C1 of all epochs, instead of that of the climate [fraction].
        c2: C2 of all epochs, the same.
        production: Yearly output, ``production.csv``.
        mine: Dates, technology and known constants of the mine.
        affected: Land that the mine affects, by polygons, classes or its influence scope; left out of the outlines without it.
        ecosystems: Types of vegetated land; without it E is flagged as coarse.
        runoff: Runoff coefficient by ecosystem type or land class; vegetated 0.0478 (steppe) and water 0 by default.
        fallbacks: What stands in where NPP or ET is not given.
        growing_season: First and last month.
        ndvi_composite: Mean of the dates of an epoch, or of the months of its season; or the largest of them.
        connect_distance_m: Threshold of CONNECT.
        smallest_patch_cells: Smaller patches, and those below 100 m2, join their largest neighbour before patterns are
            measured.
        scores: Set of resilience scores, or scores by type that differ from the default ones.
        score_variants: Further score sets by name, as scores by type that differ from the set in use, for sensitivity
            and uncertainty: where a type may be one or another.
        h_exponent: Power of H in E; 2 as published.
        weights: Weights of the indicators that differ from equal ones, or ``entropy``.
        bounds: Bounds of the indicators that differ from the defaults, or ``fitted`` to the series: once, then given.
        uncertainty: The Monte Carlo run.
    """

    version: Literal[1] = VERSION
    site: str = Field(pattern=r"^[\w\- ]+$")
    title: str = ""
    notes: tuple[str, ...] = ()
    language: Literal["en", "zh"] = "en"
    model: str | None = None
    sensor: str = "sentinel2_l2a"
    legend: str | None = None
    crosswalk: dict[int, str] = Field(default_factory=dict)
    epochs: tuple[Epoch, ...] = ()
    baseline: str | None = None
    metric_grid: Literal["coarsest", "same"] = "coarsest"
    least_observed: float = Field(default=0.8, ge=0, le=1)
    polygons: bool = False
    confidence: bool = False
    tables: Tables | None = None
    zones: str | None = None
    zone_name: str | None = None
    window_m: float | None = Field(default=None, gt=0)
    climate: str | ClimateTable | None = None
    climate_years: int = Field(default=10, ge=5)
    c1: float | None = Field(default=None, gt=0, lt=2)
    c2: float | None = Field(default=None, gt=0, lt=2)
    production: str | None = None
    mine: MineSettings = MineSettings()
    affected: Affected | None = None
    ecosystems: Ecosystems | None = None
    runoff: dict[str, float] = Field(default_factory=dict)
    fallbacks: Fallbacks = Fallbacks()
    growing_season: tuple[int, int] = (4, 10)
    ndvi_composite: Literal["mean", "maximum"] = "mean"
    connect_distance_m: float = Field(default=200.0, gt=0)
    smallest_patch_cells: int = Field(default=9, ge=1)
    scores: Literal["default", "alternative"] | dict[str, float] = "default"
    score_variants: dict[str, dict[str, float]] = Field(default_factory=dict)
    h_exponent: float = Field(default=2.0, ge=0)
    weights: dict[str, float] | Literal["entropy"] = Field(default_factory=dict)
    bounds: dict[str, BoundsSettings | Literal["fitted"]] = Field(default_factory=dict)
    uncertainty: Uncertainty = Uncertainty()

    @property
    def has_maps(self) -> bool:
        """Whether it has class maps, ready ones or of a model; else it has tables."""
        return any(epoch.has_image or epoch.classes for epoch in self.epochs)

    @property
    def baseline_place(self) -> int:
        """Place of the baseline among the epochs."""
        return [epoch.name for epoch in self.epochs].index(self.baseline) if self.baseline else 0

    def map_of(self, epoch: Epoch, out: Path) -> Path:
        """Where the class map of an epoch is: a ready one where it lies, unless it has to be brought to a legend."""
        if epoch.classes and not (self.legend or self.crosswalk):
            return Path(epoch.classes)
        return out / CLASSES / f"{epoch.name}.tif"

    def model_of(self, epoch: Epoch) -> Path | None:
        """The model that maps an epoch: its own, else the site's."""
        model = epoch.model or self.model
        return Path(model) if model else None

    @field_validator("version", mode="before")
    @classmethod
    def _version_is_known(cls, version: object) -> object:
        if version != VERSION or isinstance(version, bool):
            raise ValueError(f"this pitscape reads site files of version {VERSION}; bring the file to it")
        return version

    @field_validator("weights")
    @classmethod
    def _weights_are_of_indicators(cls, weights: dict[str, float] | str) -> dict[str, float] | str:
        if isinstance(weights, dict):
            _check_names(weights, Weights, "weights")
            Weights(**weights)
        return weights

    @field_validator("bounds")
    @classmethod
    def _bounds_are_of_indicators(
        cls, bounds: dict[str, BoundsSettings | Literal["fitted"]]
    ) -> dict[str, BoundsSettings | Literal["fitted"]]:
        _check_names(bounds, Indicators, "bounds")
        for value in bounds.values():
            if isinstance(value, BoundsSettings):
                Bounds(**value.model_dump())
        return bounds

    @model_validator(mode="after")
    def _epochs_differ_and_rise(self) -> "SiteSettings":
        names = [epoch.name for epoch in self.epochs]
        if len(set(names)) != len(names):
            raise ValueError("two epochs have the same name; name them")
        times = [(epoch.year, str(date_of(Path(str(epoch.source))) or "")) for epoch in self.epochs]
        if times != sorted(times):
            raise ValueError("epochs must stand in order of time")
        if self.baseline and self.baseline not in names and names:
            raise ValueError(f"baseline {self.baseline} is no epoch; there are {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _land_is_known(self) -> "SiteSettings":
        tabled = self.tables and (self.tables.areas or self.tables.ndvi)
        if not self.has_maps:
            if self.affected:
                raise ValueError("affected land is outlined on class maps; leave affected out of a site of tables")
            if any(epoch.shares for epoch in self.epochs):
                raise ValueError("adjusted shares are of a class map; leave shares out of a site of tables")
            if not tabled:
                raise ValueError("an epoch needs an image or a class map; a site without maps needs tables")
            return self
        if self.tables and self.tables.areas:
            raise ValueError("a table of areas is for a site without maps; leave out one of the two")
        if any(not epoch.has_image and epoch.classes is None for epoch in self.epochs):
            raise ValueError("an epoch needs an image or a class map")
        if any(self.model_of(epoch) is None and epoch.classes is None for epoch in self.epochs):
            raise ValueError("without a model every epoch needs a class map")
        if self.affected and self.affected.influence and len(self.epochs) < 2:
            raise ValueError("affected: influence compares epochs; give two or more")
        return self


def _check_names(given: Iterable[str], kind: type[Weights | Indicators], word: str) -> None:
    """Refuse keys that are no field of ``kind``."""
    known = {each.name for each in fields(kind)}
    if unknown := sorted(set(given) - known):
        raise ValueError(f"unknown {', '.join(unknown)}; there are {word} of {', '.join(sorted(known))}")

"""The site file: what one site consists of, checked before anything runs."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import Field, field_validator, model_validator

from pitscape.epoch_settings import Ecosystems, Epoch
from pitscape.imagery.errors import InputError
from pitscape.imagery.product import date_of
from pitscape.imagery.settings import expand_path, load_settings
from pitscape.mine_settings import Affected, MineSettings
from pitscape.model_settings import BoundsSettings, Fallbacks, Uncertainty
from pitscape.resilience.bounds import Bounds
from pitscape.resilience.integrity import Indicators, Weights
from pitscape.table_settings import ClimateTable, Strict, Tables

Location: TypeAlias = tuple[int | str, ...]
"""Keys and places that lead to a value of the file."""


class SiteSettings(Strict):
    """A site, its epochs and what is known of it.

    Attributes:
        site: Short name.
        title: Heading of the report.
        notes: Sentences that the report repeats.
        model: ONNX file that maps the images.
        sensor: Of the images beside ready class maps; a model names its own.
        legend: Of class maps that carry none: a name or a YAML file.
        crosswalk: Class name by code, for class maps with codes of their own; "ignore" for no class.
        epochs: In order of time; a site without maps may leave them out, and has those of its tables.
        baseline: Name of the epoch before mining; the first one by default.
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

    version: Literal[1] = 1
    site: str = Field(pattern=r"^[\w\- ]+$")
    title: str = ""
    notes: tuple[str, ...] = ()
    model: str | None = None
    sensor: str = "sentinel2_l2a"
    legend: str | None = None
    crosswalk: dict[int, str] = Field(default_factory=dict)
    epochs: tuple[Epoch, ...] = ()
    baseline: str | None = None
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
        return any(epoch.image or epoch.classes for epoch in self.epochs)

    @property
    def baseline_place(self) -> int:
        """Place of the baseline among the epochs."""
        return [epoch.name for epoch in self.epochs].index(self.baseline) if self.baseline else 0

    def map_of(self, epoch: Epoch, out: Path) -> Path:
        """Where the class map of an epoch is: a ready one where it lies, unless it has to be brought to a legend."""
        if epoch.classes and not (self.legend or self.crosswalk):
            return Path(epoch.classes)
        return out / "classes" / f"{epoch.name}.tif"

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
        times = [(epoch.year, str(date_of(Path(str(epoch.image or epoch.classes))) or "")) for epoch in self.epochs]
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
        if any(epoch.image is None and epoch.classes is None for epoch in self.epochs):
            raise ValueError("an epoch needs an image or a class map")
        if self.model is None and any(epoch.classes is None for epoch in self.epochs):
            raise ValueError("without a model every epoch needs a class map")
        if self.affected and self.affected.influence and len(self.epochs) < 2:
            raise ValueError("affected: influence compares epochs; give two or more")
        return self


def _check_names(given: Iterable[str], kind: type[Weights | Indicators], word: str) -> None:
    """Refuse keys that are no field of ``kind``."""
    known = {each.name for each in fields(kind)}
    if unknown := sorted(set(given) - known):
        raise ValueError(f"unknown {', '.join(unknown)}; there are {word} of {', '.join(sorted(known))}")


def load_site(path: Path) -> SiteSettings:
    """Read a site file; its paths become relative to it, environment variables in them are replaced.

    Raises:
        InputError: If it is no valid site file, or a file that it names does not exist.
    """
    settings = load_settings(path, SiteSettings)
    content = settings.model_dump()
    for holder, key, _ in _places(content):
        if isinstance(holder[key], str):
            holder[key] = str(_existing(path, key, holder[key]))
        elif isinstance(holder[key], tuple):
            holder[key] = tuple(str(_existing(path, key, each)) for each in holder[key])
    if settings.legend and Path(settings.legend).suffix in {".yaml", ".yml"}:
        content["legend"] = str(_existing(path, "legend", settings.legend))
    return SiteSettings.model_validate(content)


def inputs_of(settings: SiteSettings) -> list[Path]:
    """All files that a loaded site reads, each once."""
    content = settings.model_dump()
    found: list[str] = []
    for holder, key, _ in _places(content):
        value = holder[key]
        found += [value] if isinstance(value, str) else value if isinstance(value, tuple) else []
    return list(dict.fromkeys(map(Path, found)))


def content_with_hashes(settings: SiteSettings, hash_of: Callable[[Path], str]) -> dict[str, Any]:
    """The content of a loaded site file with the name and hash of each file in the place of its path."""
    content = settings.model_dump()
    legend = settings.legend
    if legend and Path(legend).is_file():
        content["legend"] = hash_of(Path(legend))
    for holder, key, _ in _places(content):
        value = holder[key]
        paths = [value] if isinstance(value, str) else value if isinstance(value, tuple) else None
        if paths is not None:
            holder[key] = [[Path(each).name, hash_of(Path(each))] for each in paths]
    return content


def named_files(settings: SiteSettings) -> list[tuple[Location, str]]:
    """Where a site file names files, and what it names there."""
    found: list[tuple[Location, str]] = []
    for holder, key, place in _places(settings.model_dump()):
        value = holder[key]
        texts = [value] if isinstance(value, str) else value if isinstance(value, tuple) else []
        found += [((*place, key), text) for text in texts]
    return found


def _places(content: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, Location]]:
    """Where the content of a site file holds paths: the holder, its key, and the holder's location."""
    for key in ("model", "production", "zones"):
        yield content, key, ()
    if isinstance(content["climate"], str):
        yield content, "climate", ()
    elif content["climate"]:
        yield content["climate"], "table", ("climate",)
    if content["ecosystems"]:
        yield content["ecosystems"], "raster", ("ecosystems",)
    if content["affected"]:
        yield content["affected"], "polygons", ("affected",)
        if content["affected"]["influence"]:
            for key in ("dem", "barriers"):
                yield content["affected"]["influence"], key, ("affected", "influence")
    yield from _tables_and_epochs(content)


def _tables_and_epochs(content: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, Location]]:
    for name, table in (content["tables"] or {}).items():
        if table:
            yield table, "table", ("tables", name)
    for number, epoch in enumerate(content["epochs"]):
        for key in ("image", "mask", "classes", "reference", "shares", "ndvi", "npp", "et"):
            yield epoch, key, ("epochs", number)


def _existing(site: Path, key: str, text: str) -> Path:
    try:
        found = expand_path(text, site.parent)
    except InputError as error:
        raise InputError(f"{site}: {key}: {error}") from error
    if not found.exists():
        hint = " Make it with pitscape fit and pitscape export." if key == "model" else " Check the path."
        raise InputError(f"{site}: {key}: {found} does not exist.{hint}")
    return found

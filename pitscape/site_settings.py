"""The site file: what one site consists of, checked before anything runs."""

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pitscape.imagery.errors import InputError
from pitscape.imagery.product import date_of
from pitscape.imagery.radiometry import OffsetWord
from pitscape.imagery.reading import Reading
from pitscape.imagery.settings import expand_path, load_settings
from pitscape.mine_settings import MineSettings
from pitscape.resilience.bounds import Bounds
from pitscape.resilience.integrity import Indicators, Weights


class Strict(BaseModel):
    """Settings that refuse unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Epoch(Strict):
    """One date of a site.

    Attributes:
        image: A scene of the model's sensor: a raster, a SAFE or a Landsat product.
        offset: Whether its numbers hold the agency's offset, where its metadata do not say.
        mask: A raster that is not 0 where clouds hide its land, on any grid.
        classes: A ready class map instead of, or beside, an image to be mapped.
        reference: A map of the true classes, for the accuracy.
        npp: Net primary production of the year [kg C m-2 y-1], a raster on any grid.
        et: Evapotranspiration of the year [mm], a raster on any grid.
        name: What reports call the epoch; the date in the file's name by default.
        year: Calendar year; that of the date in the file's name by default.
    """

    image: str | None = None
    offset: OffsetWord | None = None
    mask: str | None = None
    classes: str | None = None
    reference: str | None = None
    npp: str | None = None
    et: str | None = None
    name: str = Field(default="", pattern=r"^[\w\-. ]+$")
    year: int = 0

    @property
    def reading(self) -> Reading:
        """How its image is read."""
        return Reading(offset=self.offset, mask=Path(self.mask) if self.mask else None)

    @model_validator(mode="before")
    @classmethod
    def _name_from_file(cls, content: Any) -> Any:  # noqa: ANN401 - not yet checked
        if not isinstance(content, dict):
            return content
        source = content.get("image") or content.get("classes")
        if not source:
            raise ValueError("an epoch needs an image or a class map")
        acquired = date_of(Path(str(source)))
        named = dict(content)
        named.setdefault("name", acquired.isoformat() if acquired else Path(str(source)).stem)
        if "year" not in named:
            if acquired is None:
                raise ValueError(f"{source} names no date: give the epoch's year")
            named["year"] = acquired.year
        return named


class Ecosystems(Strict):
    """The ecosystem types into which vegetated land is split.

    Attributes:
        raster: Type by cell, on any grid.
        types: Name of the type by code, as in the resilience scores: forest, grassland, farmland ...
        otherwise: Type of vegetated land where the raster has no type, such as restored dumps.
    """

    raster: str
    types: dict[int, str]
    otherwise: str = "grassland"


class BoundsSettings(Strict):
    """Values of an indicator that become 0 and 1, and whether more of it is better (1) or worse (-1)."""

    low: float
    high: float
    sign: Literal[-1, 1] = 1


class SiteSettings(Strict):
    """A site, its epochs and what is known of it.

    Attributes:
        site: Short name.
        title: Heading of the report.
        notes: Sentences that the report repeats.
        model: ONNX file that maps the images.
        sensor: Of the images beside ready class maps; a model names its own.
        epochs: In order of time; the first one is the baseline.
        climate: Monthly records, ``climate.csv``.
        production: Yearly output, ``production.csv``.
        mine: Dates, technology and known constants of the mine.
        ecosystems: Types of vegetated land; without it E is flagged as coarse.
        runoff: Runoff coefficient by land class; vegetated 0.0478 (steppe) and water 0 by default.
        growing_season: First and last month.
        connect_distance_m: Threshold of CONNECT.
        smallest_patch_cells: Smaller patches, and those below 100 m2, join their largest neighbour before patterns are
            measured.
        scores: Set of resilience scores.
        h_exponent: Power of H in E; 2 as published.
        weights: Weights of the indicators that differ from equal ones.
        bounds: Bounds of the indicators that differ from the defaults.
    """

    version: Literal[1] = 1
    site: str = Field(pattern=r"^[\w\- ]+$")
    title: str = ""
    notes: tuple[str, ...] = ()
    model: str | None = None
    sensor: str = "sentinel2_l2a"
    epochs: tuple[Epoch, ...] = Field(min_length=1)
    climate: str | None = None
    production: str | None = None
    mine: MineSettings = MineSettings()
    ecosystems: Ecosystems | None = None
    runoff: dict[str, float] = {}
    growing_season: tuple[int, int] = (4, 10)
    connect_distance_m: float = Field(default=200.0, gt=0)
    smallest_patch_cells: int = Field(default=9, ge=1)
    scores: Literal["default", "alternative"] = "default"
    h_exponent: float = Field(default=2.0, ge=0)
    weights: dict[str, float] = {}
    bounds: dict[str, BoundsSettings] = {}

    @field_validator("weights")
    @classmethod
    def _weights_are_of_indicators(cls, weights: dict[str, float]) -> dict[str, float]:
        _check_names(weights, Weights, "weights")
        Weights(**weights)
        return weights

    @field_validator("bounds")
    @classmethod
    def _bounds_are_of_indicators(cls, bounds: dict[str, BoundsSettings]) -> dict[str, BoundsSettings]:
        _check_names(bounds, Indicators, "bounds")
        for value in bounds.values():
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
        if self.model is None and any(epoch.classes is None for epoch in self.epochs):
            raise ValueError("without a model every epoch needs a class map")
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
    places = [(content, key) for key in ("model", "climate", "production")]
    places += [
        (epoch, key) for epoch in content["epochs"] for key in ("image", "mask", "classes", "reference", "npp", "et")
    ]
    if content["ecosystems"]:
        places.append((content["ecosystems"], "raster"))
    for holder, key in places:
        if holder[key] is not None:
            holder[key] = str(_existing(path, key, holder[key]))
    return SiteSettings.model_validate(content)


def inputs_of(settings: SiteSettings) -> list[Path]:
    """All files that a loaded site reads, each once."""
    found = [settings.model, settings.climate, settings.production]
    found += [settings.ecosystems.raster] if settings.ecosystems else []
    for epoch in settings.epochs:
        found += [epoch.image, epoch.mask, epoch.classes, epoch.reference, epoch.npp, epoch.et]
    return list(dict.fromkeys(Path(path) for path in found if path))


def _existing(site: Path, key: str, text: str) -> Path:
    try:
        found = expand_path(text, site.parent)
    except InputError as error:
        raise InputError(f"{site}: {key}: {error}") from error
    if not found.exists():
        hint = " Make it with pitscape fit and pitscape export." if key == "model" else " Check the path."
        raise InputError(f"{site}: {key}: {found} does not exist.{hint}")
    return found

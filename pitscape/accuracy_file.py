"""The content of ``accuracy.json``, and of smaller files of adjusted shares that later steps read too."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    """Some keys of an object; others are allowed."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Whole(BaseModel):
    """All keys of an object."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(_Whole):
    """A figure with its 95 % interval; null where it is not defined.

    Attributes:
        value: The estimate.
        low: Lower end.
        high: Upper end.
        wald_half_width: 1.96 standard errors; null where these are 0 or unknown.
    """

    value: float | None
    low: float | None
    high: float | None
    wald_half_width: float | None = None


class ClassArea(_Part):
    """Adjusted area of a class [km2]."""

    name: str
    adjusted_km2: Interval


class ClassChange(_Part):
    """Adjusted area of a class at the later of two epochs [km2]."""

    name: str
    after_km2: Interval


class Shares(_Part):
    """Adjusted shares of the area.

    Attributes:
        names: Of the types, or of the four land classes.
        shares: In that order, summing to 1.
        covariance: Of their errors, in that order.
    """

    names: tuple[str, ...]
    shares: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]


class SharesFile(Shares):
    """What later steps read of an assessment: shares, and where they are known the area and intervals of its own.

    Attributes:
        area_km2: Of all the land that was sampled.
        classes: Its classes; of an assessment of change, transitions.
        changes: Of an assessment of change, its classes.
    """

    area_km2: float | None = Field(default=None, gt=0)
    classes: tuple[ClassArea, ...] = ()
    changes: tuple[ClassChange, ...] = ()

    def interval_of(self, name: str) -> tuple[float, float] | None:
        """Ends of the assessment's own interval of a class's area [km2]; None where it has none."""
        areas = {each.name: each.adjusted_km2 for each in self.classes}
        areas |= {each.name: each.after_km2 for each in self.changes}
        found = areas.get(name)
        if found is None or found.low is None or found.high is None:
            return None
        return found.low, found.high


class AssessedClass(ClassArea, _Whole):
    """Areas [km2] and accuracies of a class."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mapped_km2: float
    mapped_by_adjusted: float | None
    users_accuracy: Interval
    producers_accuracy: Interval
    f1: Interval


class AssessedChange(ClassChange, _Whole):
    """Areas of a class before and after, gained, lost, kept, and gained less lost [km2]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before_km2: Interval
    gain_km2: Interval
    loss_km2: Interval
    persistence_km2: Interval
    net_km2: Interval


class Matrix(_Whole):
    """Error matrix: labelled points or cells, and shares of the area; rows mapped, columns reference."""

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    area_shares: tuple[tuple[float, ...], ...]


class SampledStratum(_Whole):
    """A stratum with its share of the area and its points."""

    stratum: str
    area_km2: float
    weight: float
    n: int


class PointDesign(_Whole):
    """Of an assessment by points."""

    units: Literal["points"]
    estimator: str
    points: int
    strata: tuple[SampledStratum, ...]
    left_out: dict[str, int] = {}


class BlockDesign(_Whole):
    """Of an assessment by masks."""

    units: Literal["blocks"]
    blocks: int
    blocks_with_mapped_class: dict[str, int]


class Narrowing(_Whole):
    """How wide the interval of an area is, and what would narrow it; no stratum where it is blocks."""

    area: str
    half_width_km2: float
    stratum: str | None
    more: int
    expected_half_width_km2: float
    sentence: str


class AccuracyFile(SharesFile, _Whole):
    """All of ``accuracy.json``; its JSON schema is ``docs/accuracy.schema.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = Field(alias="schema")
    area_km2: float = Field(gt=0)
    overall_accuracy: Interval
    classes: tuple[AssessedClass, ...]
    matrix: Matrix
    design: PointDesign | BlockDesign = Field(discriminator="units")
    planning: tuple[Narrowing, ...]
    notes: tuple[str, ...]
    changes: tuple[AssessedChange, ...] = ()
    before: Shares | None = None
    transitions: Shares | None = None
    options: dict[str, bool | int | float | str | None]
    inputs_sha256: dict[str, str]
    versions: dict[str, str]

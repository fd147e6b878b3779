"""What a site file says of the mine itself."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pitscape.resilience.thresholds import check_constants


class MineSettings(BaseModel):
    """Dates, technology and known constants of a mine.

    Attributes:
        first_production: Year of the first output; a trial counts.
        decline: Year from which the mine is declared to decline.
        technology: How it is mined, a word by which sites are grouped: dragline, truck and shovel ...
        thresholds: ThV at the elastic, yield and mutation point, as a number or as an interval; unknown ones are
            detected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_production: int | None = Field(default=None, ge=1700, le=2200)
    decline: int | None = Field(default=None, ge=1700, le=2200)
    technology: str | None = None
    thresholds: dict[str, float | tuple[float, float]] = Field(default_factory=dict)

    @property
    def constants(self) -> dict[str, tuple[float, float]]:
        """Interval of each known constant."""
        return {name: each if isinstance(each, tuple) else (each, each) for name, each in self.thresholds.items()}

    @model_validator(mode="after")
    def _constants_fall(self) -> Self:
        if self.thresholds:
            check_constants(self.constants)
        return self


class Affected(BaseModel):
    """The land that the mine affects, by an outline that somebody has drawn or by classes of the last epoch.

    Attributes:
        polygons: File of polygons in any projection.
        classes: Instead, class names, such as mined and occupied.
        se_km2: Standard error of the area [km2]; with classes and a sample it comes from the sample.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    polygons: str | None = None
    classes: tuple[str, ...] = ()
    se_km2: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.polygons) == bool(self.classes):
            raise ValueError("affected land: give either polygons or classes")
        return self

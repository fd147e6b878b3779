"""What a site file says of the mine itself."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pitscape.imagery.legend import Role
from pitscape.inference.scope.changed_land import DISTURBED
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


class InfluenceSettings(BaseModel):
    """How the influence scope of the mine is estimated; the defaults are those of ``pitscape influence``.

    Attributes:
        into: Roles of the classes that land must change into to count.
        dem: Elevation before mining [m], whose slopes and divides are hard to cross.
        barriers: Lines and polygons that nothing crosses.
        link_m: Gaps in changed land up to this width are bridged [m]; four cells by default, infinity counts all of it.
        far: Share of the land, the farthest, that is background.
        fill_ha: Land that changed land encloses counts as well, up to this area [ha].
        min_area_ha: Smaller patches that do not touch the mine are left out [ha].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    into: tuple[Role, ...] = Field(default=DISTURBED, min_length=1)
    dem: str | None = None
    barriers: str | None = None
    link_m: float | None = Field(default=None, ge=0)
    far: float = Field(default=0.25, ge=0.05, le=0.75)
    fill_ha: float = Field(default=0.0, ge=0)
    min_area_ha: float = Field(default=0.0, ge=0)


class Affected(BaseModel):
    """The land that the mine affects: an outline that somebody has drawn, classes of the last epoch, or an estimate.

    Attributes:
        polygons: File of polygons in any projection.
        classes: Instead, class names, such as mined and occupied.
        influence: Instead, the influence scope, from the class maps of all epochs; {} for the defaults.
        se_km2: Standard error of the area [km2]; with classes and a sample it comes from the sample.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    polygons: str | None = None
    classes: tuple[str, ...] = ()
    influence: InfluenceSettings | None = None
    se_km2: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if [bool(self.polygons), bool(self.classes), self.influence is not None].count(True) != 1:
            raise ValueError("affected land: give one of polygons, classes and influence")
        return self

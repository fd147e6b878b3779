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

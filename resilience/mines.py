"""The five open-pit coal mines of the paper, as it prints them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mine:
    """Published facts of a mine.

    Attributes:
        name: The paper's name; Jungar Wusu is Haerwusu.
        affected_km2: Land affected in 2022 [km2], the influence scope.
        excavated_km2: Land excavated in 2022 [km2].
        first_image_year: Year of the first Landsat-5 image (October); at four mines construction had begun by then.
        construction_year: Year in which construction began.
        production_year: Year of full production.
        trial_year: Year of trial production, where the paper gives one.
        stage_2022: Life-cycle stage in 2022.
        growth: Where the pit grew and what bounds the affected land.
    """

    name: str
    affected_km2: float
    excavated_km2: float
    first_image_year: int
    construction_year: int
    production_year: int
    trial_year: int | None
    stage_2022: str
    growth: str

    @property
    def first_production_year(self) -> int:
        """Year of first production; a trial counts."""
        return self.production_year if self.trial_year is None else self.trial_year

    @property
    def excavated_share(self) -> float:
        """Excavated among affected land, a fraction."""
        return self.excavated_km2 / self.affected_km2


MINES = (
    Mine(
        name="Huolinhe",
        affected_km2=469.30,
        excavated_km2=76.60,
        first_image_year=1998,
        construction_year=1981,
        production_year=1984,
        trial_year=None,
        stage_2022="late stable",
        growth="from south-west to north-east",
    ),
    Mine(
        name="Yimin",
        affected_km2=127.20,
        excavated_km2=24.20,
        first_image_year=1995,
        construction_year=1976,
        production_year=1985,
        trial_year=None,
        stage_2022="late stable",
        growth="outward from its core; industry in the east and south",
    ),
    Mine(
        name="Yuanbaoshan",
        affected_km2=238.80,
        excavated_km2=15.00,
        first_image_year=1994,
        construction_year=1990,
        production_year=2005,
        trial_year=1998,
        stage_2022="early stable",
        growth="in all directions; industry in the south, east and north",
    ),
    Mine(
        name="Jungar Wusu",
        affected_km2=326.90,
        excavated_km2=62.80,
        first_image_year=1991,
        construction_year=2006,
        production_year=2008,
        trial_year=None,
        stage_2022="early stable",
        growth="eastward; bounded by the Yellow River and relief",
    ),
    Mine(
        name="Antaibao",
        affected_km2=517.40,
        excavated_km2=96.20,
        first_image_year=1989,
        construction_year=1982,
        production_year=1987,
        trial_year=None,
        stage_2022="late stable",
        growth="south and north-west; enclosed by mountains in the east, west and north",
    ),
)
"""Dong et al. (2025), Table 2 and text."""

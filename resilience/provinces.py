"""The open-pit coal mines of China by province, and what other printed figures of the paper rest on."""

from collections.abc import Mapping
from types import MappingProxyType

MINES_BY_PROVINCE: Mapping[str, int] = MappingProxyType(
    {
        "Inner Mongolia": 245,
        "Yunnan": 40,
        "Shanxi": 30,
        "Xinjiang": 30,
        "Guangxi": 1,
        "Hebei": 1,
        "other": 10,
    }
)
"""Number of open-pit coal mines, 357 together (Dong et al. 2025)."""

CHINA_RESERVES_BN_T = 143.197
WORLD_RESERVES_BN_T = 1074.108
"""Proved coal reserves, as the paper takes them: 13.33 % of the world's are China's."""

DESTROYED_LAND_2019_KM2 = 36_105.0
"""Land destroyed by all mining in China until 2019; printed as 0.37 % of the land, it is 0.376 %."""


def by_province(area_km2: float, mines: Mapping[str, int] = MINES_BY_PROVINCE) -> dict[str, float]:
    """Share an area out over provinces by their number of mines.

    Args:
        area_km2: National affected area [km2], >= 0.
        mines: Number of mines by province, >= 0, not all 0.

    Returns:
        Area by province [km2], with the sum of ``area_km2``. Every mine counts alike, since output by province is not
        published with the paper: 245 small mines then outweigh 30 large ones.

    Raises:
        ValueError: If a number is negative, or there is no mine.

    >>> by_province(100.0, {"a": 3, "b": 1})
    {'a': 75.0, 'b': 25.0}
    """
    total = sum(mines.values())
    if area_km2 < 0 or total <= 0 or min(mines.values()) < 0:
        raise ValueError(
            f"area_km2 and numbers of mines must be >= 0, with at least one mine, got {area_km2}, {dict(mines)}."
        )
    return {name: area_km2 * count / total for name, count in mines.items()}

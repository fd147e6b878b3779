"""Strata: the parts of the land that are sampled by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.inference.sample.sampled_land import NO_CODE, Census

POOLED = "other change"
NO_STRATUM = -1


@dataclass(frozen=True)
class Stratum:
    """A part of the land.

    Attributes:
        name: Of the class or transition; ``other change`` for rare transitions together.
        codes: That its cells have.
        pixels: Number of its cells.
        area_m2: Their geodesic area [m2].
    """

    name: str
    codes: tuple[int, ...]
    pixels: int
    area_m2: float


def strata_of(names: Sequence[str], census: Census, *, pool_below: float = 0.0) -> list[Stratum]:
    """One stratum per class or transition that occurs.

    Args:
        names: Of the codes.
        census: Of the land.
        pool_below: For transitions: changes of a smaller share of the area go into one stratum.

    Returns:
        In order of code, the pooled one last.
    """
    total = census.areas.sum()
    rare = [code for code in _changes(len(names)) if 0 < census.areas[code] < pool_below * total]
    pooled = rare if len(rare) > 1 else []
    single = [code for code in np.flatnonzero(census.pixels).tolist() if code not in pooled]
    groups = [(names[code], (code,)) for code in single] + ([(POOLED, tuple(pooled))] if pooled else [])
    return [_stratum(name, codes, census) for name, codes in groups]


def stratum_table(strata: Sequence[Stratum]) -> NDArray[np.int16]:
    """Number of the stratum by code, -1 for none; shape (65536,)."""
    table = np.full(NO_CODE + 1, NO_STRATUM, np.int16)
    for number, stratum in enumerate(strata):
        table[list(stratum.codes)] = number
    return table


def weights_of(strata: Sequence[Stratum]) -> NDArray[np.float64]:
    """Shares of the area, summing to 1."""
    areas = np.array([stratum.area_m2 for stratum in strata])
    weights: NDArray[np.float64] = areas / areas.sum()
    return weights


def _changes(codes: int) -> list[int]:
    """Codes of transitions between different classes."""
    classes = round(codes**0.5)
    return [code for code in range(codes) if code // classes != code % classes]


def _stratum(name: str, codes: tuple[int, ...], census: Census) -> Stratum:
    chosen = list(codes)
    return Stratum(name, codes, int(census.pixels[chosen].sum()), float(census.areas[chosen].sum()))

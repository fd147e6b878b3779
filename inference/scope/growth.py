"""Directions in which mined land grew, by octant from the pit's first centroid."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.cell_area import M2_PER_KM2
from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.grid import row_band
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.outputs import replacing
from pitscape.inference.scope.changed_land import check_alike, role_table
from pitscape.inference.scope.mine_patches import LEAST_HA, large_patches, mine_patches
from pitscape.inference.scope.octants import OCTANTS, Cell, areas_of, azimuths, centroid, degrees_of, octant_of

Mask = NDArray[np.bool_]

LEAST_CONCENTRATION = 0.1
"""Below it there is no clear direction: the half of the compass ahead holds at most 56 % of the new land."""

GROWTH_COLUMNS = ("from_epoch", "to_epoch", "octant", "new_mined_km2", "share")


@dataclass(frozen=True)
class Growth:
    """New mined land between two epochs.

    Attributes:
        from_epoch: Name of the earlier one.
        to_epoch: Name of the later one.
        octants_km2: New mined land by octant, in the order of ``OCTANTS``.
        azimuth_deg: Of the mean vector [degrees from north towards east]; NaN without new land.
        concentration: Length of the mean vector, 0 (all directions alike) to 1 (one direction); NaN without new land.
        opening: Whether no land was mined before, so that it lies around its own centroid.
        first_seen_km2: Mined land that no earlier epoch shows: it is not counted.
    """

    from_epoch: str
    to_epoch: str
    octants_km2: tuple[float, ...]
    azimuth_deg: float
    concentration: float
    opening: bool
    first_seen_km2: float

    @property
    def new_km2(self) -> float:
        """All new mined land."""
        return sum(self.octants_km2)

    @property
    def direction(self) -> str | None:
        """The octant of the mean vector; None where there is no clear direction."""
        if self.opening or not self.concentration >= LEAST_CONCENTRATION:
            return None
        return OCTANTS[int(octant_of(np.array([self.azimuth_deg]))[0])]


@dataclass(frozen=True)
class Series:
    """Growth over some epochs.

    Attributes:
        origin: Longitude and latitude of the first centroid [degrees].
        first: Name of the epoch that it is of.
        pairs: Growth between successive epochs.
        since_first: Growth from that epoch to the last one; None where it is the last.
    """

    origin: tuple[float, float]
    first: str
    pairs: tuple[Growth, ...]
    since_first: Growth | None


def growth(maps: Sequence[ClassMap], epochs: Sequence[str], *, least_ha: float = LEAST_HA) -> Series:
    """Follow mined land through some epochs.

    A cell is new at the first epoch at which it is mined, if an earlier one shows it otherwise. Its direction is the
    geodesic azimuth from the centroid of the land that was mined at the first epoch with a mine. The mean vector
    weights each new cell by its geodesic area (Mardia & Jupp 2000, ch. 2). Patches are of the whole map, of one byte
    and one number a cell; the rest is done in bands of rows.

    Args:
        maps: In order of time, at least two, on one grid and with one legend.
        epochs: Their names.
        least_ha: Smaller patches of land mined at any epoch are left out, and the first epoch with a mine is the first
            with a patch as large [ha].

    Raises:
        InputError: If there are fewer than two maps, they differ in grid or legend, or there is no such patch.
    """
    check_alike(maps)
    grid, mines = maps[0].grid, role_table(maps[0].legend, ("mined",))
    ever = np.zeros(grid.shape, np.bool_)
    for each in maps:
        ever |= mines[each.read()]
    mine = mine_patches(ever, grid, least_ha=least_ha, source=maps[-1].path)
    number, origin = _first_centroid(maps, mines, mine, least_ha)
    sums = [_Sums() for _ in maps]
    for start in range(0, grid.shape[0], BLOCK):
        rows = slice(start, min(start + BLOCK, grid.shape[0]))
        _add_rows(sums, maps, mines, rows, mine=mine[rows], origin=origin)
    longitude, latitude = degrees_of(grid, np.array([origin[0]]), np.array([origin[1]]))
    pairs = [sums[k].growth(epochs[k - 1], epochs[k], opening=k <= number) for k in range(1, len(maps))]
    later = sum(sums[number + 1 :], _Sums())
    return Series(
        origin=(float(longitude[0]), float(latitude[0])),
        first=epochs[number],
        pairs=tuple(pairs),
        since_first=later.growth(epochs[number], epochs[-1]) if number + 1 < len(maps) else None,
    )


def write_growth(path: Path, series: Series) -> None:
    """Write growth as CSV, whole: one line per pair of epochs and octant; shares without new land are empty."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(GROWTH_COLUMNS)
        for each in series.pairs:
            for octant, km2 in zip(OCTANTS, each.octants_km2, strict=True):
                share = km2 / each.new_km2 if each.new_km2 else ""
                writer.writerow([each.from_epoch, each.to_epoch, octant, km2, share])


class _Sums:
    """Area by octant, vector and unseen area of the new land of an epoch [m2]."""

    def __init__(self) -> None:
        self.octants = np.zeros(len(OCTANTS))
        self.vector = 0j
        self.first_seen = 0.0

    def __add__(self, other: "_Sums") -> "_Sums":
        both = _Sums()
        both.octants, both.vector = self.octants + other.octants, self.vector + other.vector
        both.first_seen = self.first_seen + other.first_seen
        return both

    def growth(self, from_epoch: str, to_epoch: str, *, opening: bool = False) -> Growth:
        total = float(self.octants.sum())
        mean = self.vector / total if total else complex("nan+nanj")
        return Growth(
            from_epoch=from_epoch,
            to_epoch=to_epoch,
            octants_km2=tuple((self.octants / M2_PER_KM2).tolist()),
            azimuth_deg=float(np.degrees(np.angle(mean))) % 360,
            concentration=abs(mean),
            opening=opening,
            first_seen_km2=self.first_seen / M2_PER_KM2,
        )


def _add_rows(
    sums: list[_Sums], maps: Sequence[ClassMap], mines: Mask, rows: slice, *, mine: Mask, origin: Cell
) -> None:
    """Add the new mined land of some rows to each epoch's sums."""
    grid = row_band(maps[0].grid, rows.start, rows.stop)
    seen, mined = np.zeros(grid.shape, np.bool_), np.zeros(grid.shape, np.bool_)
    for number, each in enumerate(maps):
        ids = each.read(rows)
        now = mines[ids] & mine & ~mined
        if number:
            sums[number].first_seen += float(areas_of(now & ~seen, grid).sum())
            new = now & seen
            azimuth, area = azimuths(new, grid, (origin[0] - rows.start, origin[1])), areas_of(new, grid)
            sums[number].octants += np.bincount(octant_of(azimuth), area, minlength=len(OCTANTS))
            sums[number].vector += complex((area * np.exp(1j * np.radians(azimuth))).sum())
        mined |= now
        seen |= ids != UNOBSERVED


def _first_centroid(maps: Sequence[ClassMap], mines: Mask, mine: Mask, least_ha: float) -> tuple[int, Cell]:
    """The first map with a patch that is large enough, and the mean place of such patches, weighted by area.

    A mine that is large only when its epochs are put together is taken at the last map.
    """
    grid = maps[0].grid
    for number, each in enumerate(maps):
        mined = large_patches(mines[each.read()] & mine, grid, least_ha)
        if mined.any():
            return number, centroid(mined, grid)
    return len(maps) - 1, centroid(mine, grid)

"""Land that changed since it was first seen, from class maps of two or more epochs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.class_map import ClassMap
from pitscape.imagery.cog import BLOCK
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import check_grid, same_grid
from pitscape.imagery.legend import UNOBSERVED, Legend, Role

Mask = NDArray[np.bool_]
DISTURBED: tuple[Role, ...] = ("mined", "occupied", "water")
"""A change into a class of these roles counts; one into vegetated land is season, harvest or regrowth."""


@dataclass(frozen=True)
class ChangedLand:
    """What became of each cell. All arrays have shape (y, x).

    Attributes:
        grid: Where the cells are.
        legend: The classes.
        before: Class id at the first epoch at which the cell was observed, 255 where it never was.
        into: Class id that the last change that counts led to, 255 where none did.
        mined: Mined at any epoch.
        turned: Vegetated when first observed, and in a class of another role at a later epoch, whether that counts or not.
        compared: Observed at two epochs at least.
        lost: The vegetation index fell beyond what the background's did, without a change of class.
    """

    grid: GeoBox
    legend: Legend
    before: NDArray[np.uint8]
    into: NDArray[np.uint8]
    mined: Mask
    turned: Mask
    compared: Mask
    lost: Mask

    @property
    def mined_before(self) -> Mask:
        """Mined when first observed: the mine's, but no change since."""
        return _of_roles(self.before, self.legend, ("mined",))

    @property
    def water_before(self) -> Mask:
        """Water when first observed."""
        return _of_roles(self.before, self.legend, ("water",))

    @property
    def steady(self) -> Mask:
        """Vegetated at every epoch that observed it, and without a change that counts: where an index can be compared."""
        vegetated = _of_roles(self.before, self.legend, ("vegetated",))
        mask: Mask = vegetated & (self.into == UNOBSERVED) & self.compared & ~self.turned
        return mask

    @property
    def changed(self) -> Mask:
        """Changed since first observed, by class or by index."""
        mask: Mask = (self.into != UNOBSERVED) | self.lost
        return mask

    def with_loss(self, lost: Mask) -> "ChangedLand":
        """The same with cells whose vegetation index fell."""
        return replace(self, lost=lost & self.steady)


def changed_land(maps: Sequence[ClassMap], *, into: Sequence[Role] = DISTURBED) -> ChangedLand:
    """Compare every epoch with the first one at which a cell was observed; change accumulates.

    So land that was covered and has grown over again still counts where one epoch shows it covered. A cell that is
    unobserved at an epoch keeps what earlier ones told. The maps are read in bands of rows; six arrays of one byte a
    cell are kept.

    Args:
        maps: In order of time, at least two, on one grid and with one legend.
        into: Roles of the classes that land must change into to count. Land that was mined when first observed is
            never changed.

    Raises:
        InputError: If there are fewer than two maps, they differ in grid or legend, lie on a turned grid, or no cell
            was observed at two epochs.
    """
    first = maps[0]
    check_alike(maps)
    check_grid(first.grid, str(first.path))
    shape = first.grid.shape
    before, last = (np.full(shape, UNOBSERVED, np.uint8) for _ in range(2))
    mined, turned, compared = (np.zeros(shape, np.bool_) for _ in range(3))
    counts, mines, green = (role_table(first.legend, roles) for roles in (into, ("mined",), ("vegetated",)))
    for start in range(0, shape[0], BLOCK):
        rows = slice(start, min(start + BLOCK, shape[0]))
        for each in maps:
            ids = each.read(rows)
            seen, known = ids != UNOBSERVED, before[rows] != UNOBSERVED
            compared[rows] |= seen & known
            mined[rows] |= mines[ids]
            turned[rows] |= seen & known & green[before[rows]] & ~green[ids]
            change = known & counts[ids] & (ids != before[rows]) & ~mines[before[rows]]
            last[rows] = np.where(change, ids, last[rows])
            before[rows] = np.where(known, before[rows], ids)
    if not compared.any():
        raise InputError(f"{maps[-1].path}: no cell was observed at two epochs; give clearer maps of the same land.")
    return ChangedLand(first.grid, first.legend, before, last, mined, turned, compared, np.zeros(shape, np.bool_))


def check_alike(maps: Sequence[ClassMap]) -> None:
    """Make sure that there are several maps, on one grid and with one legend.

    Raises:
        InputError: If not.
    """
    if len(maps) < 2:
        raise InputError(f"{maps[0].path}: is one map; give at least two, in order of time.")
    first = maps[0]
    for other in maps[1:]:
        if not same_grid(first.grid, other.grid):
            raise InputError(
                f"{other.path}: is on another grid than {first.path}; bring it there with gdalwarp -r near."
            )
        if [(c.name, c.role) for c in other.legend.classes] != [(c.name, c.role) for c in first.legend.classes]:
            raise InputError(
                f"{other.path}: has classes {', '.join(other.legend.names)}, {first.path} has "
                f"{', '.join(first.legend.names)}; map both with one legend."
            )


def role_table(legend: Legend, roles: Sequence[Role]) -> Mask:
    """Which class ids are of some roles, shape (256,) by id."""
    table = np.zeros(UNOBSERVED + 1, np.bool_)
    table[: len(legend)] = [land.role in roles for land in legend.classes]
    return table


def _of_roles(ids: NDArray[np.uint8], legend: Legend, roles: Sequence[Role]) -> Mask:
    mask: Mask = role_table(legend, roles)[ids]
    return mask

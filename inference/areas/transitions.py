"""Transitions of classes between two epochs: gain, loss, net change, swap and persistence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassChange:
    """What became of a class between two epochs [km2] (Pontius et al. 2004).

    Attributes:
        persistence: Land that is of the class at both epochs.
        gain: Land that is of the class and was not.
        loss: Land that was of the class and is not.
    """

    persistence: float
    gain: float
    loss: float

    @property
    def before(self) -> float:
        """Area at the first epoch."""
        return self.persistence + self.loss

    @property
    def after(self) -> float:
        """Area at the second epoch."""
        return self.persistence + self.gain

    @property
    def net(self) -> float:
        """Gain minus loss."""
        return self.gain - self.loss

    @property
    def swap(self) -> float:
        """What was lost in one place and gained in another: twice the smaller of gain and loss."""
        return 2 * min(self.gain, self.loss)


@dataclass(frozen=True)
class Transitions:
    """Land by class before (rows) and after (columns), of cells that every epoch observed.

    Attributes:
        before: Number of the epoch before.
        after: Number of the epoch after.
        cells: Numbers of cells, shape (class, class).
        km2: Their geodesic area, the same shape.

    >>> mined_and_green = Transitions(0, 1, np.zeros((2, 2)), np.array([[3.0, 1.0], [2.0, 4.0]]))
    >>> mined_and_green.by_class()[0]
    ClassChange(persistence=3.0, gain=2.0, loss=1.0)
    >>> mined_and_green.quantity, mined_and_green.allocation
    (1.0, 2.0)
    """

    before: int
    after: int
    cells: NDArray[np.float64]
    km2: NDArray[np.float64]

    def by_class(self) -> list[ClassChange]:
        """In order of class id."""
        moved = self._moved()
        parts = zip(np.diag(self.km2), moved.sum(axis=0), moved.sum(axis=1), strict=True)
        return [ClassChange(*map(float, each)) for each in parts]

    @property
    def changed(self) -> float:
        """Land whose class differs [km2]: ``quantity`` and ``allocation`` together."""
        return float(self._moved().sum())

    @property
    def quantity(self) -> float:
        """The part of the change that alters the areas of classes [km2] (Pontius & Millones 2011, eq. 2 and 3)."""
        return sum(abs(each.net) for each in self.by_class()) / 2

    @property
    def allocation(self) -> float:
        """The part that alters only where they lie [km2]: half the sum of the swaps (the same, eq. 4 and 5)."""
        return sum(each.swap for each in self.by_class()) / 2

    def _moved(self) -> NDArray[np.float64]:
        """Land whose class differs, by class before and after."""
        return np.where(np.eye(len(self.km2), dtype=np.bool_), 0.0, self.km2)

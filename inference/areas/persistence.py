"""Persistence: a cell changes its class only where the new class lasts; what does not last is flicker."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Ids = TypeVar("Ids", bound=np.integer[Any])


@dataclass(frozen=True)
class Persistence:
    """The rule "k of n": a change is accepted where the new class holds in at least k of n epochs.

    The n epochs begin with the one at which the new class is seen. Where the series ends before, the class must hold
    in min(k, epochs left) of those that are left: a change at the last epoch is accepted, and *unconfirmed*.

    Attributes:
        k: Epochs in which the new class must hold, 1 to n; with 1 every change is accepted.
        n: Epochs among which they are counted.

    Raises:
        ValueError: If not 1 <= k <= n.
    """

    k: int
    n: int

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n:
            raise ValueError(f"{self.k} of {self.n}: k must lie between 1 and n.")

    def accepted(self, ids: NDArray[Ids]) -> NDArray[Ids]:
        """The series without flicker.

        With k = n the filtered series, filtered again, stays as it is. With k < n it need not: the epochs that
        supported one change may themselves be filtered away.

        Args:
            ids: Class ids, shape (epoch, ...).

        Returns:
            The class of the last accepted change at each epoch, the first epoch as it is; the same shape.

        >>> Persistence(2, 3).accepted(np.array([0, 1, 0, 0, 2, 3, 2, 2])).tolist()
        [0, 0, 0, 0, 2, 2, 2, 2]
        """
        found = ids.copy()
        for epoch in range(1, len(ids)):
            ahead = ids[epoch : epoch + self.n]
            holds = (ahead == ids[epoch]).sum(axis=0, dtype=np.int16) >= min(self.k, len(ahead))
            found[epoch] = np.where(holds, ids[epoch], found[epoch - 1])
        return found

    def unconfirmed(self, accepted: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Where a change was accepted with fewer than n epochs left, shape (...).

        Args:
            accepted: The series without flicker, shape (epoch, ...).
        """
        late = accepted[max(len(accepted) - self.n, 0) :]
        changed: NDArray[np.bool_] = (late[1:] != late[:-1]).any(axis=0)
        return changed

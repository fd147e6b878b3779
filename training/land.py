"""Land: the pixels of a scene that have one role in a split."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.radiometry import UNOBSERVED_STORED
from pitscape.inference.tiles import Area
from pitscape.training.labelled import LabelledScene
from pitscape.training.split import Split

ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class Land:
    """The pixels of a scene that train, or those that judge.

    Attributes:
        scene: The scene.
        area: The smallest rectangle that holds them.
        split: Says which they are.
        role: ``TRAINS`` or ``JUDGES``.
    """

    scene: LabelledScene
    area: Area
    split: Split
    role: int

    def pixels(self, window: Area) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Image and labels of a window in which all other land is unobserved and unlabelled.

        Returns:
            Stored numbers (band, y, x) and class ids (y, x), as ``LabelledScene.pixels`` gives them.
        """
        stored, labels = self.scene.pixels(window)
        own = self.mask(window)
        return np.where(own, stored, np.float32(UNOBSERVED_STORED)), np.where(own, labels, np.uint8(UNOBSERVED))

    def labels(self, window: Area) -> NDArray[np.uint8]:
        """Class ids (y, x) of a window inside the scene, 255 where unlabelled or other land; the image is not read."""
        return np.where(self.mask(window), self.scene.labels(window), np.uint8(UNOBSERVED))

    def mask(self, window: Area) -> NDArray[np.bool_]:
        """Which pixels of a window have the role."""
        own: NDArray[np.bool_] = self.split.roles(self.scene, window) == self.role
        return own

    def strips(self) -> Iterator[Area]:
        """Its rectangle in strips of rows, so that a large scene need not be held."""
        for top in range(self.area.top, self.area.bottom, ROWS_AT_ONCE):
            yield Area(top, min(top + ROWS_AT_ONCE, self.area.bottom), self.area.left, self.area.right)


def lands(scenes: Sequence[LabelledScene], split: Split, role: int) -> tuple[Land, ...]:
    """The land of a role in all scenes that have some, in their order."""
    found = ((scene, _extent(scene, split, role)) for scene in scenes)
    return tuple(Land(scene, area, split, role) for scene, area in found if area)


def _extent(scene: LabelledScene, split: Split, role: int) -> Area | None:
    """The smallest rectangle with all pixels of a role."""
    height, width = scene.shape
    rows, columns = np.zeros(height, np.bool_), np.zeros(width, np.bool_)
    for strip in Land(scene, Area(0, height, 0, width), split, role).strips():
        own = split.roles(scene, strip) == role
        rows[strip.rows] = own.any(axis=1)
        columns |= own.any(axis=0)
    if not rows.any():
        return None
    (y,), (x,) = np.nonzero(rows), np.nonzero(columns)
    return Area(int(y[0]), int(y[-1]) + 1, int(x[0]), int(x[-1]) + 1)

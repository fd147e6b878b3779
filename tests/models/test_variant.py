from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pitscape.models.routes import Route
from pitscape.models.samples import LabelledWindow
from pitscape.models.variant import judged


def route(classes: list[list[int]]) -> Route:
    """A network of two classes that always gives the same map."""

    def probabilities(stored: NDArray[Any]) -> NDArray[np.float32]:
        del stored
        return np.moveaxis(np.eye(2, dtype=np.float32)[np.array(classes)], -1, 0)[None]

    return probabilities


def window(labels: list[list[int]], *, unobserved: int = 0) -> LabelledWindow:
    stored = np.full((1, 2, 2), 7, np.float32)
    stored[0, 0, :unobserved] = 0
    return stored, np.array(labels, np.uint8)


def test_loss_of_mean_iou_by_hand() -> None:
    """In float: IoU 2/2 and 2/2. In 8 bits one pixel of class 1 goes to class 0: IoU 2/3 and 1/2, a mean of 7/12."""
    found = judged(route([[0, 0], [1, 1]]), route([[0, 0], [0, 1]]), [window([[0, 0], [1, 1]])], classes=2)
    assert found.labelled
    assert found.lost == pytest.approx(100 * 5 / 12)
    assert found.iou_change.tolist() == pytest.approx([-100 / 3, -50])
    assert (found.others, found.pixels, found.other_classes) == (1, 4, 0.25)
    assert found.unit == "points of mean IoU"


def test_without_labels_changed_classes_count_and_windows_add_up() -> None:
    unlabelled = [[255, 255], [255, 255]]
    found = judged(
        route([[0, 0], [1, 1]]),
        route([[1, 0], [0, 1]]),
        [window(unlabelled), window(unlabelled, unobserved=1)],
        classes=2,
    )
    assert not found.labelled
    assert (found.others, found.pixels) == (3, 7)
    assert found.lost == pytest.approx(100 * 3 / 7)
    assert np.isnan(found.mean_iou).all()


def test_labels_of_unobserved_pixels_do_not_judge() -> None:
    found = judged(
        route([[0, 0], [1, 1]]), route([[1, 0], [1, 1]]), [window([[0, 0], [1, 1]], unobserved=1)], classes=2
    )
    assert found.lost == 0
    assert found.in_float.sum() == 3

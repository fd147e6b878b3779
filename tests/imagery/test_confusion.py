import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, jaccard_score, precision_recall_fscore_support

from pitscape.imagery.confusion import confusion_counts, scores

RNG = np.random.default_rng(0)
REFERENCE = RNG.integers(0, 4, 500).astype(np.uint8)
MAPPED = np.where(RNG.random(500) < 0.7, REFERENCE, RNG.integers(0, 4, 500)).astype(np.uint8)


def test_scores_equal_scikit_learns() -> None:
    counts = confusion_counts(MAPPED, REFERENCE, classes=4)
    np.testing.assert_array_equal(counts, confusion_matrix(REFERENCE, MAPPED).T)
    found = scores(counts)
    users, producers, f1, support = precision_recall_fscore_support(REFERENCE, MAPPED)
    np.testing.assert_allclose(found.iou, jaccard_score(REFERENCE, MAPPED, average=None))
    np.testing.assert_allclose([found.users, found.producers, found.f1], [users, producers, f1])
    np.testing.assert_array_equal(found.support, support)
    assert found.overall == pytest.approx((REFERENCE == MAPPED).mean())


def test_an_absent_class_is_nan_and_left_out_of_means() -> None:
    found = scores(confusion_counts(np.array([0, 0, 1]), np.array([0, 1, 1]), classes=3))
    assert np.isnan(found.iou[2])
    assert found.macro_iou == pytest.approx(0.5)
    assert np.isnan(scores(np.zeros((3, 3), np.int64)).overall)


def test_unlabelled_and_unobserved_pixels_are_left_out() -> None:
    counts = confusion_counts(np.array([0, 255, 1], np.uint8), np.array([255, 0, 1], np.uint8), classes=2)
    assert counts.tolist() == [[0, 0], [0, 1]]


def test_counts_add_up() -> None:
    parts = confusion_counts(MAPPED[:99], REFERENCE[:99], classes=4) + confusion_counts(
        MAPPED[99:], REFERENCE[99:], classes=4
    )
    np.testing.assert_array_equal(parts, confusion_counts(MAPPED, REFERENCE, classes=4))

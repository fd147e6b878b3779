"""Calibration: how far probabilities are from how often they are right, and the temperature that mends it."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from pitscape.models.card import Calibration

if TYPE_CHECKING:
    from collections.abc import Sequence

BINS = 15
LEAST, GREATEST = 0.05, 20.0
"""Between these a temperature is looked for."""

FEWEST = 100
"""Pixels below which nothing can be said of probabilities."""

MOST = 400_000
"""Pixels that are kept at most; with more, a temperature changes in no digit that is told."""


def expected_calibration_error(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """How far confidence is from accuracy, on average (Guo et al. 2017, eq. 3), over 15 bins of equal width.

    Args:
        probabilities: Of all classes, shape (pixels, classes).
        labels: True class ids, shape (pixels,).

    Returns:
        In [0, 1]; 0 where pixels mapped with confidence p are right in a share p of cases.

    >>> sure = np.array([[0.9, 0.1]] * 10)
    >>> round(expected_calibration_error(sure, np.array([0] * 8 + [1] * 2)), 6)
    0.1
    """
    confidence, mapped = probabilities.max(axis=1), probabilities.argmax(axis=1)
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, confidence - (mapped == labels), minlength=BINS)
    return float(np.abs(gaps).sum() / len(labels))


def temperature_of(scores: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The temperature T at which softmax(scores / T) has the least cross entropy (Guo et al. 2017, section 4.2).

    Args:
        scores: Of all classes, shape (pixels, classes).
        labels: True class ids, shape (pixels,).
    """
    wide = scores.astype(np.float64)
    at = np.arange(len(labels))

    def entropy(log_temperature: float) -> float:
        return -float(log_softmax(wide / np.exp(log_temperature), axis=1)[at, labels].mean())

    found = minimize_scalar(entropy, bounds=(np.log(LEAST), np.log(GREATEST)), method="bounded")
    return float(np.exp(found.x))


def calibrated(scores: NDArray[np.floating], labels: NDArray[np.integer], groups: NDArray[np.integer]) -> Calibration:
    """A temperature from held-out pixels, with the error before and after it.

    The error after is measured on pixels that did not choose the temperature: of two halves, parted by group (window of
    the judging land), each is judged with the other's. The temperature given is that of all, or 1 where the error after is
    not below the one before: what does not help one half with the other's will not help other land.

    Args:
        scores: Of all classes, shape (pixels, classes).
        labels: True class ids, shape (pixels,).
        groups: Number of the window of each pixel, shape (pixels,).
    """
    before = expected_calibration_error(softmax(scores.astype(np.float64), axis=1), labels)
    halves = groups % 2 == 0
    after = np.empty(scores.shape)
    for half in (halves, ~halves):
        other = ~half if (~half).any() else half
        after[half] = softmax(scores[half].astype(np.float64) / temperature_of(scores[other], labels[other]), axis=1)
    error = expected_calibration_error(after, labels)
    return Calibration(
        temperature=temperature_of(scores, labels) if error < before else 1.0,
        ece_before=before,
        ece_after=error,
        pixels=len(labels),
    )


class HeldOutScores:
    """Scores of labelled pixels of judging land from which to calibrate: so many from each window, and ``MOST`` in all."""

    def __init__(self, per_window: int = 2000) -> None:
        self.per_window = per_window
        self.kept = 0
        self.scores: list[torch.Tensor] = []
        self.labels: list[torch.Tensor] = []

    def add(self, scores: torch.Tensor, labels: torch.Tensor, known: torch.Tensor) -> None:
        """Keep evenly spaced pixels of each window of a batch.

        Args:
            scores: Class scores (N, classes, H, W).
            labels: Class ids (N, H, W).
            known: Where they are labelled (N, H, W).
        """
        for one, truth, where in zip(scores, labels, known, strict=True):
            found = one[:, where].T
            if len(found):
                step = -(-len(found) // self.per_window)
                self.scores.append(found[::step].float().cpu())
                self.labels.append(truth[where][::step].cpu())
                self.kept += len(self.labels[-1])
            if self.kept > MOST:
                self._thin()

    def _thin(self) -> None:
        """Keep every second pixel of each window, and take half as many of those that come."""
        self.per_window = max(1, self.per_window // 2)
        self.scores = [each[::2].clone() for each in self.scores]
        self.labels = [each[::2].clone() for each in self.labels]
        self.kept = sum(map(len, self.labels))

    def calibration(self) -> Calibration | None:
        """The calibration of what was kept; None below 100 pixels."""
        sizes: Sequence[int] = [len(labels) for labels in self.labels]
        if sum(sizes) < FEWEST:
            return None
        groups = np.repeat(np.arange(len(sizes)), sizes)
        return calibrated(torch.cat(self.scores).numpy(), torch.cat(self.labels).numpy(), groups)

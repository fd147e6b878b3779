import math

import pytest
import torch
from pydantic import ValidationError

from pitscape.imagery.errors import InputError
from pitscape.training.loss import Loss, LossSettings, class_weights

ONLY = {"cross_entropy": 0.0, "dice": 0.0, "focal": 0.0, "lovasz": 0.0}
LABELS = torch.tensor([[[0, 0, 1, 255]]])
SCORES = torch.tensor([[2.0, 0.0, 0.0, 9.0], [0.0, 0.0, 1.0, -9.0]]).reshape(1, 2, 1, 4)
P = [1 / (1 + math.exp(-2)), 0.5, 1 / (1 + math.exp(-1))]
"""Probability of the true class of each labelled pixel."""


def only(name: str, **more: object) -> Loss:
    return Loss(LossSettings.model_validate({**ONLY, name: 1.0, **more}), [2, 1])


def test_cross_entropy_is_the_mean_over_labelled_pixels() -> None:
    assert float(only("cross_entropy")(SCORES, LABELS)) == pytest.approx(-sum(map(math.log, P)) / 3)


def test_cross_entropy_with_weights_is_the_weighted_mean() -> None:
    expected = -(2 * math.log(P[0]) + 2 * math.log(P[1]) + math.log(P[2])) / 5
    assert float(only("cross_entropy", class_weights=(2.0, 1.0))(SCORES, LABELS)) == pytest.approx(expected)


def test_focal_is_cross_entropy_in_which_sure_pixels_hardly_count() -> None:
    expected = -sum((1 - p) ** 2 * math.log(p) for p in P) / 3
    assert float(only("focal")(SCORES, LABELS)) == pytest.approx(expected, rel=1e-5)


def test_dice_is_the_mean_over_classes() -> None:
    first = 2 * (P[0] + P[1]) / (2 + P[0] + P[1] + 1 - P[2])
    second = 2 * P[2] / (1 + P[2] + 1 - P[0] + 1 - P[1])
    assert float(only("dice")(SCORES, LABELS)) == pytest.approx(1 - (first + second) / 2, rel=1e-4)


def test_lovasz_of_a_perfect_and_of_a_wrong_map() -> None:
    """It equals 1 - IoU where probabilities are 0 or 1 (Berman et al. 2018)."""
    sure = torch.tensor([[60.0, 60.0, -60.0, 0.0], [-60.0, -60.0, 60.0, 0.0]]).reshape(1, 2, 1, 4)
    assert float(only("lovasz")(sure, LABELS)) == pytest.approx(0, abs=1e-5)
    assert float(only("lovasz")(-sure, LABELS)) == pytest.approx(1, abs=1e-5)
    half = sure.clone()
    half[..., 1] *= -1  # class 0: 1 of 2 cells; class 1: 1 of 2
    assert float(only("lovasz")(half, LABELS)) == pytest.approx(0.5, abs=1e-5)


def test_losses_add_up() -> None:
    parts = [float(only(name)(SCORES, LABELS)) for name in ONLY]
    amounts = {"cross_entropy": 1.0, "dice": 0.5, "focal": 2.0, "lovasz": 0.25}
    total = float(Loss(LossSettings.model_validate(amounts), [2, 1])(SCORES, LABELS))
    assert total == pytest.approx(sum(a * p for a, p in zip(amounts.values(), parts, strict=True)), rel=1e-5)


@pytest.mark.parametrize("name", list(ONLY))
def test_a_batch_without_labels_has_no_loss_and_no_gradient(name: str) -> None:
    scores = SCORES.clone().requires_grad_()
    loss = only(name)(scores, torch.full_like(LABELS, 255))
    loss.backward()
    assert float(loss.detach()) == 0
    assert scores.grad is not None
    assert not scores.grad.any()


def test_a_class_that_does_not_occur_has_no_weight() -> None:
    found = class_weights("balanced", [400, 100, 0])
    assert found is not None
    assert found.tolist() == pytest.approx([2 / 3, 4 / 3, 0])
    assert class_weights("none", [1, 2]) is None


def test_losses_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValidationError, match="one must be above 0"):
        LossSettings.model_validate(ONLY)
    with pytest.raises(InputError, match="3 weights for 2 classes"):
        only("cross_entropy", class_weights=(1.0, 2.0, 3.0))

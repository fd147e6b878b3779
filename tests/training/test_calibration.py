import numpy as np
import pytest
import torch

from pitscape.training.calibration import (
    HeldOutScores,
    calibrated,
    expected_calibration_error,
    temperature_of,
)


def sharpened(temperature: float, *, pixels: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Scores of a network that is too sure by a factor: labels are drawn from softmax(scores / temperature)."""
    rng = np.random.default_rng(0)
    true = rng.normal(0, 1.5, (pixels, 4))
    chances = np.exp(true) / np.exp(true).sum(axis=1, keepdims=True)
    labels = (chances.cumsum(axis=1) < rng.random((pixels, 1))).sum(axis=1)
    return true * temperature, labels


def test_error_by_hand() -> None:
    """Bin of 0.95: right in 1 of 2, gap 0.45; bin of 0.6: right in 1 of 1, gap 0.4; weights 2/3 and 1/3."""
    probabilities = np.array([[0.95, 0.05], [0.05, 0.95], [0.6, 0.4]])
    assert expected_calibration_error(probabilities, np.array([0, 0, 0])) == pytest.approx((2 * 0.45 + 0.4) / 3)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_sharpened_is_found(temperature: float) -> None:
    assert temperature_of(*sharpened(temperature)) == pytest.approx(temperature, rel=0.05)


def test_calibration_mends_what_was_too_sure() -> None:
    scores, labels = sharpened(3.0)
    found = calibrated(scores, labels, np.arange(len(labels)) // 100)
    assert found.ece_before > 0.2
    assert found.ece_after < 0.02
    assert found.pixels == len(labels)


def test_the_class_of_no_pixel_changes() -> None:
    scores, _ = sharpened(2.0, pixels=500)
    np.testing.assert_array_equal((scores / 2.7).argmax(axis=1), scores.argmax(axis=1))


def test_at_most_so_many_pixels_of_each_window_are_kept() -> None:
    kept = HeldOutScores(per_window=50)
    scores = torch.arange(2 * 3 * 20 * 20, dtype=torch.float32).reshape(2, 3, 20, 20)
    labels = torch.zeros(2, 20, 20, dtype=torch.int64)
    known = torch.zeros_like(labels, dtype=torch.bool)
    known[0] = True
    known[1, 0, :5] = True
    kept.add(scores, labels, known)
    assert [len(part) for part in kept.labels] == [50, 5]
    torch.testing.assert_close(kept.scores[1], scores[1, :, 0, :5].T)
    assert kept.calibration() is None


def test_memory_does_not_grow_with_the_land(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand windows of 100 pixels at most 5,000 pixels are kept, of early and of late windows as many."""
    monkeypatch.setattr("pitscape.training.calibration.MOST", 5000)
    kept = HeldOutScores(per_window=50)
    labels = torch.arange(1000).repeat_interleave(100).reshape(1000, 10, 10)
    for number in range(1000):
        window = labels[number : number + 1]
        kept.add(torch.zeros(1, 3, 10, 10), window, torch.ones_like(window, dtype=torch.bool))
    held = torch.cat(kept.labels)
    assert 2000 < len(held) == kept.kept <= 5000
    assert torch.bincount(held, minlength=1000).ge(1).all()
    assert abs(int((held < 500).sum()) - int((held >= 500).sum())) < 0.1 * len(held)


def test_a_temperature_that_does_not_carry_over_is_not_kept() -> None:
    """One half is too sure, the other too unsure: each half's temperature harms the other."""
    (sure, labels), (unsure, _) = sharpened(3.0), sharpened(1 / 3)
    groups = np.repeat([0, 1], len(labels))
    found = calibrated(np.concatenate([sure, unsure]), np.concatenate([labels, labels]), groups)
    assert found.ece_after > found.ece_before > 0
    assert found.temperature == 1.0

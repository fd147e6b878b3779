import numpy as np

from pitscape.imagery.sensor import load_sensor
from pitscape.training.augmentation import Jitter, jittered, turned

SENSOR = load_sensor("sentinel2_l2a")


def test_turns_are_the_eight_of_a_square_and_keep_labels_in_place() -> None:
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    labels = image[0].astype(np.uint8)
    found = set()
    for seed in range(60):
        stored, turned_labels = turned(image, labels, np.random.default_rng(seed))
        np.testing.assert_array_equal(stored[0], turned_labels)
        found.add(stored.tobytes())
    assert len(found) == 8


def test_jitter_changes_reflectance_and_not_the_unobserved() -> None:
    stored = np.full((2, 3, 3), 3000, np.float32)
    stored[:, 0, 0] = 0
    varied = jittered(stored, SENSOR, ("B02", "B03"), Jitter(gain=0.2, band_gain=0, offset=0), np.random.default_rng(0))
    assert (varied[:, 0, 0] == 0).all()
    gain = (varied[0, 1, 1] - 1000) / 2000
    np.testing.assert_allclose(varied[:, 1:, :], 1000 + 2000 * gain, rtol=1e-6)
    assert abs(gain - 1) > 1e-3


def test_no_jitter_changes_nothing() -> None:
    stored = np.full((2, 3, 3), 3000, np.float32)
    still = Jitter(gain=0, band_gain=0, offset=0)
    np.testing.assert_allclose(jittered(stored, SENSOR, ("B02", "B03"), still, np.random.default_rng(0)), stored)

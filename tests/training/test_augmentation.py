import numpy as np
import pytest
from numpy.typing import NDArray

from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.stack import Channels
from pitscape.training.augmentation import (
    Jitter,
    drawn_side,
    jittered,
    rescaled,
    turned,
    without_a_band,
    without_a_source,
)

SENSOR = load_sensor("sentinel2_l2a")
STILL = Jitter(gain=0, band_gain=0, offset=0)
BANDS = ("B02", "B04", "B12")
ONE = [Channels(SENSOR, BANDS[:1])]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def reflectance(jitter: Jitter, seed: int = 0, side: int = 3) -> NDArray[np.floating]:
    """What becomes of reflectance 0.2."""
    stored = np.full((3, side, side), 3000, np.float32)
    return SENSOR.physical(jittered(stored, SENSOR, BANDS, jitter, rng(seed)), BANDS)


def test_turns_are_the_eight_of_a_square_and_keep_labels_in_place() -> None:
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    labels = image[0].astype(np.uint8)
    found = set()
    for seed in range(60):
        stored, turned_labels = turned(image, labels, rng(seed))
        np.testing.assert_array_equal(stored[0], turned_labels)
        found.add(stored.tobytes())
    assert len(found) == 8


def test_jitter_changes_reflectance_and_not_the_unobserved() -> None:
    stored = np.full((2, 3, 3), 3000, np.float32)
    stored[:, 0, 0] = 0
    strong = Jitter(gain=0.2, band_gain=0, offset=0, haze=0.1, shadow=1)
    assert (jittered(stored, SENSOR, ("B02", "B03"), strong, rng())[:, 0, 0] == 0).all()
    varied = jittered(stored, SENSOR, ("B02", "B03"), Jitter(gain=0.2, band_gain=0, offset=0), rng())
    gain = (varied[0, 1, 1] - 1000) / 2000
    np.testing.assert_allclose(varied[:, 1:, :], 1000 + 2000 * gain, rtol=1e-6)
    assert abs(gain - 1) > 1e-3


def test_no_jitter_changes_nothing() -> None:
    np.testing.assert_allclose(reflectance(STILL), 0.2, rtol=1e-6)


def test_haze_brightens_the_blue_most() -> None:
    blue, red, infrared = reflectance(STILL.model_copy(update={"haze": 0.05}))[:, 0, 0] - 0.2
    assert blue > red > infrared > 0
    assert red / blue == pytest.approx((492 / 665) ** 1.6, rel=0.02)


def test_a_shadow_darkens_one_side_of_all_bands_alike() -> None:
    values = reflectance(STILL.model_copy(update={"shadow": 1.0}), side=64)
    np.testing.assert_allclose(values[0], values[2], rtol=1e-5)
    assert values.max() == pytest.approx(0.2, rel=0.02)
    assert 0.2 * 0.25 <= values.min() <= 0.2 * 0.72
    assert not any(np.ptp(reflectance(STILL, seed)) for seed in range(5))


def test_backscatter_is_shifted_in_decibels() -> None:
    """A factor of e to the power x is 4.343 x dB."""
    sensor = load_sensor("sentinel1_grd_db")
    stored = np.full((2, 2, 2), -12.0, np.float32)
    jitter = Jitter(gain=0.1, band_gain=0, offset=0.5)
    found = jittered(stored, sensor, ("VV", "VH"), jitter, rng(4)) + 12
    np.testing.assert_allclose(found, 4.342945 * rng(4).normal(0, 0.1), rtol=1e-4)


def test_elevation_is_shifted_alone() -> None:
    stored = np.array([[[100.0, 350.0]]], np.float32)
    found = jittered(stored, load_sensor("dem"), ("elevation",), Jitter(gain=0.5, offset=30), rng(1))
    assert np.ptp(found) == pytest.approx(250)
    assert found[0, 0, 0] != pytest.approx(100, abs=0.1)
    both = np.array([[[100.0, 350.0]], [[5.0, 12.0]]], np.float32)
    np.testing.assert_array_equal(
        jittered(both, load_sensor("dem"), ("elevation", "slope"), Jitter(offset=30), rng(1))[1], both[1]
    )


def test_a_dropped_band_is_its_mean_where_anything_was_observed() -> None:
    stored = np.full((3, 2, 2), 3000, np.float32)
    stored[:, 0, 0] = 0
    means = np.array([1100.0, 1200.0, 1300.0], np.float32)
    always = STILL.model_copy(update={"band_dropout": 1.0})
    dropped = {
        int(np.flatnonzero((without_a_band(stored, means, always, rng(s)) != stored).any(axis=(1, 2)))[0])
        for s in range(30)
    }
    assert dropped == {0, 1, 2}
    found = without_a_band(stored, means, always, rng())
    band = int(np.flatnonzero((found != stored).any(axis=(1, 2)))[0])
    assert found[band].tolist() == [[0, means[band]], [means[band], means[band]]]
    assert without_a_band(stored, means, STILL, rng()) is stored


def test_scales_are_drawn_evenly_about_the_window() -> None:
    sides = [drawn_side(100, Jitter(scale=0.5), rng(s)) for s in range(400)]
    assert (min(sides), max(sides)) == (pytest.approx(67, abs=2), pytest.approx(150, abs=2))
    assert drawn_side(100, STILL, rng()) == 100


@pytest.mark.parametrize("side", [6, 24])
def test_a_ramp_stays_a_ramp_and_labels_stay_with_it(side: int) -> None:
    """Interpolation is exact on a ramp; labels are those of the nearest pixel."""
    ramp = np.broadcast_to(np.arange(100, 112, dtype=np.float32), (1, 12, 12))
    labels = np.broadcast_to(np.arange(12, dtype=np.uint8), (12, 12))
    stored, found = rescaled(ramp, labels, ONE, side)
    centres = (np.arange(side) + 0.5) * 12 / side - 0.5
    np.testing.assert_allclose(stored[0, 3], 100 + np.clip(centres, 0, 11), rtol=1e-6)
    assert found[3].tolist() == np.minimum(np.floor(centres + 0.5), 11).astype(int).tolist()


def test_rescaling_does_not_mix_in_what_was_not_observed() -> None:
    stored = np.full((2, 8, 8), 3000, np.float32)
    stored[:, :, :3] = 0
    found, _ = rescaled(stored, np.zeros((8, 8), np.uint8), [Channels(SENSOR, BANDS[:2])], 20)
    assert set(np.unique(found.round(2))) == {0.0, 3000.0}


def test_one_of_several_sources_is_missing_and_never_the_last() -> None:
    sources = [Channels(SENSOR, BANDS[:2]), Channels(load_sensor("dem"), ("elevation",))]
    always = STILL.model_copy(update={"source_dropout": 1.0})
    stored = np.full((3, 2, 2), 3000, np.float32)
    found = {tuple((without_a_source(stored, sources, always, rng(s)) != 0).any(axis=(1, 2))) for s in range(20)}
    assert found == {(True, True, False), (False, False, True)}
    assert (without_a_source(stored[:2], sources[:1], always, rng()) == 3000).all()
    stored[2] = 0
    assert (without_a_source(stored, sources, always, rng()) == stored).all()


def test_rescaling_keeps_the_gaps_of_each_source() -> None:
    sources = [Channels(SENSOR, BANDS[:2]), Channels(load_sensor("dem"), ("elevation",))]
    stored = np.full((3, 8, 8), 3000, np.float32)
    stored[2, :, :4] = 0
    found, _ = rescaled(stored, np.zeros((8, 8), np.uint8), sources, 16)
    assert (found[:2] == 3000).all()
    assert (found[2, :, :8] == 0).all()
    assert (found[2, :, 8:] == 3000).all()

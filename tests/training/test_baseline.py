from collections.abc import Sequence
from pathlib import Path

import numpy as np
from labelled_land import columns_of, read_labelled_scenes
from small_scenes import write_labelled_scenes

from pitscape.imagery.confusion import Counts, scores
from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.stack import Channels
from pitscape.training.baseline import forest_counts, pixel_features, pixel_network_counts
from pitscape.training.land import Land


def test_features_are_reflectance_ndvi_and_ndwi() -> None:
    sensor = load_sensor("sentinel2_l2a")
    stored = np.array([[2000.0], [1500.0], [5000.0]], np.float32)  # green 0.1, red 0.05, near infrared 0.4
    found = pixel_features(stored, [Channels(sensor, ("B03", "B04", "B08"))])
    np.testing.assert_allclose(found, [[0.1, 0.05, 0.4, 0.35 / 0.45, -0.6]], rtol=1e-5)


def test_a_forest_learns_classes_that_a_band_tells_apart(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path)
    scenes = read_labelled_scenes(tmp_path)
    left, right = columns_of(scenes, 0, 48), columns_of(scenes, 48, None)
    counts = forest_counts(left, right, classes=4, trees=20)
    _check(counts, right)


def test_a_network_of_single_pixels_learns_them_too(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path)
    scenes = read_labelled_scenes(tmp_path)
    right = columns_of(scenes, 48, None)
    _check(pixel_network_counts(columns_of(scenes, 0, 48), right, classes=4), right)


def _check(counts: Counts, right: Sequence[Land]) -> None:
    assert counts.sum() == sum((land.pixels(land.area)[1] != 255).sum() for land in right)
    assert scores(counts).macro_iou > 0.99

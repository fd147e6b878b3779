from pathlib import Path

import numpy as np
from small_scenes import BANDS, write_labelled_scenes

from pitscape.imagery.confusion import scores
from pitscape.imagery.legend import load_legend
from pitscape.imagery.sensor import load_sensor
from pitscape.inference.tiles import Area
from pitscape.training.baseline import forest_counts, pixel_features
from pitscape.training.labelled import labelled_scenes


def test_features_are_reflectance_ndvi_and_ndwi() -> None:
    sensor = load_sensor("sentinel2_l2a")
    stored = np.array([[2000.0], [1500.0], [5000.0]], np.float32)  # green 0.1, red 0.05, near infrared 0.4
    found = pixel_features(stored, sensor, ("B03", "B04", "B08"))
    np.testing.assert_allclose(found, [[0.1, 0.05, 0.4, 0.35 / 0.45, -0.6]], rtol=1e-5)


def test_a_forest_learns_classes_that_a_band_tells_apart(tmp_path: Path) -> None:
    write_labelled_scenes(tmp_path)
    codes = load_legend().crosswalk({1: "mined", 2: "occupied", 3: "vegetated", 4: "water"})
    scenes = labelled_scenes(
        tmp_path / "images", tmp_path / "masks", sensor=load_sensor("sentinel2_l2a"), bands=BANDS, codes=codes
    )
    left, right = ([(s, Area(0, 64, a, b)) for s in scenes] for a, b in ((0, 48), (48, 96)))
    counts = forest_counts(left, right, classes=4, trees=20)
    assert counts.sum() == sum((s.pixels(r)[1] != 255).sum() for s, r in right)
    assert scores(counts).macro_iou > 0.99

"""The baseline that a network has to beat: a random forest on single pixels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from pitscape.imagery.confusion import Counts, confusion_counts
from pitscape.imagery.errors import InputError
from pitscape.imagery.indices import normalised_difference
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.sensor import Sensor
from pitscape.training.land import Land

MOST_PIXELS = 200_000
"""Pixels that a forest is trained on at most; more cost minutes and change nothing."""

INDEX_BANDS = (("nir", "red"), ("green", "nir"))
"""NDVI and NDWI join the bands where the sensor has them."""


def forest_counts(
    training: Sequence[Land], judging: Sequence[Land], *, classes: int, trees: int = 200, seed: int = 0
) -> Counts:
    """Train a balanced random forest on labelled pixels and count its agreement on other land.

    Args:
        training: The land that trains the network.
        judging: The land that judges the network.
        classes: Number of classes.
        trees: Size of the forest.
        seed: Of the forest, and of the ``MOST_PIXELS`` drawn where there are more.

    Returns:
        Confusion counts over all judging land.

    Raises:
        InputError: If there is no labelled pixel to train on.
    """
    pixels = [_labelled_pixels(land) for land in training]
    features, labels = (np.concatenate(columns) for columns in zip(*pixels, strict=True))
    if len(labels) == 0:
        raise InputError(
            f"{training[0].scene.source.path.parent}: no labelled pixel in the training land; check the crosswalk."
        )
    drawn = np.random.default_rng(seed).permutation(len(labels))[:MOST_PIXELS]
    forest = RandomForestClassifier(trees, class_weight="balanced_subsample", n_jobs=-1, random_state=seed)
    forest.fit(features[drawn], labels[drawn])
    counts = np.zeros((classes, classes), np.int64)
    for land in judging:
        features, labels = _labelled_pixels(land)
        if len(labels):
            counts += confusion_counts(forest.predict(features), labels, classes=classes)
    return counts


def pixel_features(stored: NDArray[np.float32], sensor: Sensor, bands: Sequence[str]) -> NDArray[np.float32]:
    """Reflectance per band with NDVI and NDWI, as a table.

    Args:
        stored: Stored numbers (band, pixel).
        sensor: Says what they mean.
        bands: Names of the bands.

    Returns:
        Shape (pixel, band + indices).
    """
    reflectance = sensor.physical(stored, bands).astype(np.float32)
    common = [sensor.band(name).common_name for name in bands]
    pairs = [pair for pair in INDEX_BANDS if set(pair) <= set(common)]
    indices = [
        np.nan_to_num(normalised_difference(reflectance[common.index(a)], reflectance[common.index(b)]))
        for a, b in pairs
    ]
    return np.vstack([reflectance, *indices]).T


def _labelled_pixels(land: Land) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    features, classes = [], []
    for strip in land.strips():
        stored, labels = land.pixels(strip)
        known = labels != UNOBSERVED
        features.append(pixel_features(stored[:, known], land.scene.sensor, land.scene.bands))
        classes.append(labels[known])
    return np.concatenate(features), np.concatenate(classes)

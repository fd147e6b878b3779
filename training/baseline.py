"""The baselines that a network has to beat: a random forest and a small network, on single pixels."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pitscape.imagery.confusion import Counts, confusion_counts
from pitscape.imagery.errors import InputError
from pitscape.imagery.indices import normalised_difference
from pitscape.imagery.legend import UNOBSERVED
from pitscape.imagery.stack import Channels, slices_of
from pitscape.training.land import Land

MOST_PIXELS = 200_000
"""Pixels that a forest is trained on at most; more cost minutes and change nothing."""

MOST_BALANCED = 60_000
"""Pixels that the per-pixel network is trained on at most, over all classes."""

INDEX_BANDS = (("nir", "red"), ("green", "nir"))
"""NDVI and NDWI join the bands where the sensor has them."""


class Classifier(Protocol):
    """A classifier of scikit-learn."""

    def fit(self, features: NDArray[np.float32], labels: NDArray[np.uint8]) -> object:
        """Learn from features (pixel, feature) and class ids (pixel,)."""

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Class ids (pixel,) of features (pixel, feature)."""


def forest_counts(training: Sequence[Land], judging: Sequence[Land], *, classes: int, trees: int = 200) -> Counts:
    """Train a balanced random forest on labelled pixels and count its agreement on other land.

    Args:
        training: The land that trains the network.
        judging: The land that judges the network.
        classes: Number of classes.
        trees: Size of the forest.

    Returns:
        Confusion counts over all judging land.

    Raises:
        InputError: If there is no labelled pixel to train on.
    """
    return agreement(random_forest(training, trees=trees), judging, classes)


def random_forest(training: Sequence[Land], *, trees: int = 200, seed: int = 0) -> Classifier:
    """A forest that weighs classes alike, trained on labelled pixels.

    Args:
        training: The land with the pixels.
        trees: Size of the forest.
        seed: Of the forest, and of the ``MOST_PIXELS`` drawn where there are more.

    Raises:
        InputError: If there is no labelled pixel to train on.
    """
    forest = RandomForestClassifier(trees, class_weight="balanced_subsample", n_jobs=-1, random_state=seed)
    features, labels = _drawn(training, seed)
    trained: Classifier = forest.fit(features, labels)
    return trained


def pixel_network_counts(training: Sequence[Land], judging: Sequence[Land], *, classes: int, seed: int = 0) -> Counts:
    """Train a small dense network on labelled pixels (Kumar 2024) and count its agreement on other land.

    Two hidden layers of 64 and 32; as many pixels of each class, repeated where a class has fewer.

    Args:
        training: The land that trains the network.
        judging: The land that judges the network.
        classes: Number of classes.
        seed: Of the network and of all draws.

    Returns:
        Confusion counts over all judging land.

    Raises:
        InputError: If there is no labelled pixel to train on.
    """
    features, labels = _drawn(training, seed)
    rng = np.random.default_rng(seed)
    found = np.unique(labels)
    per_class = min(len(labels), MOST_BALANCED) // len(found)
    rows = np.concatenate([rng.choice(np.flatnonzero(labels == each), per_class) for each in found])
    network = make_pipeline(
        StandardScaler(), MLPClassifier((64, 32), early_stopping=True, max_iter=60, random_state=seed)
    )
    return agreement(network.fit(features[rows], labels[rows]), judging, classes)


def agreement(classifier: Classifier, judging: Sequence[Land], classes: int) -> Counts:
    """Confusion counts of a classifier of single pixels over all judging land."""
    counts = np.zeros((classes, classes), np.int64)
    for land in judging:
        features, labels = _labelled_pixels(land)
        if len(labels):
            counts += confusion_counts(classifier.predict(features), labels, classes=classes)
    return counts


def pixel_features(stored: NDArray[np.float32], sources: Sequence[Channels]) -> NDArray[np.float32]:
    """Physical values per band of all sources, with NDVI and NDWI of the first, as a table.

    Args:
        stored: Stored numbers (channel, pixel).
        sources: Say what they mean.

    Returns:
        Shape (pixel, channel + indices).
    """
    values = [
        source.sensor.physical(stored[part], source.bands).astype(np.float32)
        for part, source in zip(slices_of(sources), sources, strict=True)
    ]
    reflectance = values[0]
    common = [sources[0].sensor.band(name).common_name for name in sources[0].bands]
    pairs = [pair for pair in INDEX_BANDS if set(pair) <= set(common)]
    indices = [
        np.nan_to_num(normalised_difference(reflectance[common.index(a)], reflectance[common.index(b)]))
        for a, b in pairs
    ]
    return np.vstack([*values, *indices]).T


def _drawn(training: Sequence[Land], seed: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Features and classes of labelled pixels, of all or of as many as are of use."""
    pixels = [_labelled_pixels(land) for land in training]
    features, labels = (np.concatenate(columns) for columns in zip(*pixels, strict=True))
    if len(labels) == 0:
        folder = training[0].scene.labels_from.path.parent
        raise InputError(f"{folder}: no labelled pixel in the training land; check the crosswalk.")
    drawn = np.random.default_rng(seed).permutation(len(labels))[:MOST_PIXELS]
    return features[drawn], labels[drawn]


def _labelled_pixels(land: Land) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    features, classes = [], []
    for strip in land.strips():
        stored, labels = land.pixels(strip)
        known = labels != UNOBSERVED
        features.append(pixel_features(stored[:, known], land.scene.channels))
        classes.append(labels[known])
    return np.concatenate(features), np.concatenate(classes)

"""Tiles of real scenes on which the ways to run a network are compared."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.imagery.reading import Reading
from pitscape.inference.admission import check_resolution
from pitscape.inference.joint_scene import open_joint
from pitscape.inference.scene_source import SceneSource
from pitscape.models.card import ModelCard
from pitscape.models.deepness import tile_at
from pitscape.models.parity_cases import Parity, compared
from pitscape.models.routes import Route
from pitscape.progress import bar

INTEGERS = (np.uint8, np.uint16, np.int16)


def compare_scenes(
    scenes: Sequence[Path], reference: Route, others: Mapping[str, Route], card: ModelCard, *, side: int
) -> list[dict[str, Parity]]:
    """Compare the ways on all tiles of scenes, side by side without overlap, filled up with 0 at the edge as in Deepness.

    Args:
        scenes: Of the network's first source, or of one that is recognised; the others count as missing.
        reference: What the others are compared with.
        others: By name.
        card: Of the network.
        side: Of the tiles [px].

    Returns:
        For each scene, by name of the way, over observed pixels.

    Raises:
        InputError: If a scene does not fit the card.
    """
    found = []
    for path in scenes:
        results = dict.fromkeys(others, Parity())
        with bar(path.name) as progress:
            for done, (stored, observed, total) in enumerate(_tiles(path, card, side), start=1):
                if observed.any():
                    expected = reference(stored)
                    for name, way in others.items():
                        results[name] += compared(expected, way(stored), observed)
                progress(done, total)
        found.append(results)
    return found


def _tiles(path: Path, card: ModelCard, side: int) -> Iterator[tuple[NDArray[Any], NDArray[np.bool_], int]]:
    """Stored numbers (1, channels, side, side), where they were observed (1, side, side), and how many tiles there are."""
    with open_joint([SceneSource(path)], card, Reading()) as scene:
        check_resolution(scene, card.gsd_m)
        height, width = scene.grid.shape
        places = [(row, column) for row in range(0, height, side) for column in range(0, width, side)]
        for row, column in places:
            stored, observed = scene.read(slice(row, min(row + side, height)), slice(column, min(column + side, width)))
            filled = tile_at(as_rasters_hold(stored), 0, 0, side)
            yield filled[None], tile_at(observed[None], 0, 0, side).astype(np.bool_), len(places)


def as_rasters_hold(stored: NDArray[np.float32]) -> NDArray[Any]:
    """Numbers in the least type of integers that holds them all exactly, as the raster had them; else in float32.

    >>> [as_rasters_hold(np.array([n], np.float32)).dtype.name for n in (255, 3000, -9, 0.5)]
    ['uint8', 'uint16', 'int16', 'float32']
    """
    for integers in INTEGERS:
        limits = np.iinfo(integers)
        if stored.min() >= limits.min and stored.max() <= limits.max and (stored == np.rint(stored)).all():
            return stored.astype(integers)
    return stored

import tracemalloc
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from small_scenes import SceneMaker, stored_numbers

from pitscape.imagery.scene import open_scene
from pitscape.inference.blend import blended_rows
from pitscape.inference.tiles import Tiles
from pitscape.models.card import ModelCard


@dataclass
class PixelwisePredictor:
    """Probabilities from each pixel's own numbers: whatever the tiles, the map must be the same."""

    card: ModelCard
    batches: list[int] = field(default_factory=list)

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        self.batches.append(len(stored))
        scores = np.exp(stored[:, :4] / 2000)
        return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


@dataclass
class ConstantPredictor:
    card: ModelCard

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        shares = np.array([0.1, 0.2, 0.3, 0.4], np.float32)[None, :, None, None]
        return np.broadcast_to(shares, (len(stored), 4, *stored.shape[2:]))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 50), (31, 33), (49, 32), (64, 65)])
@pytest.mark.parametrize(("tile", "overlap", "batch"), [(32, 8, 4), (16, 15, 3), (16, 0, 1), (100, 20, 2)])
def test_tiled_is_whole(
    write_scene: SceneMaker, card: ModelCard, height: int, width: int, tile: int, overlap: int, batch: int
) -> None:
    stored = stored_numbers(height, width)
    predictor = PixelwisePredictor(card)
    tiles = Tiles(height=height, width=width, tile=tile, overlap=overlap)
    with open_scene(write_scene(stored), card.sensor) as scene:
        rows = list(blended_rows(scene, predictor, tiles, batch=batch))
    assert [r.start for r in rows] == [0, *np.cumsum([r.observed.shape[0] for r in rows])[:-1]]
    found = np.concatenate([r.probabilities for r in rows], axis=1)
    np.testing.assert_allclose(found, predictor.probabilities(stored[None].astype(np.float32))[0], atol=2e-6)
    assert max(predictor.batches[:-1]) <= batch


def test_a_constant_network_gives_a_constant_map_to_the_last_corner(write_scene: SceneMaker, card: ModelCard) -> None:
    tiles = Tiles(height=45, width=39, tile=16, overlap=12)
    with open_scene(write_scene(stored_numbers(45, 39)), card.sensor) as scene:
        for rows in blended_rows(scene, ConstantPredictor(card), tiles, batch=5):
            expected = np.broadcast_to(np.array([0.1, 0.2, 0.3, 0.4])[:, None, None], rows.probabilities.shape)
            np.testing.assert_allclose(rows.probabilities, expected, atol=1e-6)


def test_many_overlaps_do_not_overflow(write_scene: SceneMaker, card: ModelCard) -> None:
    """Each pixel in up to 256 tiles: vote counts in one byte would wrap."""
    tiles = Tiles(height=20, width=40, tile=16, overlap=15)
    with open_scene(write_scene(stored_numbers(20, 40)), card.sensor) as scene:
        rows = list(blended_rows(scene, ConstantPredictor(card), tiles, batch=8))
    np.testing.assert_allclose(np.concatenate([r.probabilities for r in rows], axis=1)[3], 0.4, atol=1e-5)


def test_tiles_without_an_observed_pixel_do_not_go_through_the_network(
    write_scene: SceneMaker, card: ModelCard
) -> None:
    stored = stored_numbers(32, 96)
    stored[:, :, 30:] = 0
    predictor, done = PixelwisePredictor(card), []
    tiles = Tiles(height=32, width=96, tile=32, overlap=0)
    with open_scene(write_scene(stored), card.sensor) as scene:
        rows = list(blended_rows(scene, predictor, tiles, batch=1, on_tile=done.append))
    assert predictor.batches == [1]
    assert sum(done) == len(tiles)
    assert rows[0].observed[:, :30].all()
    assert not rows[0].observed[:, 30:].any()


def test_memory_does_not_grow_with_the_height_of_the_scene(write_scene: SceneMaker, card: ModelCard) -> None:
    peaks = []
    for height in (128, 1024):
        tiles = Tiles(height=height, width=200, tile=64, overlap=16)
        with open_scene(write_scene(stored_numbers(height, 200), f"s{height}_20230709.tif"), card.sensor) as scene:
            tracemalloc.start()
            for _ in blended_rows(scene, ConstantPredictor(card), tiles, batch=2):
                pass
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]

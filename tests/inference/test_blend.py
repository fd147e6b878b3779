import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from predictors import SHARES, ConstantPredictor, ConvolvingPredictor, PixelwisePredictor
from rasterio.shutil import copy
from small_scenes import SceneMaker, stored_numbers

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.imagery.scene import open_scene
from pitscape.inference import chunks
from pitscape.inference.blend import Failure, blended_rows
from pitscape.inference.chunks import LEAST_SIDE
from pitscape.inference.predictor import Predictor
from pitscape.inference.stream import Crew
from pitscape.inference.tiles import Area, Tiles
from pitscape.models.card import ModelCard

Probabilities = NDArray[np.float32]


def blended(scene: Path, predictor: Predictor, tiles: Tiles, area: Area | None = None, **crew: int) -> Probabilities:
    """All rows of an area, checked to follow one another."""
    with open_scene(scene, predictor.card.sensor, bands=predictor.card.bands) as opened:
        first, found = None, []
        for rows in blended_rows(opened, predictor, tiles, area, crew=Crew(**crew)):
            first = rows.start if first is None else first
            assert rows.start == first + sum(part.shape[1] for part in found)
            found.append(rows.probabilities.copy())
    return np.concatenate(found, axis=1)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 70), (7, 50), (31, 33), (49, 32), (64, 65)])
@pytest.mark.parametrize(("tile", "overlap", "batch"), [(32, 8, 4), (16, 15, 3), (16, 0, 1), (100, 20, 2)])
def test_tiled_is_whole(
    write_scene: SceneMaker, card: ModelCard, height: int, width: int, tile: int, overlap: int, batch: int
) -> None:
    stored = stored_numbers(height, width)
    predictor = PixelwisePredictor(card)
    tiles = Tiles(height=height, width=width, tile=tile, overlap=overlap)
    found = blended(write_scene(stored), predictor, tiles, batch=batch)
    np.testing.assert_allclose(found, predictor.probabilities(stored[None].astype(np.float32))[0], atol=2e-6)
    assert predictor.batches[:-2] == [batch] * (len(predictor.batches) - 2)  # full, the last one excepted


@pytest.mark.parametrize(("tile", "overlap"), [(8, 0), (8, 4), (9, 8)])
def test_a_constant_network_gives_a_constant_map_at_every_size(
    write_scene: SceneMaker, card: ModelCard, tile: int, overlap: int
) -> None:
    for size in range(1, 3 * tile + 3):
        tiles = Tiles(height=size, width=3 * tile + 3 - size, tile=tile, overlap=overlap)
        scene = write_scene(stored_numbers(tiles.height, tiles.width))
        found = blended(scene, ConstantPredictor(card), tiles, batch=5)
        assert found.shape == (4, tiles.height, tiles.width)
        np.testing.assert_allclose(found, np.broadcast_to(np.array(SHARES)[:, None, None], found.shape), atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(100, 130), (61, 40), (20, 200)])
def test_a_network_that_sees_no_further_than_the_halo_gives_the_untiled_prediction(
    write_scene: SceneMaker, card: ModelCard, height: int, width: int
) -> None:
    """Tiles that overlap by four times the radius, with zeros beyond their edges."""
    stored, predictor = stored_numbers(height, width), ConvolvingPredictor(card, radius=3)
    tiles = Tiles(height=height, width=width, tile=40, overlap=12)
    whole = predictor.probabilities(stored[None].astype(np.float32))[0]
    found = blended(write_scene(stored), predictor, tiles)
    np.testing.assert_allclose(found, whole, atol=1e-5)
    narrow = blended(write_scene(stored), predictor, Tiles(height=height, width=width, tile=40, overlap=4))
    assert np.abs(narrow - whole).max() > 1e-3  # the halo is what does it


def test_many_overlaps_do_not_overflow(write_scene: SceneMaker, card: ModelCard) -> None:
    """Each pixel in up to 256 tiles: vote counts in one byte would wrap."""
    tiles = Tiles(height=20, width=40, tile=16, overlap=15)
    found = blended(write_scene(stored_numbers(20, 40)), ConstantPredictor(card), tiles, batch=8)
    np.testing.assert_allclose(found[3], 0.4, atol=1e-5)


def test_any_area_by_any_crew_is_bit_by_bit_that_part_of_the_whole(write_scene: SceneMaker, card: ModelCard) -> None:
    scene, tiles = write_scene(stored_numbers(120, 150)), Tiles(height=120, width=150, tile=32, overlap=12)
    predictor = ConvolvingPredictor(card)
    whole = blended(scene, predictor, tiles)
    rng = np.random.default_rng(1)
    for _ in range(12):
        top, left = int(rng.integers(0, 110)), int(rng.integers(0, 140))
        area = Area(top, int(rng.integers(top + 1, 121)), left, int(rng.integers(left + 1, 151)))
        crew = {name: int(rng.integers(1, 5)) for name in ("lanes", "batch", "readers")}
        found = blended(scene, predictor, tiles, area, **crew)
        np.testing.assert_array_equal(found, whole[:, area.rows, area.columns])


def test_tiles_without_an_observed_pixel_do_not_go_through_the_network(
    write_scene: SceneMaker, card: ModelCard
) -> None:
    stored = stored_numbers(32, 96)
    stored[:, :, 30:] = 0
    predictor, done = PixelwisePredictor(card), []
    tiles = Tiles(height=32, width=96, tile=32, overlap=0)
    with open_scene(write_scene(stored), card.sensor) as scene:
        rows = next(blended_rows(scene, predictor, tiles, valid=True, on_tile=done.append))
        assert rows.observed[:, :30].all()
        assert not rows.observed[:, 30:].any()
        np.testing.assert_allclose(rows.valid[:, :32], 30 / 32)
        np.testing.assert_array_equal(rows.valid[:, 32:], 0)
    assert predictor.batches == [1]
    assert done == [None] * len(tiles)


def _uneven(stored: Probabilities) -> Probabilities:
    """Sums of 1 in the mean, of 0 and 2 by pixel."""
    found = np.full((len(stored), 4, *stored.shape[2:]), 0.5, np.float32)
    found[..., ::2] = 0
    return found


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (lambda x: np.full((len(x), 4, *x.shape[2:]), np.nan, np.float32), "not finite"),
        (lambda x: np.full((len(x), 4, *x.shape[2:]), np.inf, np.float32), "not finite"),
        (lambda x: np.full((len(x), 4, 3, 3), 0.25, np.float32), r"shape \(1, 4, 3, 3\), not"),
        (lambda x: np.full((len(x), 4, *x.shape[2:]), 0.5, np.float32), r"no probabilities \(pixels sum to 2 to 2\)"),
        (_uneven, r"no probabilities \(pixels sum to 0 to 2\)"),
        (lambda _: 1 / 0, "division by zero"),
    ],
)
def test_a_network_that_fails_ends_the_run_or_is_listed(
    write_scene: SceneMaker, card: ModelCard, answer: object, problem: str
) -> None:
    class Failing(ConstantPredictor):
        def probabilities(self, stored: Probabilities) -> Probabilities:
            return answer(stored) if (stored == 1).any() else super().probabilities(stored)

    stored = stored_numbers(32, 90)
    stored[0, 15, 45] = 1
    scene, tiles = write_scene(stored), Tiles(height=32, width=90, tile=32, overlap=3)
    with pytest.raises(PitscapeError, match=rf"the tile at row 0, column 29 failed: .*{problem}"):
        blended(scene, Failing(card), tiles)
    told: list[Failure | None] = []
    with open_scene(scene, card.sensor) as opened:
        rows = next(blended_rows(opened, Failing(card), tiles, crew=Crew(skip_failed=True), on_tile=told.append))
        np.testing.assert_array_equal(rows.observed.all(axis=0), [not 29 <= c < 61 for c in range(90)])
    assert [each.area for each in told if each] == [Area(0, 32, 29, 61)]


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_that_cannot_be_read_lose_their_tiles_alone(
    write_scene: SceneMaker, card: ModelCard, tmp_path: Path, threads: int
) -> None:
    """Several rows and columns of tiles, each over several pieces; the first block is damaged."""
    scene = tmp_path / "bad_20230709.tif"
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "DEFLATE"}
    copy(write_scene(stored_numbers(1216, 1300)), scene, driver="GTiff", **layout)
    with rasterio.open(scene) as dataset:
        start = int(dataset.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1))
    content = bytearray(scene.read_bytes())
    content[start : start + 2000] = bytes(2000)
    scene.write_bytes(content)
    tiles = Tiles(height=1216, width=1300, tile=640, overlap=64)
    with open_scene(scene, card.sensor) as opened:
        crew = Crew(lanes=threads, readers=threads, skip_failed=True)
        seen = [rows.observed.copy() for rows in blended_rows(opened, ConstantPredictor(card), tiles, crew=crew)]
    lost = np.argwhere(~np.concatenate(seen))
    assert lost.max(axis=0).tolist() == [639, 639]
    assert len(lost) == 640 * 640


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_one_bad_tile_fails_no_other_of_its_batch(write_scene: SceneMaker, card: ModelCard, batch: int) -> None:
    class Failing(ConstantPredictor):
        def probabilities(self, stored: Probabilities) -> Probabilities:
            return super().probabilities(stored) * np.float32(np.nan if (stored == 1).any() else 1)

    stored = stored_numbers(16, 160)
    stored[0, 8, 72] = 1
    tiles = Tiles(height=16, width=160, tile=16, overlap=0)
    with open_scene(write_scene(stored), card.sensor) as opened:
        rows = next(blended_rows(opened, Failing(card), tiles, crew=Crew(batch=batch, skip_failed=True)))
        np.testing.assert_array_equal(rows.observed.all(axis=0), [not 64 <= c < 80 for c in range(160)])


def test_what_cannot_be_read_ends_the_run_or_is_listed(
    write_scene: SceneMaker, card: ModelCard, tmp_path: Path
) -> None:
    scene = tmp_path / "cut_20230709.tif"
    copy(write_scene(stored_numbers(600, 64)), scene, driver="GTiff", compress="DEFLATE")
    scene.write_bytes(scene.read_bytes()[: scene.stat().st_size // 2])
    tiles = Tiles(height=600, width=64, tile=64, overlap=8)
    with pytest.raises(InputError, match=r"20230709\.tif: is damaged or cut off"):
        blended(scene, ConstantPredictor(card), tiles)
    told: list[Failure | None] = []
    with open_scene(scene, card.sensor) as opened:
        crew = Crew(skip_failed=True)
        seen = [
            r.observed.copy()
            for r in blended_rows(opened, ConstantPredictor(card), tiles, crew=crew, on_tile=told.append)
        ]
    lost = [each.area.top for each in told if each]
    assert lost
    observed = np.concatenate(seen).all(axis=1)
    assert observed[: lost[0]].all()
    assert not observed[lost[0] :].any()


def test_each_piece_is_read_once_and_not_far_ahead_of_the_network(
    write_scene: SceneMaker, card: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network stops at its third call and waits, while readers could go on."""
    calls, reads, go_on = [], [], threading.Event()

    class Waiting(ConstantPredictor):
        def probabilities(self, stored: Probabilities) -> Probabilities:
            calls.append(len(stored))
            if len(calls) == 3:
                go_on.wait()
            return super().probabilities(stored)

    with open_scene(write_scene(stored_numbers(64, 12800)), card.sensor) as scene:
        read = type(scene).read
        monkeypatch.setattr(type(scene), "block_shape", (64, 64))
        monkeypatch.setattr(type(scene), "read", lambda *a, **k: (reads.append(1), read(*a, **k))[1])
        tiles = Tiles(height=64, width=12800, tile=64, overlap=0)
        rows = blended_rows(scene, Waiting(card), tiles, crew=Crew(lanes=1, readers=2))
        waiting = threading.Timer(0.5, lambda: (reads.append(-len(reads)), go_on.set()))
        waiting.start()
        for _ in rows:
            pass
    read_while_waiting = -min(reads)
    assert read_while_waiting <= 8
    assert len(reads) - 1 == 12800 // LEAST_SIDE


def test_memory_does_not_grow_with_the_height_of_the_scene(
    write_scene: SceneMaker, card: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "LEAST_SIDE", 64)
    peaks = []
    for height in (1024, 8192):
        tiles = Tiles(height=height, width=200, tile=64, overlap=16)
        with open_scene(write_scene(stored_numbers(height, 200), f"s{height}_20230709.tif"), card.sensor) as scene:
            tracemalloc.start()
            for _ in blended_rows(scene, ConstantPredictor(card), tiles):
                pass
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]

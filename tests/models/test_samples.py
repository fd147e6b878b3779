from pathlib import Path

import numpy as np
import pytest
from several_sources import several_card
from small_scenes import SceneMaker, stored_numbers

from pitscape.imagery.errors import InputError
from pitscape.models.card import ModelCard
from pitscape.models.samples import SETTING, folder_samples


def test_every_second_window_sets_ranges_and_the_others_judge(
    write_scene: SceneMaker, card: ModelCard, tmp_path: Path
) -> None:
    pixels = stored_numbers(64, 96)
    path = write_scene(pixels)
    samples = folder_samples(tmp_path, card.sources, side=32)
    rows_and_columns = [(row, column) for row in (0, 32) for column in (0, 32, 64)]
    expected = [pixels[:, row : row + 32, column : column + 32] for row, column in rows_and_columns]
    np.testing.assert_array_equal(samples.setting, expected[::2])
    np.testing.assert_array_equal([stored for stored, _ in samples.judging], expected[1::2])
    assert all((labels == 255).all() for _, labels in samples.judging)
    assert samples.files == (path,)


def test_windows_are_in_the_convention_of_the_sensor(write_scene: SceneMaker, card: ModelCard, tmp_path: Path) -> None:
    """Sentinel-2 before 2022 lacks the offset: 1000 is added."""
    pixels = stored_numbers(32, 64)
    write_scene(pixels, "scene_20190709.tif")
    samples = folder_samples(tmp_path, card.sources, side=32)
    np.testing.assert_array_equal(samples.setting[0], pixels[:, :, :32] + 1000.0)


def test_what_lies_beyond_an_image_is_unobserved(write_scene: SceneMaker, card: ModelCard, tmp_path: Path) -> None:
    for number in (1, 2):
        write_scene(stored_numbers(20, 30, seed=number), f"scene_2023070{number}.tif")
    (window,) = folder_samples(tmp_path, card.sources, side=32).setting
    assert (window[:, :20, :30] > 0).all()
    assert not window[:, 20:].any()
    assert not window[:, :, 30:].any()


def test_windows_of_many_are_spread_over_all(write_scene: SceneMaker, card: ModelCard, tmp_path: Path) -> None:
    """Each window of 8 px holds its own number."""
    numbers = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30) + 1000
    write_scene(np.tile(np.kron(numbers, np.ones((8, 8), np.uint16)), (10, 1, 1)))
    samples = folder_samples(tmp_path, card.sources, side=8)
    found = [int(window[0, 0, 0]) for window in samples.setting]
    judging = [int(window[0, 0, 0]) for window, _ in samples.judging]
    assert len(found) == len(judging) == SETTING
    assert not set(found) & set(judging)
    assert [min(found), max(judging)] == [1000, 1599]
    assert max(np.diff(sorted(found + judging))) <= 7


@pytest.mark.parametrize(
    ("content", "problem"),
    [("none", "no such folder"), ("text", "holds no raster"), ("dark", "holds 0 observed windows of 32 px; give more")],
)
def test_what_holds_no_samples_is_refused(
    write_scene: SceneMaker, card: ModelCard, tmp_path: Path, content: str, problem: str
) -> None:
    folder = tmp_path / "samples"
    if content == "text":
        folder.mkdir()
        (folder / "a.txt").write_text("no")
    if content == "dark":
        folder = write_scene(np.zeros((10, 32, 64), np.uint16)).parent
    with pytest.raises(InputError, match=problem):
        folder_samples(folder, card.sources, side=32)


def test_networks_of_several_sources_need_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="takes several sources; give --config"):
        folder_samples(tmp_path, several_card().sources)

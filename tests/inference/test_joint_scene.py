import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from several_sources import several_card
from small_scenes import BANDS, stored_numbers, write_raster

from pitscape.cli import main
from pitscape.imagery.errors import InputError
from pitscape.imagery.reading import Reading
from pitscape.imagery.stack import Source, open_stack
from pitscape.inference.joint_scene import open_joint
from pitscape.inference.lock import Shard
from pitscape.inference.parts_folder import parts_of
from pitscape.inference.run_options import Outputs, RunOptions
from pitscape.inference.scene_run import merge, predict_scene, predict_shard
from pitscape.inference.scene_source import SceneSource, by_sensor

CARD = several_card()
S2, S1, DEM = (source.sensor.name for source in CARD.sources)
HEIGHT, WIDTH = 90, 120
TILED = RunOptions(tile=32, overlap=8, block_rows=40)

OPTICAL = stored_numbers(HEIGHT, WIDTH)
RADAR = np.random.default_rng(1).normal(-14, 3, (2, HEIGHT, WIDTH)).astype(np.float32)
HEIGHTS = np.random.default_rng(2).normal(300, 20, (1, HEIGHT, WIDTH)).astype(np.float32)


@dataclass
class Pixelwise:
    """Probabilities from each pixel's own numbers of every source: whatever the tiles, the map must be the same."""

    path: Path
    card = CARD
    runtime = ("pixelwise", "1")
    fixed_tile = None

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    def with_threads(self, threads: int) -> "Pixelwise":
        del threads
        return self

    def probabilities(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        scores = np.stack(
            [stored[:, 0] / 1000 - 3, -stored[:, 10] / 3 - 4, stored[:, 12] / 20 - 15, np.zeros_like(stored[:, 0])],
            axis=1,
        )
        shares = np.exp(scores)
        return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def predictor(tmp_path: Path) -> Pixelwise:
    path = tmp_path / "model"
    path.write_bytes(b"pixelwise")
    return Pixelwise(path)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """One scene of three sources, each of another resolution."""
    return {
        S2: write_raster(tmp_path / "s2_20230709.tif", OPTICAL, bands=BANDS),
        S1: write_raster(tmp_path / "s1.tif", RADAR[:, :45, :60], bands=("VV", "VH"), side=20.0),
        DEM: write_raster(tmp_path / "dem.tif", HEIGHTS[:, :30, :40], bands=("elevation",), side=30.0),
    }


def sources(files: dict[str, Path], *names: str) -> list[SceneSource]:
    return [SceneSource(files[name], name) for name in names or files]


def classes(path: Path) -> NDArray[np.uint8]:
    with rasterio.open(path) as dataset:
        found: NDArray[np.uint8] = dataset.read(1)
    return found


def expected(files: dict[str, Path], predictor: Pixelwise, *names: str) -> NDArray[np.uint8]:
    """The predictor on the whole scene at once."""
    stored = np.zeros((1, 14, HEIGHT, WIDTH), np.float32)
    places = {S2: slice(0, 10), S1: slice(10, 12), DEM: slice(12, 14)}
    inputs = {source.sensor.name: source for source in CARD.sources}
    with open_stack([Source(files[name], inputs[name].sensor, inputs[name].bands) for name in names]) as stack:
        values, _ = stack.read(slice(0, HEIGHT), slice(0, WIDTH))
    stored[0, np.r_[*(places[name] for name in names)]] = values
    return predictor.probabilities(stored)[0].argmax(axis=0).astype(np.uint8)


class TestReading:
    """On one grid, where what must be read is known."""

    @pytest.fixture
    def alike(self, tmp_path: Path) -> dict[str, Path]:
        optical, radar = OPTICAL.copy(), RADAR.copy()
        optical[:, :50] = 0
        radar[:, :, :70] = np.nan
        return {
            S2: write_raster(tmp_path / "s2_20230709.tif", optical, bands=BANDS, nodata=0),
            S1: write_raster(tmp_path / "s1.tif", radar, bands=("VV", "VH")),
            DEM: write_raster(tmp_path / "dem.tif", HEIGHTS, bands=("elevation",)),
        }

    @pytest.mark.parametrize("order", [(S2, S1, DEM), (DEM, S1, S2)])
    def test_channels_are_those_of_the_card_whatever_the_order(
        self, alike: dict[str, Path], order: Sequence[str]
    ) -> None:
        with open_joint(sources(alike, *order), CARD, Reading()) as scene:
            stored, _ = scene.read(slice(0, HEIGHT), slice(0, WIDTH))
            window, _ = scene.read(slice(33, 70), slice(5, 90))
        assert stored.shape == (14, HEIGHT, WIDTH)
        np.testing.assert_array_equal(stored[:10, 50:], OPTICAL[:, 50:])
        np.testing.assert_array_equal(stored[10:12, :, 70:], RADAR[:, :, 70:])
        np.testing.assert_array_equal(stored[12], HEIGHTS[0])
        assert not stored[:10, :50].any()
        assert not stored[10:12, :, :70].any()
        np.testing.assert_array_equal(window, stored[:, 33:70, 5:90])

    def test_land_is_observed_where_any_source_but_terrain_saw_it(self, alike: dict[str, Path]) -> None:
        known = np.ones((HEIGHT, WIDTH), np.bool_)
        known[:50, :70] = False
        with open_joint(sources(alike), CARD, Reading()) as scene:
            np.testing.assert_array_equal(scene.read(slice(0, HEIGHT), slice(0, WIDTH))[1], known)

    def test_a_mask_hides_the_first_source_alone(self, alike: dict[str, Path], tmp_path: Path) -> None:
        hidden = np.zeros((1, HEIGHT, WIDTH), np.uint8)
        hidden[:, 60:] = 1
        mask = write_raster(tmp_path / "mask.tif", hidden)
        with open_joint(sources(alike), CARD, Reading(mask=mask)) as scene:
            stored, observed = scene.read(slice(0, HEIGHT), slice(0, WIDTH))
        assert not stored[:10, 60:].any()
        assert observed[60:, 70:].all()
        assert not observed[60:, :70].any()

    @pytest.mark.parametrize("missing", [S2, S1, DEM])
    def test_a_missing_source_is_stored_0(self, alike: dict[str, Path], missing: str) -> None:
        there = [name for name in alike if name != missing]
        with open_joint(sources(alike), CARD, Reading()) as scene:
            whole, _ = scene.read(slice(0, HEIGHT), slice(0, WIDTH))
        with open_joint(sources(alike, *there), CARD, Reading()) as scene:
            stored, _ = scene.read(slice(0, HEIGHT), slice(0, WIDTH))
            assert scene.missing == (missing,)
            assert scene.first.path == alike[there[0]]
        place = {S2: slice(0, 10), S1: slice(10, 12), DEM: slice(12, 14)}[missing]
        assert not stored[place].any()
        whole[place] = 0
        np.testing.assert_array_equal(stored, whole)

    def test_without_the_first_source_the_first_given_has_the_grid(self, files: dict[str, Path]) -> None:
        with open_joint(sources(files, DEM, S1), CARD, Reading()) as scene:
            assert scene.grid.shape == (30, 40)
        with open_joint(sources(files, S1, DEM), CARD, Reading()) as scene:
            assert scene.grid.shape == (45, 60)

    def test_what_is_said_of_one_source_is_of_it_alone(self, tmp_path: Path) -> None:
        """An offset that is missing is added to the optical scene; bands of the radar are named in another order."""
        optical = write_raster(tmp_path / "old.tif", OPTICAL, bands=BANDS)
        radar = write_raster(tmp_path / "radar.tif", RADAR)
        given = [SceneSource(optical, S2, offset="missing"), SceneSource(radar, S1, bands=("VH", "VV"))]
        with open_joint(given, CARD, Reading()) as scene:
            stored, _ = scene.read(slice(0, HEIGHT), slice(0, WIDTH))
        np.testing.assert_array_equal(stored[:10], OPTICAL.astype(np.float32) + 1000)
        np.testing.assert_array_equal(stored[10:12], RADAR[::-1])


class TestRun:
    """Whole runs of three sources of 10, 20 and 30 m."""

    @pytest.mark.parametrize("there", [(S2, S1, DEM), (S2, DEM), (S2, S1), (S2,)])
    def test_tiled_equals_whole(
        self, files: dict[str, Path], predictor: Pixelwise, tmp_path: Path, there: tuple[str, ...]
    ) -> None:
        record = predict_scene(sources(files, *there), predictor, tmp_path / "c.tif", options=TILED)
        np.testing.assert_array_equal(classes(tmp_path / "c.tif"), expected(files, predictor, *there))
        assert record["missing_sources"] == [name for name in (S2, S1, DEM) if name not in there]
        assert len(np.unique(classes(tmp_path / "c.tif"))) == 1 + len(there)  # each source tells something

    def test_the_record_holds_every_source(self, files: dict[str, Path], predictor: Pixelwise, tmp_path: Path) -> None:
        predict_scene(sources(files, S2, S1), predictor, tmp_path / "c.tif", options=TILED)
        record = json.loads((tmp_path / "c.tif.json").read_text())
        others = record["other_sources"]
        hashes = {S2: record["scene_sha256"]} | {name: other["scene_sha256"] for name, other in others.items()}
        assert hashes == {name: hashlib.sha256(files[name].read_bytes()).hexdigest() for name in (S2, S1)}
        assert others[S1]["scene"] == "s1.tif"
        assert record["missing_sources"] == [DEM]
        assert str(tmp_path) not in json.dumps(record)

    def test_the_order_given_changes_nothing(
        self, files: dict[str, Path], predictor: Pixelwise, tmp_path: Path
    ) -> None:
        for name, order in (("a", (S2, S1, DEM)), ("b", (DEM, S2, S1))):
            predict_scene(sources(files, *order), predictor, tmp_path / name / "c.tif", options=TILED)
        assert (tmp_path / "a" / "c.tif").read_bytes() == (tmp_path / "b" / "c.tif").read_bytes()

    def test_a_scene_by_itself_is_the_first_source(
        self, files: dict[str, Path], predictor: Pixelwise, tmp_path: Path
    ) -> None:
        predict_scene(files[S2], predictor, tmp_path / "a" / "c.tif", options=TILED)
        predict_scene(sources(files, S2), predictor, tmp_path / "b" / "c.tif", options=TILED)
        assert (tmp_path / "a" / "c.tif").read_bytes() == (tmp_path / "b" / "c.tif").read_bytes()

    def test_shards_joined_equal_one_run(self, files: dict[str, Path], predictor: Pixelwise, tmp_path: Path) -> None:
        whole, parted = (Outputs(tmp_path / n / "c.tif", probabilities=tmp_path / n / "p.tif") for n in ("a", "b"))
        predict_scene(sources(files), predictor, whole, options=TILED)
        for number in (2, 1):
            predict_shard(sources(files), predictor, parted, Shard(number, 2), options=TILED)
        merge(parts_of(parted.classes))
        for name, path in whole.paths.items():
            assert path.read_bytes() == parted.paths[name].read_bytes()

    def test_a_run_is_not_resumed_with_another_second_source(
        self, files: dict[str, Path], predictor: Pixelwise, tmp_path: Path
    ) -> None:
        output, resume = tmp_path / "c.tif", RunOptions(tile=32, overlap=8, block_rows=40, resume=True)
        predict_shard(sources(files), predictor, output, Shard(1, 2), options=TILED)
        with pytest.raises(InputError, match=r"begun with another (other|missing)_sources"):
            predict_scene(sources(files, S2, S1), predictor, output, options=resume)
        predict_scene(sources(files), predictor, output, options=resume)
        np.testing.assert_array_equal(classes(output), expected(files, predictor, S2, S1, DEM))
        write_raster(files[S1], RADAR[:, :45, :60] + 9, bands=("VV", "VH"), side=20.0)
        predict_scene(sources(files), predictor, output, options=resume)
        np.testing.assert_array_equal(classes(output), expected(files, predictor, S2, S1, DEM))

    def test_a_second_source_is_no_output(self, files: dict[str, Path], predictor: Pixelwise) -> None:
        before = files[S1].read_bytes()
        with pytest.raises(InputError, match=r"s1\.tif"):
            predict_scene(sources(files), predictor, files[S1], options=TILED)
        assert files[S1].read_bytes() == before

    def test_a_source_of_another_place_is_refused(
        self, files: dict[str, Path], predictor: Pixelwise, tmp_path: Path
    ) -> None:
        write_raster(files[S1], RADAR, bands=("VV", "VH"), crs="EPSG:32632")
        with pytest.raises(InputError, match=r"s1\.tif: does not overlap .*s2_20230709\.tif"):
            predict_scene(sources(files), predictor, tmp_path / "c.tif", options=TILED)
        assert not (tmp_path / "c.tif").exists()

    def test_terrain_alone_is_refused(self, files: dict[str, Path], predictor: Pixelwise, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"dem\.tif: is terrain, .*give another source too"):
            predict_scene(sources(files, DEM), predictor, tmp_path / "c.tif", options=TILED)


class TestChoice:
    """Which scene is which source."""

    def test_sensors_are_recognised_among_those_of_the_model(self, files: dict[str, Path]) -> None:
        given = [SceneSource(files[name]) for name in (DEM, S2, S1)]
        assert {name: each.path for name, each in by_sensor(given, CARD).items()} == files
        assert list(by_sensor(given, CARD)) == [DEM, S2, S1]

    @pytest.mark.parametrize(
        ("names", "problem"),
        [
            (
                (S2, "landsat89_c2l2"),
                r"--source landsat89_c2l2=.*: the model takes sentinel2_l2a, sentinel1_grd_db, dem",
            ),
            ((S2, S1, S1), r"--source sentinel1_grd_db=.*: .*is given already; give one of each sensor"),
        ],
    )
    def test_others_and_doubles_are_refused(self, files: dict[str, Path], names: Sequence[str], problem: str) -> None:
        given = [SceneSource(files.get(name, files[S2]), name) for name in names]
        with pytest.raises(InputError, match=problem) as caught:
            by_sensor(given, CARD)
        assert "\n" not in str(caught.value)

    def test_what_is_not_recognised_must_be_named(self, tmp_path: Path) -> None:
        path = write_raster(tmp_path / "bare.tif", RADAR)
        with pytest.raises(InputError, match=r"bare\.tif: is not known as one of .*; say SENSOR=PATH"):
            by_sensor([SceneSource(path)], CARD)
        with pytest.raises(InputError, match=r"none\.tif: no such file"):
            by_sensor([SceneSource(tmp_path / "none.tif")], CARD)


class TestVerb:
    """``pitscape predict --source``."""

    def test_it_maps_and_says_with_what(
        self, files: dict[str, Path], several_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = ["--source", str(files[S1]), "--source", f"{S2}={files[S2]},offset=included"]
        assert main(["predict", *arguments, "--model", str(several_model), "--output", str(tmp_path / "c.tif")]) == 0
        told = capsys.readouterr().err
        assert "s2_20230709.tif: with s1.tif as sentinel1_grd_db on its grid" in told
        assert "s2_20230709.tif: mapped without dem, which the model takes too" in told
        assert json.loads((tmp_path / "c.tif.json").read_text())["added_offset_reason"] == "--offset included"
        assert classes(tmp_path / "c.tif").shape == (HEIGHT, WIDTH)

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            ([], "predict: name scenes, or the sources"),
            (["a.tif", "--source", "b.tif"], "predict: name scenes, or the sources"),
            (["--source", "dem=a.tif,offset=maybe"], "--source dem=a.tif,offset=maybe: offset=maybe is not known"),
            (["--source", "sentinel1_grd_db=a.tif"], "a.tif: no such file"),
        ],
    )
    def test_wrong_use_is_told_in_one_line(
        self,
        arguments: list[str],
        problem: str,
        several_model: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert main(["predict", *arguments, "--model", str(several_model), "--output", str(tmp_path / "c.tif")]) == 2
        told = capsys.readouterr().err.strip()
        assert problem in told
        assert "\n" not in told

    def test_bench_measures_models_of_one_source(self, several_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["bench", "--model", str(several_model)]) == 2
        assert "several.onnx: takes several sources; bench measures models of one." in capsys.readouterr().err

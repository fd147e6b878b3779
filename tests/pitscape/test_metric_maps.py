"""Maps of epochs on different grids, brought to the coarsest one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from small_scenes import BANDS, grid, stored_numbers, write_raster

from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import Legend, load_legend
from pitscape.metric_maps import metric_map, write_metric_maps
from pitscape.site import report_site, run_site

FINE = np.array(
    [
        [0, 0, 2, 2],
        [0, 2, 2, 3],
        [255, 255, 3, 255],
        [255, 1, 3, 255],
    ],
    np.uint8,
)
COARSE = np.array([[0, 2], [1, 1]], np.uint8)


def save(path: Path, ids: NDArray[np.uint8], side: float, legend: Legend | None = None) -> Path:
    save_class_map(path, ids, grid(*ids.shape, side=side), legend or load_legend())
    return path


def test_the_coarsest_grid_takes_the_most_frequent_class_and_needs_half_of_a_cell(tmp_path: Path) -> None:
    """By hand: three of four are 0 and 2; three of four are unobserved; both observed cells of the last are 3."""
    maps = {"a": save(tmp_path / "a.tif", FINE, 10.0), "b": save(tmp_path / "b.tif", COARSE, 20.0)}
    found = write_metric_maps(maps, tmp_path / "out", resample=True)
    assert found == {"resampled": ["a"], "observed_share": {"a": 0.75, "b": 1.0}}
    with open_class_map(metric_map(tmp_path / "out", "a")) as moved:
        np.testing.assert_array_equal(moved.read(), [[0, 2], [255, 3]])
    assert not metric_map(tmp_path / "out", "b").exists()


def test_maps_on_one_grid_stay_where_they_are(tmp_path: Path) -> None:
    """Of 12 cells that either observed, each saw 11."""
    other = FINE.copy()
    other[3, :] = [2, 2, 255, 255]
    maps = {"a": save(tmp_path / "a.tif", FINE, 10.0), "b": save(tmp_path / "b.tif", other, 10.0)}
    found = write_metric_maps(maps, tmp_path / "out", resample=True)
    assert found == {"resampled": [], "observed_share": {"a": 11 / 12, "b": 11 / 12}}
    assert not (tmp_path / "out").exists()


def test_another_legend_is_refused(tmp_path: Path) -> None:
    usual = load_legend()
    renamed = [each.model_copy(update={"name": f"my {each.name}"}) for each in usual.classes]
    other = usual.model_copy(update={"classes": tuple(renamed)})
    maps = {"a": save(tmp_path / "a.tif", COARSE, 20.0), "b": save(tmp_path / "b.tif", COARSE, 20.0, other)}
    with pytest.raises(InputError, match=r"b\.tif: has another legend than .*a\.tif"):
        write_metric_maps(maps, tmp_path, resample=True)


@pytest.fixture
def pit() -> NDArray[np.uint8]:
    """40 x 40 cells of grass with a pit of 20 x 20."""
    ids = np.full((40, 40), 2, np.uint8)
    ids[10:30, 10:30] = 0
    return ids


def found_in(folder: Path, epochs: list[dict[str, Any]], **more: object) -> dict[str, Any]:
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump({"site": "two grids", "epochs": epochs, **more}))
    return run_site(path, folder / "out")


def test_areas_are_of_each_own_map_and_the_rest_is_compared_on_one_grid(tmp_path: Path, pit: NDArray[np.uint8]) -> None:
    """The same land at 10 m and at 20 m: one area, one pattern, no transition."""
    save(tmp_path / "a.tif", pit, 10.0)
    save(tmp_path / "b.tif", np.ascontiguousarray(pit[::2, ::2]), 20.0)
    write_raster(tmp_path / "s_20150701.tif", stored_numbers(40, 40), bands=BANDS)
    epochs = [
        {"classes": "a.tif", "name": "a", "year": 2015, "image": "s_20150701.tif"},
        {"classes": "b.tif", "name": "b", "year": 2024},
    ]
    found = found_in(tmp_path, epochs)
    mined = [row for row in found["areas"] if row["class_name"] == "mined"]
    assert [row["cells"] for row in mined] == [400, 100]
    assert mined[0]["area_km2"] == pytest.approx(mined[1]["area_km2"], rel=1e-6)
    first, last = found["landscape"]
    assert {**first, "epoch": ""} == {**last, "epoch": ""}
    assert first["TA"] == pytest.approx(16.0)  # 400 m x 400 m
    assert [epoch["resampled"] for epoch in found["epochs"]] == [True, False]
    assert found["flags"][0]["flag"] == "resampled"
    away = np.array(found["succession"]["transitions"]["area_km2"])
    assert away.sum() == pytest.approx(np.diag(away).sum())
    page = report_site(tmp_path / "site.yaml", tmp_path / "out").read_text(encoding="utf-8")
    assert "Maps were brought to the coarsest grid." in page


def test_a_picture_and_ndvi_of_a_finer_image_lie_on_the_common_grid(tmp_path: Path, pit: NDArray[np.uint8]) -> None:
    """NDVI of 0.5 everywhere stays 0.5 on the coarser cells."""
    save(tmp_path / "a.tif", pit, 10.0)
    save(tmp_path / "b.tif", np.ascontiguousarray(pit[::2, ::2]), 20.0)
    stored = np.full((10, 40, 40), 2000, np.uint16)  # reflectance 0.1, with the offset of 1000
    stored[BANDS.index("B08")] = 4000  # 0.3
    write_raster(tmp_path / "s_20240701.tif", stored, bands=BANDS)
    epochs = [
        {"classes": "a.tif", "name": "a", "year": 2015},
        {"classes": "b.tif", "name": "b", "year": 2024, "image": "s_20240701.tif"},
    ]
    found = found_in(tmp_path, epochs)
    assert found["vegetation"][1]["value"] == pytest.approx(0.5)
    assert found["vegetation"][1]["gap"] == 0

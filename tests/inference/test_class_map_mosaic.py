"""Class maps of many files as one virtual mosaic: areas as of one file, gaps unobserved, legends that agree."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_scenes import UTM, grid

from pitscape.cli import main
from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import part
from pitscape.imagery.legend import Legend, load_legend
from pitscape.imagery.outputs import sha256_of
from pitscape.inference.areas.proportions import class_areas
from pitscape.inference.areas.sums import Sums
from pitscape.inference.cluster import zonal
from pitscape.inference.cluster.tasks import Outcome

WHOLE = grid(60, 80)
CORNERS = ((0, 0), (0, 40), (30, 0))
"""Of files of 30 x 40 cells; the fourth one is missing."""


def write_mosaic(path: Path, files: list[Path], *, nodata: int | None = 255) -> Path:
    """A VRT as gdalbuildvrt writes it: without the tags of its files."""
    sources = "".join(
        f'<ComplexSource><SourceFilename relativeToVRT="1">{file.name}</SourceFilename><SourceBand>1</SourceBand>'
        f'<SrcRect xOff="0" yOff="0" xSize="40" ySize="30"/><DstRect xOff="{column}" yOff="{row}" xSize="40" ySize="30"/>'
        "<NODATA>255</NODATA></ComplexSource>"
        for file, (row, column) in zip(files, CORNERS, strict=True)
    )
    declared = "" if nodata is None else f"<NoDataValue>{nodata}</NoDataValue>"
    place = ", ".join(map(str, WHOLE.affine.to_gdal()))
    path.write_text(
        f'<VRTDataset rasterXSize="80" rasterYSize="60"><SRS>{UTM}</SRS><GeoTransform>{place}</GeoTransform>'
        f'<VRTRasterBand dataType="Byte" band="1">{declared}{sources}</VRTRasterBand></VRTDataset>'
    )
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three of the four quarters of ``whole.tif``, in which the fourth was not observed."""
    ids = np.random.default_rng(0).integers(0, 4, (60, 80)).astype(np.uint8)
    ids[30:, 40:] = 255
    save_class_map(tmp_path / "whole.tif", ids, WHOLE, load_legend())
    found = []
    for number, (row, column) in enumerate(CORNERS):
        rows, columns = slice(row, row + 30), slice(column, column + 40)
        found.append(tmp_path / f"quarter_{number}.tif")
        save_class_map(found[-1], ids[rows, columns], part(WHOLE, rows, columns), load_legend())
    return found


def test_a_mosaic_is_as_its_land_in_one_file(files: list[Path], tmp_path: Path) -> None:
    mosaic = write_mosaic(tmp_path / "mosaic_20240701.vrt", files)
    with open_class_map(mosaic) as many, open_class_map(tmp_path / "whole.tif") as one:
        assert many.legend == one.legend
        assert class_areas(many) == class_areas(one)
        assert class_areas(many)[0].unobserved_km2 == pytest.approx(0.12 / 0.9996**2, rel=1e-3)


def test_tasks_read_it_with_the_legend_of_its_files(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(_client: object, function: Any, given: dict[str, Any], *, on_result: Any, **_: Any) -> Outcome[Sums]:  # noqa: ANN401
        for name, task in reversed(given.items()):
            on_result(name, function(task))
        return Outcome()

    monkeypatch.setattr(zonal, "run_tasks", here)
    mosaic = write_mosaic(tmp_path / "mosaic_20240701.vrt", files)
    (tmp_path / "work").mkdir()
    with open_class_map(mosaic) as classes:
        assert zonal.shared_class_areas(None, tmp_path / "work", classes) == class_areas(classes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "output", "record"),
    [
        (["areas"], "areas.csv", "areas.csv.json"),
        (["extents", "--class", "mined"], "extents.gpkg", "extents.gpkg.json"),
        (["change", "whole.tif"], "change.json", "change.json"),
        (["landscape"], "landscape.json", "landscape.json"),
    ],
)
def test_verbs_take_it_and_name_its_files(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], output: str, record: str
) -> None:
    """With the legend that the files carry; and none of them is overwritten."""
    monkeypatch.chdir(tmp_path)
    mosaic = write_mosaic(Path("mosaic_20240701.vrt"), files)
    verb, *options = command
    given = [verb, str(mosaic), *options]
    assert main([*given, "--output", files[1].name]) == 2
    assert main([*given, "--output", output]) == 0
    found = json.loads(Path(record).read_text())
    paths = [mosaic, *files, *([Path("whole.tif")] if "whole.tif" in options else [])]
    assert found["inputs_sha256"] == {path.name: sha256_of(path) for path in paths}
    if verb == "landscape":
        assert tuple(row["NAME"] for row in found["class"]) == load_legend().names


def test_files_with_other_legends_are_no_map(files: list[Path], tmp_path: Path) -> None:
    mosaic = write_mosaic(tmp_path / "mosaic.vrt", files)
    fewer = Legend(classes=load_legend().classes[:2])
    save_class_map(files[2], np.zeros((30, 40), np.uint8), part(WHOLE, slice(30, 60), slice(0, 40)), fewer)
    with pytest.raises(InputError, match=r"quarter_2\.tif has another legend than quarter_0"), open_class_map(mosaic):
        pass


def test_gaps_must_not_become_a_class(files: list[Path], tmp_path: Path) -> None:
    mosaic = write_mosaic(tmp_path / "mosaic.vrt", files, nodata=None)
    with pytest.raises(InputError, match="has no nodata, so that gaps"), open_class_map(mosaic):
        pass


def test_gaps_have_no_pattern_either(files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mosaic = write_mosaic(tmp_path / "mosaic.vrt", files, nodata=None)
    assert main(["landscape", str(mosaic), "--output", str(tmp_path / "landscape.json")]) == 2
    assert "has no nodata, so that gaps" in capsys.readouterr().err

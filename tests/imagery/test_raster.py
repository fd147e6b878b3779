from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.shutil import copy as copy_raster
from small_scenes import SceneMaker, stored_numbers

from pitscape.imagery.errors import InputError
from pitscape.imagery.raster import Raster, open_raster, rasters_in
from pitscape.imagery.virtual import PlacedSource, placed_sources, sources_of

VRT = """<VRTDataset rasterXSize="5" rasterYSize="4"><SRS>EPSG:32633</SRS>
<GeoTransform>585420, 10, 0, 5652250, 0, -10</GeoTransform>
<VRTRasterBand dataType="UInt16" band="1"{more}><SimpleSource>
<SourceFilename relativeToVRT="{relative}">{source}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>
</VRTRasterBand></VRTDataset>"""


def test_any_thread_may_read(write_scene: SceneMaker) -> None:
    stored = stored_numbers(64, 50)
    raster = Raster(write_scene(stored))
    with ThreadPoolExecutor(8) as pool:
        rows = [slice(top, top + 8) for top in range(0, 64, 8)] * 20
        found = list(pool.map(lambda r: raster.read([3], r, slice(0, 50)), rows))
    raster.close()
    for part, window in zip(found, rows, strict=True):
        np.testing.assert_array_equal(part[0], stored[2, window])


def test_a_file_cut_off_is_named(write_scene: SceneMaker) -> None:
    path = write_scene(stored_numbers(400, 300), "whole.tif").with_name("scene.tif")
    copy_raster(path.with_name("whole.tif"), path, driver="COG")
    path.write_bytes(path.read_bytes()[:-100_000])
    with pytest.raises(InputError, match=rf"{path.name}: is damaged or cut off"):
        Raster(path).read([10], slice(0, 400), slice(0, 300))
    with pytest.raises(InputError, match=rf"{path.name}: is damaged or cut off"), open_raster(path) as dataset:
        dataset.read()


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("scene.tif", b"not a raster", "not a raster of a format that is read"),
        ("npp.hdf", b"\x0e\x03\x13\x01" + bytes(100), "is HDF4.*export it as GeoTIFF"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem):
        Raster(path)
    with pytest.raises(InputError, match=problem), open_raster(path):
        pass


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        Raster(tmp_path / "none.tif")
    with pytest.raises(InputError, match="is a folder"):
        Raster(tmp_path)


@pytest.mark.parametrize(
    ("source", "relative", "more", "problem"),
    [
        ("../outside.tif", 1, "", "no file in its folder"),
        ("&#46;&#46;/outside.tif", 1, "", "no file in its folder"),
        ("/etc/hostname", 0, "", "no file in its folder"),
        ("/vsicurl/http://example.org/a.tif", 0, "", "no file in its folder"),
        ("inside.tif", 1, ' subClass="VRTDerivedRasterBand"', "holds VRTDerivedRasterBand"),
    ],
)
def test_virtual_rasters_that_reach_out_or_hold_code_are_refused(
    write_scene: SceneMaker, tmp_path: Path, source: str, relative: int, more: str, problem: str
) -> None:
    write_scene(stored_numbers(4, 5), "inside.tif")
    path = tmp_path / "scene.vrt"
    path.write_text(VRT.format(source=source, relative=relative, more=more))
    with pytest.raises(InputError, match=problem):
        Raster(path)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("SourceFilename", "sourcefilename"), "no file in its folder"),
        (("<SRS>", "<PixelFunctionCode>import os</PixelFunctionCode><SRS>"), "holds PixelFunctionCode"),
        (("<VRTDataset", '<!DOCTYPE a [<!ENTITY b "c">]><VRTDataset'), "no plain virtual raster|of a format"),
        (("</VRTDataset>", ""), "broken XML"),
    ],
)
def test_virtual_rasters_in_other_spellings_are_refused(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    (tmp_path / "x").mkdir()
    path = tmp_path / "x" / "scene.tif"
    path.write_text(VRT.format(source="../outside.tif", relative=1, more="").replace(*change))
    with pytest.raises(InputError, match=problem):
        Raster(path)


def test_formats_that_make_requests_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "scene.tif"
    path.write_text('<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:9/</ServerUrl></Service></GDAL_WMS>')
    with pytest.raises(InputError, match="not a raster of a format that is read"):
        Raster(path)


def test_as_many_handles_are_open_as_threads_read_at_once(write_scene: SceneMaker) -> None:
    raster = Raster(write_scene(stored_numbers(4, 5)))
    for _ in range(20):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(raster.read, [1], slice(0, 4), slice(0, 5)).result()
    assert raster._idle.qsize() == 1


def test_bands_of_several_types_are_read_together(write_scene: SceneMaker, tmp_path: Path) -> None:
    stored = stored_numbers(4, 5)
    write_scene(stored[:1], "a.tif", bands=("a",))
    write_scene(stored[1:2].astype(np.float64) / 7, "b.tif", bands=("b",))
    band = '<VRTRasterBand dataType="{}" band="{}"><SimpleSource><SourceFilename relativeToVRT="1">{}</SourceFilename></SimpleSource></VRTRasterBand>'
    start = VRT.split("<VRTRasterBand", maxsplit=1)[0]
    path = tmp_path / "scene.vrt"
    path.write_text(start + band.format("UInt16", 1, "a.tif") + band.format("Float64", 2, "b.tif") + "</VRTDataset>")
    raster = Raster(path)
    found = raster.read(raster.indexes, slice(0, 4), slice(0, 5))
    np.testing.assert_array_equal(found, np.stack([stored[0], stored[1] / 7]))


def test_virtual_rasters_of_their_own_folder_are_read(write_scene: SceneMaker, tmp_path: Path) -> None:
    stored = stored_numbers(4, 5)
    write_scene(stored, "inside.tif")
    path = tmp_path / "scene.vrt"
    path.write_text(VRT.format(source="inside.tif", relative=1, more=""))
    np.testing.assert_array_equal(Raster(path).read([1], slice(0, 4), slice(0, 5))[0], stored[0])


def test_a_chain_of_virtual_rasters_does_not_reach_out_either(tmp_path: Path) -> None:
    (tmp_path / "inner.vrt").write_text(VRT.format(source="../outside.tif", relative=1, more=""))
    (tmp_path / "outer.vrt").write_text(VRT.format(source="inner.vrt", relative=1, more=""))
    with pytest.raises(InputError, match=r"inner\.vrt: takes pixels from"):
        Raster(tmp_path / "outer.vrt")


@pytest.mark.parametrize("relative", [0, 1])
@pytest.mark.parametrize("source", ["http://127.0.0.1:9/inside.tif", "GTIFF_DIR:1:/inside.tif"])
def test_what_gdal_takes_for_more_than_a_file_is_refused_where_there_is_such_a_file(
    write_scene: SceneMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, relative: int
) -> None:
    (tmp_path / source).parent.mkdir(parents=True)
    write_scene(stored_numbers(4, 5), "inside.tif").rename(tmp_path / source)
    (tmp_path / "scene.vrt").write_text(VRT.format(source=source, relative=relative, more=""))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no file in its folder"):
        Raster(tmp_path / "scene.vrt")


def test_a_virtual_raster_has_the_files_of_all_that_it_is_made_of(write_scene: SceneMaker, tmp_path: Path) -> None:
    path = write_scene(stored_numbers(4, 5), "inside.tif")
    for name, source in (("inner.vrt", "inside.tif"), ("outer.vrt", "inner.vrt")):
        (tmp_path / name).write_text(VRT.format(source=source, relative=1, more=""))
    assert sources_of(tmp_path / "outer.vrt") == [tmp_path / "inner.vrt", path]
    assert sources_of(path) == []


@pytest.mark.parametrize(
    ("rectangle", "rows", "columns"),
    [
        ('<DstRect xOff="2" yOff="4" xSize="5" ySize="3"/>', slice(4, 7), slice(2, 7)),
        ('<dstrect XOFF="1.5" YOFF="0" XSIZE="2.25" YSIZE="1e0"/>', slice(0, 1), slice(1, 4)),  # in whole cells
        ('<DstRect xOff="2" yOff="x" xSize="5" ySize="3"/>', None, slice(2, 7)),
        ('<DstRect xOff="0" yOff="0" xSize="-1" ySize="inf"/>', None, None),
        ("", None, None),
    ],
)
def test_where_the_files_of_a_virtual_raster_lie(
    write_scene: SceneMaker, tmp_path: Path, rectangle: str, rows: slice | None, columns: slice | None
) -> None:
    path = write_scene(stored_numbers(4, 5), "inside.tif")
    text = VRT.format(source="inside.tif", relative=1, more="")
    assert text.count("<SourceBand>1</SourceBand>") == 1
    text = text.replace("<SourceBand>1</SourceBand>", f"<SourceBand>1</SourceBand>{rectangle}")
    (tmp_path / "scene.vrt").write_text(text)
    assert placed_sources(tmp_path / "scene.vrt") == [PlacedSource(path, rows, columns)]


def test_virtual_rasters_made_of_each_other_are_refused_in_one_line(tmp_path: Path) -> None:
    for name, source in (("a.vrt", "b.vrt"), ("b.vrt", "a.vrt")):
        (tmp_path / name).write_text(VRT.format(source=source, relative=1, more=""))
    with pytest.raises(InputError, match="Recursion detected") as refused:
        Raster(tmp_path / "a.vrt").read([1], slice(0, 4), slice(0, 5))
    assert "\n" not in str(refused.value)


def test_a_virtual_raster_under_another_name_is_refused(write_scene: SceneMaker, tmp_path: Path) -> None:
    """By its name one knows that there are other files to be hashed."""
    write_scene(stored_numbers(4, 5), "inside.tif")
    (tmp_path / "scene.tif").write_text(VRT.format(source="inside.tif", relative=1, more=""))
    with pytest.raises(InputError, match=r"is a virtual raster; end its name in \.vrt"):
        Raster(tmp_path / "scene.tif")


def test_alpha_and_internal_masks_hide(write_scene: SceneMaker) -> None:
    path = write_scene(stored_numbers(4, 5)[:3].astype("uint8"), bands=("red", "green", "blue"))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(np.array([[0, *[255] * 4], *[[255] * 5] * 3], np.uint8))
    hidden = Raster(path).masked(slice(0, 2), slice(0, 2))
    np.testing.assert_array_equal(hidden, [[True, False], [False, False]])


def test_empty_and_missing_folders_are_refused(tmp_path: Path) -> None:
    for folder, problem in [(tmp_path, "holds no raster"), (tmp_path / "none", "no such folder")]:
        with pytest.raises(InputError, match=problem):
            rasters_in(folder)

from pathlib import Path

import numpy as np
import pytest
from rasterio.io import MemoryFile
from small_scenes import write_raster

from pitscape.pictures import RAMP, field_ends, field_picture

pytestmark = pytest.mark.filterwarnings("ignore:Dataset has no geotransform")  # a picture has no place on the ground


def test_a_field_runs_from_the_first_colour_to_the_last(tmp_path: Path) -> None:
    values = np.array([[[0.0, 1.0], [np.nan, 0.5]], [[2.0, 4.0], [3.0, np.nan]]], np.float32)
    path = write_raster(tmp_path / "f.tif", values, bands=["H", "E"])
    assert field_ends([path], "H") == (0, 1)
    assert field_ends([path, path], "E") == (2, 4)
    with MemoryFile(field_picture(path, "H", 0, 1)) as memory, memory.open() as picture:
        pixels = picture.read()
    assert pixels[3].tolist() == [[255, 255], [0, 255]]
    of = {
        name: "#" + "".join(f"{value:02x}" for value in pixels[:3, y, x])
        for name, y, x in (("low", 0, 0), ("high", 0, 1), ("middle", 1, 1))
    }
    assert (of["low"], of["middle"], of["high"]) == (RAMP[0], RAMP[2], RAMP[-1])


def test_a_field_without_a_value_is_empty(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "f.tif", np.full((1, 2, 2), np.nan, np.float32), bands=["E"])
    assert field_ends([path], "E") == (0, 1)
    with MemoryFile(field_picture(path, "E", 0, 1)) as memory, memory.open() as picture:
        assert (picture.read(4) == 0).all()

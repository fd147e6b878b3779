"""Peak memory of areas and change on maps much larger than a window, each in a process of its own."""

from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from process_memory import needs_proc, peak_mb
from rasterio.windows import Window
from shapely.geometry import Point, box
from small_scenes import UTM, grid

AREAS = """
import sys
from pathlib import Path
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.legend import load_legend
from pitscape.inference.areas.proportions import class_areas
from pitscape.inference.areas.zones import read_zones
with open_class_map(Path(sys.argv[1]), load_legend()) as classes:
    rows = class_areas(classes, read_zones(Path(sys.argv[2]), classes))
assert rows[0].cells > 0
"""
CHANGE = """
import sys
from pathlib import Path
from pitscape.imagery.legend import load_legend
from pitscape.inference.areas.change import zone_changes
from pitscape.inference.areas.epochs import open_epochs
from pitscape.inference.areas.persistence import Persistence
from pitscape.inference.areas.zones import read_zones
first = Path(sys.argv[1])
maps = [first, *(first.with_name(f"{number}.tif") for number in (2, 3))]
for path in maps[1:]:
    path.hardlink_to(first)
with open_epochs(maps, names="abc", legend=load_legend()) as epochs:
    zones = read_zones(Path(sys.argv[2]), epochs)
    found = zone_changes(epochs, zones, rule=Persistence(2, 2))
assert found[0].observed_km2 > 0
"""


@pytest.fixture
def large(tmp_path: Path) -> tuple[Path, Path]:
    """A map of 4,096 x 8,192 cells that repeats a block, and zones: two halves of it, and 40 discs."""
    path, zones = tmp_path / "map.tif", tmp_path / "zones.gpkg"
    block = np.random.default_rng(0).integers(0, 4, (512, 512)).astype(np.uint8)
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "ZSTD", "dtype": "uint8", "count": 1}
    where = grid(4096, 8192)
    place = {"crs": UTM, "transform": where.affine, "height": 4096, "width": 8192}
    with rasterio.open(path, "w", driver="GTiff", **layout, **place) as dataset:
        for top in range(0, 4096, 512):
            for left in range(0, 8192, 512):
                dataset.write(block, 1, window=Window(left, top, 512, 512))
    west, south, east, north = where.extent.boundingbox
    halves = [box(west, south, west + 33_333.3, north), box(west + 33_333.3, south, east, north)]
    rng = np.random.default_rng(1)
    discs = [Point(rng.uniform(west, east), rng.uniform(south, north)).buffer(2000) for _ in range(40)]
    geopandas.GeoDataFrame(geometry=[*halves, *discs], crs=UTM).to_file(zones)
    return path, zones


@needs_proc
def test_areas_hold_windows_of_a_map(large: tuple[Path, Path]) -> None:
    """The areas of its cells alone would take 268 MB; libraries take 220 MB."""
    assert peak_mb(AREAS, *large) < 350


@needs_proc
def test_change_holds_windows_of_all_maps(large: tuple[Path, Path]) -> None:
    """Three maps, areas, and the codes of three pairs, twice, would take 1.2 GB."""
    assert peak_mb(CHANGE, *large) < 400

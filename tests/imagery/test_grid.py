import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox

from pitscape.imagery.errors import InputError
from pitscape.imagery.grid import grid_of, metric_cell_size, row_band, same_grid

BASE = Affine(10, 0, 585420, 0, -10, 5652250)
GRID = GeoBox((20, 30), BASE, "EPSG:32633")


@pytest.mark.parametrize(
    ("shape", "transform", "crs", "same"),
    [
        ((20, 30), BASE, "EPSG:32633", True),
        ((20, 30), Affine(10, 0, 585420.005, 0, -10, 5652250), "EPSG:32633", True),
        ((20, 30), Affine(10, 0, 585421, 0, -10, 5652250), "EPSG:32633", False),
        ((20, 30), Affine(10, 0, 585420, 0, -11, 5652250), "EPSG:32633", False),
        ((20, 30), Affine(10, 0, 585420, 0, 10, 5652250), "EPSG:32633", False),
        ((20, 30), BASE, "EPSG:32634", False),
        ((20, 31), BASE, "EPSG:32633", False),
    ],
)
def test_grids_are_compared_by_their_corners(
    shape: tuple[int, int],
    transform: Affine,
    crs: str,
    same: bool,  # noqa: FBT001
) -> None:
    assert same_grid(GRID, GeoBox(shape, transform, crs)) is same


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263"])
def test_degrees_and_feet_are_not_metres(crs: str) -> None:
    with pytest.raises(InputError, match=r"a\.tif: is not on a grid in metres"):
        metric_cell_size(GeoBox((2, 2), BASE, crs), "a.tif")


def test_row_bands_lie_where_their_rows_lie() -> None:
    band = row_band(GRID, 5, 8)
    assert tuple(band.shape) == (3, 30)
    assert band.affine.f == 5652250 - 50


def test_a_raster_without_crs_is_refused() -> None:
    with (
        rasterio.MemoryFile() as memory,
        memory.open(driver="GTiff", height=2, width=2, count=1, dtype="uint8", transform=BASE) as dataset,
    ):
        dataset.update_tags(a="b")
        with pytest.raises(InputError, match="no coordinate reference system"):
            grid_of(dataset)

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import Geod, Transformer

from pitscape.imagery.cell_area import cell_areas

GRIDS = {
    "UTM, far from its meridian": GeoBox((70, 90), Affine(30, 0, 200_000, 0, -30, 4_600_000), "EPSG:32650"),
    "UTM, turned": GeoBox((70, 40), Affine(20, 5, 500_000, 5, -20, 4_600_000), "EPSG:32650"),
    "degrees": GeoBox((50, 60), Affine(0.0003, 0, 112, 0, -0.0003, 40), "EPSG:4326"),
    "degrees, across the antimeridian": GeoBox((4, 8), Affine(0.1, 0, 179.6, 0, -0.1, -16), "EPSG:4326"),
    "web Mercator": GeoBox((40, 40), Affine(30, 0, 1.2e7, 0, -30, 4.9e6), "EPSG:3857"),
    "south up": GeoBox((40, 40), Affine(30, 0, 500_000, 0, 30, 4_600_000), "EPSG:32650"),
    "equal area": GeoBox((40, 40), Affine(500, 0, 1e6, 0, -500, 4e6), "ESRI:54009"),
}


@pytest.mark.parametrize("name", GRIDS)
def test_cells_have_the_area_of_their_geodesic_polygon(name: str) -> None:
    grid = GRIDS[name]
    areas = np.broadcast_to(cell_areas(grid), grid.shape)
    for row, column in [(0, 0), (grid.shape[0] - 1, grid.shape[1] - 1), (1, 3), (3, 2)]:
        assert areas[row, column] == pytest.approx(geodesic_area(grid, row, column), rel=2e-7)


def geodesic_area(grid: GeoBox, row: int, column: int) -> float:
    """By pyproj's geodesic polygon with ten points on each side."""
    steps = np.linspace(0, 1, 11)[:-1]
    x = np.concatenate([column + steps, np.full(10, column + 1), column + 1 - steps, np.full(10, column)])
    y = np.concatenate([np.full(10, row), row + steps, np.full(10, row + 1), row + 1 - steps])
    a = grid.affine
    to_degrees = Transformer.from_crs(str(grid.crs), "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(a.a * x + a.b * y + a.c, a.d * x + a.e * y + a.f)
    area, _ = Geod(ellps="WGS84").polygon_area_perimeter(longitude, latitude)
    return abs(float(area))


def test_the_same_land_has_the_same_area_in_every_crs() -> None:
    """A degree square, cut into cells in degrees and in web Mercator."""
    degrees = GeoBox((100, 100), Affine(0.01, 0, 112, 0, -0.01, 40), "EPSG:4326")
    mercator = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    (west, east), (north, south) = mercator.transform([112, 113], [40, 39])
    side = Affine((east - west) / 80, 0, west, 0, (south - north) / 120, north)
    sums = [np.broadcast_to(cell_areas(g), g.shape).sum() for g in (degrees, GeoBox((120, 80), side, "EPSG:3857"))]
    assert sums[0] == pytest.approx(sums[1], rel=1e-9)


def test_areas_of_row_bands_are_those_of_the_whole() -> None:
    grid = GeoBox((70, 90), Affine(30, 0, 200_000, 0, -30, 4_600_000), "EPSG:32650")
    parts = np.concatenate([cell_areas(grid[0:33, :]), cell_areas(grid[33:70, :])])
    np.testing.assert_allclose(parts, cell_areas(grid), rtol=1e-8)

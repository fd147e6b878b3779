"""Parts of cells in zones, against GEOS's own intersections and by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from shapely.geometry import Polygon, box

from pitscape.inference.areas.coverage import Coverage, Edges
from pitscape.inference.areas.zones import Zone

CRS = "EPSG:32633"
SOUTH_UP = Affine(2, 0, 100, 0, 3, 50)
TURNED = Affine.rotation(30) @ Affine.scale(2, -3)
NORTH_UP = Affine(10, 0, 585420, 0, -10, 5652250)
SINGLE = 1e-7  # exactextract holds parts of cells in single precision


def shares(zones: Sequence[Polygon | None], grid: GeoBox, edges: Edges = "exact") -> NDArray[np.float64]:
    """Part of each cell in each zone (zone, y, x), from pieces."""
    height, width = grid.shape
    cover = Coverage([Zone(str(n), shape) for n, shape in enumerate(zones)], grid, edges=edges)
    found = np.zeros((len(zones), height, width))
    numbers = np.arange(height * width).reshape(height, width)
    for piece in cover.pieces(slice(0, height), slice(0, width)):
        flat = found[piece.zone].reshape(-1)
        assert (flat[piece.of(numbers)] == 0).all()
        flat[piece.of(numbers)] = piece.share
    return found


def by_geos(zone: Polygon, grid: GeoBox) -> NDArray[np.float64]:
    """Part of each cell (y, x) by intersecting each of them."""
    height, width = grid.shape
    a = grid.affine
    cells = np.array(
        [
            [Polygon([a @ corner for corner in ((j, i), (j + 1, i), (j + 1, i + 1), (j, i + 1))]) for j in range(width)]
            for i in range(height)
        ],
        object,
    )
    return np.asarray(shapely.area(shapely.intersection(cells, zone)) / abs(a.determinant))


def test_a_square_on_three_by_three_cells_by_hand() -> None:
    found = shares([box(0.5, 0.5, 2.5, 2.5)], GeoBox((3, 3), Affine(1, 0, 0, 0, -1, 3), CRS))
    assert found[0].tolist() == [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]]


def test_a_triangle_on_four_by_four_cells_by_hand() -> None:
    found = shares([Polygon([(0, 0), (4, 0), (0, 4)])], GeoBox((4, 4), Affine(1, 0, 0, 0, -1, 4), CRS))
    half = 0.5
    assert found[0].tolist() == [[half, 0, 0, 0], [1, half, 0, 0], [1, 1, half, 0], [1, 1, 1, half]]


polygons = st.lists(st.floats(0.2, 1.4), min_size=3, max_size=12).map(
    lambda radii: [
        (r * math.cos(2 * math.pi * n / len(radii)), r * math.sin(2 * math.pi * n / len(radii)))
        for n, r in enumerate(radii)
    ]
)


@settings(max_examples=25, deadline=None)
@given(polygons, st.sampled_from([NORTH_UP, SOUTH_UP, TURNED]))
def test_parts_equal_intersections_on_any_grid(star: list[tuple[float, float]], affine: Affine) -> None:
    grid = GeoBox((7, 9), affine, CRS)
    zone = Polygon([affine @ (4.5 + 5 * x, 3.5 + 4 * y) for x, y in star])
    np.testing.assert_allclose(shares([zone], grid)[0], by_geos(zone, grid), atol=SINGLE)


def test_windows_give_what_the_whole_gives() -> None:
    """Over four squares of 512 cells and in one piece: the same numbers, and one zone without a geometry is all."""
    from pitscape.inference.areas.coverage import exact_shares

    grid = GeoBox((600, 1030), Affine(1, 0, 0, 0, -1, 0), CRS)
    zone = Polygon([(-20, 5), (1100, -333.3), (480.7, -590), (511.9, -512.1)])
    found = shares([zone, None], grid)
    share, cells = exact_shares(zone, slice(0, 600), slice(0, 1030))
    whole = np.zeros(600 * 1030)
    whole[cells] = share
    np.testing.assert_allclose(found[0].ravel(), whole, atol=SINGLE)
    assert (found[1] == 1).all()


def test_the_centre_decides_where_that_is_wanted() -> None:
    grid = GeoBox((2, 3), Affine(1, 0, 0, 0, -1, 2), CRS)
    found = shares([box(0, 0, 1.4, 2), box(0, 0, 1.6, 2)], grid, edges="centre")
    assert found[:, 0].tolist() == [[1, 0, 0], [1, 1, 0]]


@pytest.mark.parametrize("edges", ["exact", "centre"])
def test_zones_beside_the_grid_and_empty_ones_have_no_cells(edges: Edges) -> None:
    grid = GeoBox((3, 3), Affine(1, 0, 0, 0, -1, 3), CRS)
    assert not shares([box(3, 0, 5, 3), Polygon(), box(-9, -9, -8, -8)], grid, edges).any()

"""The map of a report: bounded pictures, true north, outlines in cells."""

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.crs import CRS
from small_scenes import grid

from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend
from pitscape.outlines import ground_km
from pitscape.pictures import class_pixels, data_uri, webp
from pitscape.report_map import LARGEST_SIDE, picture_side, true_north

MEGABYTE = 1_000_000


@pytest.mark.parametrize(("easting", "sign"), [(400_000, 1), (500_000, 0), (600_000, -1)])
def test_true_north_is_turned_by_the_convergence_of_utm(easting: float, sign: int) -> None:
    """By hand at 45 degrees: 100 km are 1.2684 degrees of longitude from the middle, times the sine of the latitude."""
    of = GeoBox((2, 2), Affine(10, 0, easting - 10, 0, -10, 4_983_000 + 10), "EPSG:32650")
    assert true_north(of) == pytest.approx(sign * 1.2684 * np.sin(np.radians(45)), abs=0.01)


def test_the_ground_is_measured_along_the_axes_of_the_map() -> None:
    """100 km from the middle of a zone the scale factor of UTM is 0.9996 (1 + 0.1² / (2 · 6.38²))."""
    width, height = ground_km((595_000, 4_978_000, 605_000, 4_988_000), CRS.from_epsg(32650))
    assert (width, height) == pytest.approx((10 / 0.999723, 10 / 0.999723), rel=2e-5)


def test_pictures_are_bounded_whatever_the_size_of_the_rasters(tmp_path: Path) -> None:
    """Noise is what no format makes small: ten epochs of it leave room for plotly.js, which has 5 MB."""
    draw, side = np.random.default_rng(0), picture_side(10)
    path = tmp_path / "c.tif"
    save_class_map(path, draw.integers(0, 4, (1500, 1200)).astype(np.uint8), grid(1500, 1200), load_legend())
    classes = class_pixels(path, side=side)
    assert classes.shape == (4, side, round(side * 0.8))
    scene = draw.integers(0, 256, classes.shape).astype(np.uint8)
    scene[3] = 255
    one_epoch = len(data_uri(webp(scene), "webp")) + len(data_uri(webp(classes, lossless=True), "webp"))
    assert 10 * one_epoch < 9 * MEGABYTE
    assert picture_side(1) == LARGEST_SIDE

"""GDAL's cache of blocks."""

from rasterio.env import get_gdal_config

from pitscape.imagery.block_cache import block_cache


def test_the_cache_holds_megabytes_and_the_usual_one_comes_back() -> None:
    """GDAL itself tells the bytes that its cache may hold."""
    usual = get_gdal_config("GDAL_CACHEMAX")
    with block_cache(3):
        assert get_gdal_config("GDAL_CACHEMAX") == 3 * 1024 * 1024
    assert get_gdal_config("GDAL_CACHEMAX") == usual

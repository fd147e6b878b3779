"""How much memory GDAL may keep decoded blocks in."""

import rasterio


def block_cache(megabytes: int) -> rasterio.Env:
    """An environment in which GDAL keeps so many MB of blocks; by itself it would keep 5 % of the machine's memory.

    rasterio takes bytes where GDAL's own setting takes MB below 100,000: 64 would be no cache at all.
    """
    return rasterio.Env(GDAL_CACHEMAX=megabytes << 20)

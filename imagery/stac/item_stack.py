"""The pixels of a catalogue's items on one grid, loaded window by window through odc-stac."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.warp import transform_bounds

from pitscape.imagery.radiometry import Radiometry
from pitscape.imagery.sensor import Band, Quality
from pitscape.imagery.stac.item import Item, safe_name
from pitscape.imagery.stac.web import Web

THREADS = 8
QUALITY = "quality"
FIRST_DAY = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


class ItemStack:
    """Bands of items on one grid.

    odc-stac is given items made for it, of which each asset's address is a key of our own: addresses with tokens reach
    neither its logs nor GDAL.

    Args:
        web: Reads the files.
        grid: Where pixels are wanted.
        items: All that will be loaded.
        numbers: What is added to the numbers of an item, by id.
        bands: Wanted of each.
        quality: Says what is hidden; None to hide nothing.

    Raises:
        InputError: If an item lacks a band, or refers to an address that must not be read.
    """

    def __init__(
        self,
        web: Web,
        grid: GeoBox,
        items: Sequence[Item],
        numbers: Mapping[str, Radiometry],
        *,
        bands: Sequence[Band],
        quality: Quality | None,
    ) -> None:
        from pitscape.imagery.stac.remote_raster import Asset, RemoteRasters

        self._extent = transform_bounds(str(grid.crs), "EPSG:4326", *grid.extent.boundingbox)

        self.grid, self.bands, self.quality = grid, tuple(bands), quality
        wanted: dict[str, Band | Quality] = {f"b{n}": band for n, band in enumerate(bands)}
        if quality is not None:
            wanted[QUALITY] = quality
        self._keys: dict[str, dict[str, str]] = {}
        assets = {}
        for n, item in enumerate(items):
            self._keys[item.id] = {}
            for name, band in wanted.items():
                what = f"item {safe_name(item.id)}, band {band.name}"
                file, index = item.find(band)
                web.rules.check(file.url, what)
                key = self._keys[item.id][name] = f"item{n}{name}"
                assets[key] = Asset(file.url, band, what, index, 0 if band is quality else numbers[item.id].added)
        self._rasters = RemoteRasters(web, assets)

    def dtype(self, item: Item) -> np.dtype[Any]:
        """The type that holds the stored numbers of all bands of an item."""
        keys = self._keys[item.id]
        return np.result_type(*(self._rasters.dtype(keys[f"b{n}"]) for n in range(len(self.bands))))

    def seen(self, items: Sequence[Item], window: GeoBox) -> NDArray[np.bool_]:
        """Where the land is seen (item, y, x) on a part of the grid; everywhere without a quality band."""
        if self.quality is None:
            return np.ones((len(items), *window.shape), np.bool_)
        return self._load(items, [QUALITY], window, self.grid)[QUALITY] > 0.5

    def planes(self, items: Sequence[Item], window: GeoBox, bands: slice) -> list[NDArray[np.float32]]:
        """Stored numbers (item, y, x) of some bands on a part of the grid, in the convention, NaN where not observed."""
        names = [f"b{n}" for n in range(len(self.bands))[bands]]
        loaded = self._load(items, names, window, self.grid)
        return [loaded[name] for name in names]

    def clear(self, items: Sequence[Item], grid: GeoBox) -> float:
        """The share of a grid, 0 to 1, in which one of the items shows the land; without a quality band, any numbers."""
        if self.quality is None:
            shown = np.isfinite(self._load(items, ["b0"], grid, grid)["b0"])
        else:
            shown = self._load(items, [QUALITY], grid, grid)[QUALITY] > 0.5
        return float(shown.any(axis=0).mean())

    def _load(
        self, items: Sequence[Item], names: Sequence[str], window: GeoBox, grid: GeoBox
    ) -> dict[str, NDArray[np.float32]]:
        import odc.stac

        from pitscape.imagery.stac.remote_raster import RemoteDriver

        loaded = odc.stac.load(
            [self._for_loading(rank, item, names) for rank, item in enumerate(items)],
            bands=list(names),
            geobox=window,
            groupby="id",
            dtype="float32",
            driver=RemoteDriver(self._rasters, grid),
            pool=THREADS,
            stac_cfg={"*": {"assets": {"*": {"data_type": "float32", "nodata": "nan"}}, "warnings": "ignore"}},
        )
        return {name: np.asarray(loaded[name].values, np.float32) for name in names}

    def _for_loading(self, rank: int, item: Item, names: Sequence[str]) -> Any:  # noqa: ANN401 - of the extra
        """An item for odc-stac: its files by key, everywhere on the grid, in the order given."""
        import pystac

        from pitscape.imagery.stac.remote_raster import SCHEME

        west, south, east, north = self._extent
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        made = pystac.Item(
            id=f"{rank:06d}",
            geometry={"type": "Polygon", "coordinates": [ring]},
            bbox=list(self._extent),
            datetime=FIRST_DAY + datetime.timedelta(days=rank),
            properties={},
            collection="items",
        )
        for name in names:
            made.add_asset(
                name, pystac.Asset(f"{SCHEME}{self._keys[item.id][name]}", media_type="image/tiff", roles=["data"])
            )
        return made

"""Reading scenes window by window beside plain rasterio: speed as ratios, and memory on a large scene.

    python benchmarks/reading.py

Aligned: windows of a scene on its own grid, beside ``dataset.read`` of the same windows. Warped: onto a grid in the next
UTM zone, beside a ``WarpedVRT`` of rasterio with its default, window-dependent transformation, and beside one with the
exact one. The three are interleaved, block by block; the first round, which fills the file system's cache, is not counted.
Memory: 20 windows of 512 px of a scene of 20,000 x 20,000 px, in a process of its own.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from pitscape.imagery.block_cache import block_cache
from pitscape.imagery.reading import Reading
from pitscape.imagery.scene import open_scene
from pitscape.imagery.sensor import load_sensor

SENSOR = load_sensor("sentinel2_l2a")
BANDS = SENSOR.band_names
SIDE, WINDOW, ROUNDS = 2048, 512, 6
PLACE = Affine(10, 0, 600000, 0, -10, 5700000)
SMALL_CACHE_MB, LARGE_CACHE_MB = 16, 1024
"""GDAL's cache of decoded blocks: too small to spare the decoding, and large enough to hold the scene."""

MOSAIC = 20_000


def write_scene(path: Path) -> Path:
    """Ten bands of smooth land with noise, tiled, DEFLATE, as scenes are stored."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    land = 2500 + 800 * np.sin(rows / 60) * np.cos(columns / 90)
    profile = {
        "count": len(BANDS),
        "height": SIDE,
        "width": SIDE,
        "dtype": "uint16",
        "nodata": 0,
        "compress": "deflate",
    }
    with rasterio.open(path, "w", driver="GTiff", crs="EPSG:32633", transform=PLACE, tiled=True, **profile) as dataset:
        for band in range(1, len(BANDS) + 1):
            dataset.write((land + rng.normal(0, 30, land.shape)).astype(np.uint16), band)
        dataset.descriptions = BANDS
    return path


def windows(height: int, width: int) -> list[tuple[slice, slice]]:
    """All whole windows of a grid."""
    tops, lefts = (range(0, size - WINDOW + 1, WINDOW) for size in (height, width))
    return [(slice(top, top + WINDOW), slice(left, left + WINDOW)) for top in tops for left in lefts]


def seconds(ways: dict[str, Callable[[slice, slice], object]], parts: list[tuple[slice, slice]]) -> dict[str, float]:
    """Median time of each way for all parts; ways take turns at each part."""
    totals: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        spent = dict.fromkeys(ways, 0.0)
        for rows, columns in parts:
            for name, read in ways.items():
                start = time.perf_counter()
                read(rows, columns)
                spent[name] += time.perf_counter() - start
        for name, value in spent.items():
            totals[name].append(value)
    return {name: statistics.median(values[1:]) for name, values in totals.items()}


def compare(path: Path) -> None:
    """Print speeds, as MB of stored numbers a second and as ratios."""
    options = {"crs": "EPSG:32632", "resampling": Resampling.bilinear, "dtype": "float32"}
    target = GeoBox((SIDE, SIDE), Affine(10, 0, 1014000, 0, -10, 5722000), "EPSG:32632")
    place = {"transform": target.affine, "height": SIDE, "width": SIDE}
    with (
        rasterio.open(path) as dataset,
        WarpedVRT(dataset, **options, **place) as loose,
        WarpedVRT(dataset, tolerance=1e-9, **options, **place) as exact,
        open_scene(path, SENSOR, reading=Reading(offset="included")) as scene,
    ):
        moved = scene.on(target)
        with block_cache(SMALL_CACHE_MB):
            aligned = seconds({"pitscape": scene.read, "rasterio": _plain(dataset)}, windows(SIDE, SIDE))
        with block_cache(LARGE_CACHE_MB):
            ways = {"pitscape": moved.read, "WarpedVRT": _plain(loose), "WarpedVRT, exact": _plain(exact)}
            warped = seconds(ways, windows(SIDE, SIDE))
    stored = 2 * len(BANDS) * SIDE * SIDE / 1e6
    for title, found in (("aligned", aligned), ("warped", warped)):
        for name, spent in found.items():
            print(f"{title:8} {name:18} {stored / spent:8.0f} MB/s   {spent / found['pitscape']:.2f} x pitscape's time")


def _plain(dataset: rasterio.DatasetReader) -> Callable[[slice, slice], object]:
    return lambda rows, columns: dataset.read(window=Window.from_slices(rows, columns))


def mosaic(path: Path) -> Path:
    """A virtual scene of 20,000 x 20,000 px that repeats one."""
    tiles = -(-MOSAIC // SIDE)
    bands = []
    for number, name in enumerate(BANDS, start=1):
        sources = "".join(
            f'<SimpleSource><SourceFilename relativeToVRT="1">{path.name}</SourceFilename><SourceBand>{number}</SourceBand>'
            f'<SrcRect xOff="0" yOff="0" xSize="{SIDE}" ySize="{SIDE}"/>'
            f'<DstRect xOff="{SIDE * i}" yOff="{SIDE * j}" xSize="{SIDE}" ySize="{SIDE}"/></SimpleSource>'
            for i in range(tiles)
            for j in range(tiles)
        )
        bands.append(
            f'<VRTRasterBand dataType="UInt16" band="{number}"><Description>{name}</Description>{sources}</VRTRasterBand>'
        )
    virtual = path.with_suffix(".vrt")
    virtual.write_text(
        f'<VRTDataset rasterXSize="{MOSAIC}" rasterYSize="{MOSAIC}"><SRS>EPSG:32633</SRS>'
        f"<GeoTransform>600000, 10, 0, 5700000, 0, -10</GeoTransform>{''.join(bands)}</VRTDataset>"
    )
    return virtual


def read_twenty(path: Path) -> None:
    """Read 20 windows, half of them warped, and print the peak memory [MB]."""
    rng = np.random.default_rng(0)
    with open_scene(path, SENSOR, reading=Reading(offset="included")) as scene:
        target = GeoBox((MOSAIC, MOSAIC), scene.grid.affine @ Affine.translation(0.3, 0.6), scene.grid.crs)
        for number in range(20):
            top, left = rng.integers(0, MOSAIC - WINDOW, 2).tolist()
            wanted = scene.on(target) if number % 2 else scene
            wanted.read(slice(top, top + WINDOW), slice(left, left + WINDOW))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Print the tables."""
    if len(sys.argv) > 1:
        read_twenty(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = write_scene(Path(folder) / "scene.tif")
        compare(path)
        command = [sys.executable, __file__, str(mosaic(path))]
        peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        print(f"20 windows of {WINDOW} px of {MOSAIC} x {MOSAIC} px: peak memory {float(peak):.0f} MB")


if __name__ == "__main__":
    main()

"""Areas by zone against exactextract's own zonal statistics and a mask per zone: times as ratios, and peak memory.

Run with: python benchmarks/areas.py [speed | edges | memory]...

The map has four classes in UTM; zones are 357 polygons that cover it, with some 400 points each, and 400 discs that overlap.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import geopandas
import numpy as np
import rasterio
import shapely
from affine import Affine
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import geometry_mask, geometry_window
from rasterio.windows import Window

from pitscape.imagery.cell_area import cell_areas
from pitscape.imagery.class_map import open_class_map
from pitscape.imagery.legend import load_legend
from pitscape.inference.areas.coverage import Edges
from pitscape.inference.areas.proportions import class_areas
from pitscape.inference.areas.zones import Zone

SIDE = 6144
LARGE_SIDE = 24576
CELL = 10.0
BLOCK = 512
PROVINCES = 357
DISCS = 400
ROUNDS = 3
CRS = "EPSG:32649"


def grid_of_side(side: int) -> GeoBox:
    """A square grid."""
    return GeoBox((side, side), Affine(CELL, 0, 400000, 0, -CELL, 4500000), CRS)


def write_map(path: Path, side: int) -> None:
    """Random blobs of four classes, one block repeated."""
    rng = np.random.default_rng(0)
    block = np.kron(rng.integers(0, 4, (32, 32)), np.ones((16, 16))).astype(np.uint8)
    layout = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "compress": "DEFLATE", "dtype": "uint8"}
    place = {"crs": CRS, "transform": grid_of_side(side).affine, "height": side, "width": side, "count": 1}
    with rasterio.open(path, "w", driver="GTiff", **layout, **place) as dataset:
        for top in range(0, side, BLOCK):
            for left in range(0, side, BLOCK):
                dataset.write(block, 1, window=Window(left, top, BLOCK, BLOCK))


def provinces(side: int) -> list[Any]:
    """Polygons that cover the map, their edges wavy and shared."""
    extent, rng = grid_of_side(side).extent.geom, np.random.default_rng(1)
    west, south, east, north = extent.bounds
    points = shapely.MultiPoint(rng.uniform((west, south), (east, north), (PROVINCES, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=extent))
    fine = shapely.segmentize(shapely.intersection(cells, extent), side * CELL / 2000)

    def waved(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return xy + side / 100 * CELL * np.sin(xy[:, ::-1] / (side * CELL / 150))

    return [shapely.intersection(shape, extent) for shape in shapely.make_valid(shapely.transform(fine, waved))]


def discs(side: int) -> list[Any]:
    """Overlapping discs, as around mines."""
    west, south, east, north = grid_of_side(side).extent.geom.bounds
    places = np.random.default_rng(2).uniform((west, south), (east, north), (DISCS, 2))
    return list(shapely.buffer(shapely.points(places), 100 * CELL))


def ours(path: Path, shapes: list[Any], *, edges: Edges = "exact") -> NDArray[np.float64]:
    """Areas [km2] (zone, class)."""
    with open_class_map(path, load_legend()) as classes:
        rows = class_areas(classes, [Zone(str(n), shape) for n, shape in enumerate(shapes)], edges=edges)
    return np.array([row.area_km2 for row in rows]).reshape(len(shapes), -1)


def exactextracts(path: Path, shapes: list[Any]) -> NDArray[np.float64]:
    """The same by exactextract's own operations, with the areas of all cells as weights in memory."""
    with rasterio.open(path) as dataset:
        bounds = dataset.bounds
        areas = np.broadcast_to(cell_areas(grid_of_side(dataset.width)), dataset.shape)
    weights = NumPyRasterSource(areas, *bounds, srs_wkt=None)
    table = geopandas.GeoDataFrame(geometry=shapes, crs=CRS)
    found = exact_extract(
        str(path), table, ["unique", "weighted_frac", "count", "weighted_sum", "weighted_mean"], weights=weights
    )
    km2 = np.zeros((len(shapes), 4))
    for number, feature in enumerate(found):
        values = feature["properties"]
        valued = values["weighted_sum"] / values["weighted_mean"] / 1e6
        km2[number, np.asarray(values["unique"], int)] = np.asarray(values["weighted_frac"]) * valued
    return km2


def masks(path: Path, shapes: list[Any]) -> NDArray[np.float64]:
    """By cell centres: the rectangle around each zone read, masked and counted, as rasterstats does."""
    km2 = np.zeros((len(shapes), 4))
    with rasterio.open(path) as dataset:
        whole = grid_of_side(dataset.width)
        for number, shape in enumerate(shapes):
            window = geometry_window(dataset, [shape])
            ids = dataset.read(1, window=window)
            rows, columns = window.toslices()
            where = whole[rows, columns]
            inside = geometry_mask([shape], ids.shape, where.affine, invert=True)
            areas = np.broadcast_to(cell_areas(where), ids.shape)
            km2[number] = np.bincount(ids[inside], areas[inside], 4) / 1e6
    return km2


def timed(run: Callable[[], NDArray[np.float64]]) -> tuple[float, NDArray[np.float64]]:
    """Seconds of processor time, which other work on the machine does not change much, and what it gave."""
    start = time.process_time()
    found = run()
    return time.process_time() - start, found


def speed(folder: Path) -> None:
    """Three ways side by side, in turn; ratios to exactextract's own."""
    path = folder / "map.tif"
    write_map(path, SIDE)
    for name, shapes in (("357 provinces", provinces(SIDE)), ("400 discs", discs(SIDE))):
        ways: dict[str, Callable[[], NDArray[np.float64]]] = {
            "exactextract's own": lambda shapes=shapes: exactextracts(path, shapes),  # type: ignore[misc]
            "pitscape, exact": lambda shapes=shapes: ours(path, shapes),  # type: ignore[misc]
            "pitscape, centre": lambda shapes=shapes: ours(path, shapes, edges="centre"),  # type: ignore[misc]
            "a mask per zone": lambda shapes=shapes: masks(path, shapes),  # type: ignore[misc]
        }
        rounds = [{way: timed(run) for way, run in ways.items()} for _ in range(ROUNDS)]
        for way in ways:
            ratio = median(each[way][0] / each["exactextract's own"][0] for each in rounds)
            off = np.abs(rounds[0][way][1] - rounds[0]["exactextract's own"][1]).max()
            print(
                f"{name}: {way}: {ratio:.2f} of exactextract's time, areas differ by {off:.2g} km2 at most", flush=True
            )


def edges(folder: Path) -> None:
    """What the rule at the edge does to the area of a zone: the greatest difference of any class of a zone."""
    path = folder / "map.tif"
    write_map(path, SIDE)
    for name, shapes in (("357 provinces", provinces(SIDE)), ("400 discs", discs(SIDE))):
        exact, centre = ours(path, shapes), ours(path, shapes, edges="centre")
        share = np.abs(exact - centre).max(axis=1) / exact.sum(axis=1)
        print(f"{name}: the centre rule moves a class by {100 * share.max():.3f} % of a zone at most")


def memory(folder: Path) -> None:
    """Peak memory and speed of the verb on a large map, in a process of its own."""
    path, zones = folder / "map.tif", folder / "zones.gpkg"
    write_map(path, LARGE_SIDE)
    geopandas.GeoDataFrame(geometry=provinces(LARGE_SIDE), crs=CRS).to_file(zones)
    wanted = ["areas", str(path), "--zones", str(zones), "--legend", "four_class", "--output", str(folder / "a.csv")]
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "pitscape", *wanted], check=True, capture_output=True)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{LARGE_SIDE} x {LARGE_SIDE} cells, {PROVINCES} zones: peak {peak:.0f} MB, {LARGE_SIDE**2 / 1e6 / seconds:.1f} Mcells/s"
    )


def main() -> None:
    """Run what is asked for; all by default."""
    wanted = sys.argv[1:] or ["speed", "edges", "memory"]
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            {"speed": speed, "edges": edges, "memory": memory}[name](Path(folder))


if __name__ == "__main__":
    main()

"""Landscape metrics of a map tile by tile against one pass over it: equality, processor time and peak memory.

Run with: python benchmarks/landscape_tiles.py [SIDE]
"""

import json
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from landscape import CELL, noisy_bands, noisy_map
from numpy.typing import NDArray
from rasterio.windows import Window

from pitscape.resilience.landscape import Pattern, pattern_of
from pitscape.resilience.patches import find_patches
from pitscape.resilience.tiled_landscape import pattern_of_tiles

ALONG = 4  # tiles in a row and in a column
MOST_COMPARED = 10000  # cells of a side, in memory
PROGRAM = """
import resource, sys, time
from pitscape.cli import main
if __name__ == "__main__":
    begin = time.perf_counter()
    assert main(sys.argv[1:]) == 0
    took = time.perf_counter() - begin
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        print("FIGURES", used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
    print("FIGURES", took)
"""


def write(folder: Path, side: int) -> None:
    """The map as one GeoTIFF, and as 16."""
    step = side // ALONG
    options: dict[str, Any] = {"driver": "GTiff", "count": 1, "dtype": "uint8", "nodata": 255, "crs": "EPSG:32633"}
    options |= {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "deflate"}
    place = Affine(CELL, 0, 5e5, 0, -CELL, 5.6e6)
    with rasterio.open(folder / "whole.tif", "w", height=side, width=side, transform=place, **options) as file:
        top = 0
        for band in noisy_bands(side):
            file.write(band, 1, window=Window(0, top, side, len(band)))
            top += len(band)
    (folder / "tiles").mkdir()
    with rasterio.open(folder / "whole.tif") as whole:
        for row, column in product(range(0, side, step), repeat=2):
            moved = place @ Affine.translation(column, row)
            path = folder / "tiles" / f"{row:06}_{column:06}.tif"
            with rasterio.open(path, "w", height=step, width=step, transform=moved, **options) as file:
                file.write(whole.read(1, window=Window(column, row, step, step)), 1)


def largest_difference(side: int) -> tuple[int, float]:
    """Over all numbers of patches, classes and landscape: how many there are, and the largest relative difference."""
    classes, step = noisy_map(side), side // ALONG
    places = product(range(0, side, step), repeat=2)
    tiles = [((row, column), lambda r=row, c=column: classes[r : r + step, c : c + step]) for row, column in places]
    found = numbers(pattern_of_tiles(tiles, cell_size=CELL, connect_distance=10 * CELL))
    wanted = numbers(pattern_of(find_patches(classes), cell_size=CELL, connect_distance=10 * CELL))
    if not np.array_equal(np.isnan(found), np.isnan(wanted)):
        raise SystemExit("what is not defined differs")
    known = ~np.isnan(wanted)
    apart = np.abs(found - wanted)[known]
    return int(known.sum()), float((apart / np.maximum(np.abs(wanted[known]), np.finfo(float).tiny)).max())


def numbers(pattern: Pattern) -> NDArray[np.float64]:
    """All of them, in one row."""
    columns = [*pattern.patch.values(), *pattern.by_class.values(), np.array(list(pattern.landscape.values()))]
    return np.concatenate([np.asarray(column, np.float64) for column in columns])


def measure(folder: Path, name: str, *arguments: object) -> dict[str, Any]:
    """Run the verb in a process of its own, say what it took, and return what it wrote."""
    output = folder / f"{name}.json"
    verb = ["landscape", *map(str, arguments), "--connect-distance", str(10 * CELL), "--output", str(output)]
    program = folder / "program.py"
    program.write_text(PROGRAM)
    answer = subprocess.run([sys.executable, program, *verb], capture_output=True, text=True, check=True).stdout
    own, workers, (took,) = (map(float, line.split()[1:]) for line in answer.splitlines() if "FIGURES" in line)
    (seconds, peak), (others, other_peak) = own, workers
    print(
        f"{name:24} {seconds:6.1f} s of the processor and {others:6.1f} s of workers, {took:6.1f} s in all, "
        f"peak {peak:5.0f} MB, of a worker {other_peak:5.0f} MB",
        flush=True,
    )
    return dict(json.loads(output.read_text(encoding="utf-8")))


def main() -> None:
    """Everything, on a map of one side."""
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 8192
    if side <= MOST_COMPARED:
        count, difference = largest_difference(side)
        print(f"{side} x {side}, {ALONG**2} tiles: {count} numbers, largest relative difference {difference:.2g}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(folder, side)
        wanted = measure(folder, "one pass", folder / "whole.tif")
        for name, arguments in (
            ("16 files", [folder / "tiles"]),
            ("16 squares of one file", [folder / "whole.tif", "--tile", side // ALONG]),
            ("16 files, local:2", [folder / "tiles", "--cluster", "local:2"]),
        ):
            found = measure(folder, name, *arguments)
            if (found["landscape"], found["class"]) != (wanted["landscape"], wanted["class"]):
                raise SystemExit(f"{name}: other numbers than in one pass")


if __name__ == "__main__":
    main()

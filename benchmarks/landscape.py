"""Landscape metrics against cc3d's labelling of the same map: times as ratios, and peak memory.

Run with: python benchmarks/landscape.py [speed | linear | memory | stream | windows]...
Against pylandstats, which must not be installed beside pitscape: python benchmarks/landscape.py other ITS_PYTHON
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import cc3d
import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from pitscape.resilience.connect import joined_pairs
from pitscape.resilience.landscape import class_metrics, landscape_metrics, patch_metrics
from pitscape.resilience.nearest import nearest_distances
from pitscape.resilience.patches import find_patches, find_patches_in_bands, patches_of
from pitscape.resilience.runs import runs_of
from pitscape.resilience.windows import window_maps

SIDE = 8000
STREAMED_SIDE = 24000
CELL = 10.0
ROUNDS = 7
BAND = 64
COARSE = 32
NOISE = 0.01
OTHER = """
import sys, time, pylandstats
start = time.perf_counter()
value = pylandstats.Landscape(sys.argv[1]).fractal_dimension_mn()
print(time.perf_counter() - start, value)
"""


def noisy_bands(side: int) -> Iterator[NDArray[np.uint8]]:
    """Four classes cut from a smooth field, and 1 % random cells, in bands of rows."""
    rng = np.random.default_rng(0)
    field = gaussian_filter(rng.standard_normal((side // COARSE + 2,) * 2), 2.0, mode="wrap")
    levels = np.quantile(field, [0.25, 0.5, 0.75])
    left, along = np.divmod(np.arange(side), COARSE)
    for top in range(0, side, BAND):
        upper, down = np.divmod(np.arange(top, min(top + BAND, side)), COARSE)
        rows = field[upper] + (field[upper + 1] - field[upper]) * (down / COARSE)[:, None]
        smooth = rows[:, left] + (rows[:, left + 1] - rows[:, left]) * (along / COARSE)
        band = np.digitize(smooth, levels).astype(np.uint8)
        random = rng.random(band.shape, np.float32) < NOISE
        band[random] = rng.integers(0, 4, int(random.sum()), np.uint8)
        yield band


def noisy_map(side: int) -> NDArray[np.uint8]:
    """All bands together."""
    classes = np.empty((side, side), np.uint8)
    for number, band in enumerate(noisy_bands(side)):
        classes[number * BAND : number * BAND + len(band)] = band
    return classes


def whole_set(classes: NDArray[np.uint8]) -> dict[str, float]:
    """SHDI, SHEI, FRAC_MN, CONTAG, ED, LPI, NP, AI, COHESION, MESH and the rest of the landscape, from the map."""
    patches = find_patches(classes)
    return landscape_metrics(patches, patch_metrics(patches, cell_size=CELL), cell_size=CELL)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def speed() -> None:
    """The steps, each timed in turn with the labelling."""
    classes = noisy_map(SIDE)
    codes, runs = classes + 1, runs_of(classes)
    patches = patches_of(runs)
    steps: dict[str, Callable[[], object]] = {
        "labels by cc3d": lambda: cc3d.connected_components(codes, connectivity=8, out_dtype=np.uint32),
        "runs": lambda: runs_of(classes),
        "patches and tally from runs": lambda: patches_of(runs),
        "patches and tally from the map": lambda: find_patches(classes),
        "whole landscape set": lambda: whole_set(classes),
        "whole landscape set, one thread": lambda: landscape_metrics(
            one := find_patches(classes, threads=1), patch_metrics(one, cell_size=CELL), cell_size=CELL
        ),
        "CONNECT at 10 cells": lambda: joined_pairs(patches, cell_size=CELL, distance=10 * CELL),
        "CONNECT at 30 cells": lambda: joined_pairs(patches, cell_size=CELL, distance=30 * CELL),
        "ENN of all patches": lambda: nearest_distances(patches, cell_size=CELL),
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, work in steps.items():
            times[name].append(seconds(work))
    labelling = times["labels by cc3d"]
    print(f"{SIDE} x {SIDE}, {runs.ends.size} runs, {patches.cells.size} patches; {ROUNDS} rounds: median, fastest")
    for name, each in times.items():
        ratios = f"{median(each) / median(labelling):6.2f} {min(each) / min(labelling):6.2f} x labelling"
        print(f"{name:32} {median(each):7.3f} {min(each):7.3f} s {ratios}")


def linear() -> None:
    """Time per cell of maps of growing side."""
    first = 0.0
    for side in (2000, 4000, 8000, 16000):
        classes = noisy_map(side)
        per_cell = median(seconds(lambda: whole_set(classes)) for _ in range(ROUNDS)) / side**2  # noqa: B023 - called at once
        first = first or per_cell
        print(f"{side:6} x {side}: {1e9 * per_cell:.2f} ns a cell, {per_cell / first:.2f} x that of 2000")


def memory() -> None:
    """Peak memory over the map itself, in a process of its own."""
    warm_up()
    classes = noisy_map(SIDE)
    before = peak_bytes()
    whole_set(classes)
    print(f"landscape set: {(peak_bytes() - before) / classes.size:.2f} bytes a cell over the map")
    joined_pairs(find_patches(classes), cell_size=CELL, distance=10 * CELL)
    print(f"with CONNECT:  {(peak_bytes() - before) / classes.size:.2f} bytes a cell over the map")


def stream() -> None:
    """A map that is never held whole."""
    warm_up()
    start = time.perf_counter()
    patches = find_patches_in_bands(noisy_bands(STREAMED_SIDE))
    table = patch_metrics(patches, cell_size=CELL)
    found = landscape_metrics(patches, table, cell_size=CELL)
    class_metrics(patches, table, cell_size=CELL)
    took, peak = time.perf_counter() - start, peak_bytes() / 1e6
    print(
        f"{STREAMED_SIDE} x {STREAMED_SIDE}: {found['NP']} patches, {took:.0f} s with making the map, peak {peak:.0f} MB"
    )
    joined_pairs(patches, cell_size=CELL, distance=10 * CELL)
    print(f"with CONNECT at 10 cells: peak {peak_bytes() / 1e6:.0f} MB")


def windows() -> None:
    """Maps of a moving window of growing side."""
    classes = noisy_map(2000)
    for cells in (5, 11, 51, 101, 301):
        took = median(seconds(lambda: window_maps(classes, cell_size=CELL, window=cells * CELL)) for _ in range(3))  # noqa: B023
        print(f"window of {cells:4} cells: {1e9 * took / classes.size:.0f} ns a cell")


def other(python: str) -> None:
    """FRAC_MN by pylandstats in another environment, and the whole set here, in one run."""
    classes = noisy_map(SIDE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "classes.tif"
        place: dict[str, Any] = {"crs": "EPSG:32633", "transform": Affine(CELL, 0, 5e5, 0, -CELL, 5.6e6), "nodata": 255}
        with rasterio.open(path, "w", driver="GTiff", height=SIDE, width=SIDE, count=1, dtype="uint8", **place) as file:
            file.write(classes, 1)
        answer = subprocess.run([python, "-c", OTHER, str(path)], capture_output=True, text=True, check=True).stdout
    theirs = float(answer.split()[0])
    ours = median(seconds(lambda: whole_set(classes)) for _ in range(ROUNDS))
    print(f"FRAC_MN by pylandstats {theirs:.1f} s; the whole set {ours:.3f} s; {theirs / ours:.0f} times as fast")


def warm_up() -> None:
    """Compile everything on a small map."""
    small = find_patches(noisy_map(200))
    joined_pairs(small, cell_size=CELL, distance=10 * CELL)
    find_patches_in_bands(iter([np.zeros((4, 4), np.uint8)]))


def peak_bytes() -> float:
    """Peak resident memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def main() -> None:
    """Run the parts named, all by default; those that measure memory in processes of their own."""
    parts = {each.__name__: each for each in (speed, linear, memory, stream, windows)}
    if sys.argv[1:2] == ["other"]:
        other(sys.argv[2])
    elif len(sys.argv) == 2:
        warm_up()
        parts[sys.argv[1]]()
    else:
        for name in sys.argv[1:] or parts:
            print(f"-- {name}", flush=True)
            subprocess.run([sys.executable, __file__, name], check=True)


if __name__ == "__main__":
    main()

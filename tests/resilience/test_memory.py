"""Bounds on peak memory, each measured in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")

PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from scipy.ndimage import gaussian_filter
from pitscape.resilience.connect import joined_pairs
from pitscape.resilience.landscape import class_metrics, landscape_metrics, patch_metrics
from pitscape.resilience.patches import find_patches, find_patches_in_bands

def peak():
    fields = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return 1024 * int(fields["VmHWM"].split()[0])

def bands(side, rows=64):
    rng = np.random.default_rng(0)
    field = gaussian_filter(rng.standard_normal((rows, side), np.float32), 16, mode="wrap")
    smooth = np.digitize(field, np.quantile(field, [0.25, 0.5, 0.75])).astype(np.uint8)
    for first in range(0, side, rows):
        band = np.roll(smooth, first // 3, axis=1)[: side - first]
        random = rng.random(band.shape, np.float32) < 0.01
        band[random] = rng.integers(0, 4, int(random.sum()), np.uint8)
        yield band

def measure(patches):
    table = patch_metrics(patches, cell_size=10.0)
    landscape_metrics(patches, table, cell_size=10.0)
    class_metrics(patches, table, cell_size=10.0)

measure(find_patches(next(bands(200))))
side = int(sys.argv[2])
if sys.argv[1] == "whole":
    classes = np.empty((side, side), np.uint8)
    for number, band in enumerate(bands(side)):
        classes[64 * number : 64 * number + len(band)] = band
    before = peak()
    patches = find_patches(classes)
    measure(patches)
    joined_pairs(patches, cell_size=10.0, distance=100.0)
    print((peak() - before) / classes.size)
else:
    measure(find_patches_in_bands(bands(side)))
    print(peak() / 1e6)
"""


def measured(kind: str, side: int) -> float:
    command = [sys.executable, "-c", PROGRAM, kind, str(side)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_a_map_in_memory_takes_less_than_8_bytes_a_cell_more() -> None:
    assert measured("whole", 3000) < 8


def test_a_streamed_map_is_never_held_whole() -> None:
    assert measured("streamed", 10000) < 400  # labels of its cells alone would take 400 MB


@pytest.mark.slow
def test_576_million_cells_pass_through_one_gigabyte() -> None:
    assert measured("streamed", 24000) < 1000

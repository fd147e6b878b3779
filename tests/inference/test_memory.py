"""Peak memory of whole runs, each in a process of its own."""

from pathlib import Path

import rasterio
from process_memory import needs_proc, peak_mb
from small_scenes import BANDS, grid, stored_numbers

PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.run_options import RunOptions
from pitscape.inference.scene_run import predict_scene
predictor = OnnxPredictor(Path(sys.argv[1]))
answer = np.full((1, 4, 512, 512), 0.25, np.float32)
predictor.probabilities = lambda stored: answer[:, :, : stored.shape[2], : stored.shape[3]]
predictor.with_threads = lambda threads: predictor
options = RunOptions(tile=512, overlap=64, threads=2, memory_mb=float(sys.argv[3]))
predict_scene(Path(sys.argv[2]), predictor, Path(sys.argv[4]), options=options)
"""


def scene_of(path: Path, height: int, width: int) -> Path:
    """A scene that repeats one block, without ever being in memory."""
    block = stored_numbers(512, 512)
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "ZSTD", "dtype": "uint16", "count": 10}
    place = {"crs": "EPSG:32633", "transform": grid(1, 1).affine, "height": height, "width": width}
    with rasterio.open(path, "w", driver="GTiff", **layout, **place) as dataset:
        dataset.descriptions = BANDS
        for top in range(0, height, 512):
            for left in range(0, width, 512):
                dataset.write(block, window=rasterio.windows.Window(left, top, 512, 512))
    return path


@needs_proc
def test_memory_stays_within_the_budget_however_wide_or_high_the_scene(model: Path, tmp_path: Path) -> None:
    """A budget of 600 MB; the whole width of the second scene would take 1.3 GB."""
    peaks = [
        peak_mb(PROGRAM, model, scene_of(tmp_path / f"s{height}_20230709.tif", height, width), 600, tmp_path / "c.tif")
        for height, width in ((512, 4096), (1024, 24576), (8192, 2048))
    ]
    assert max(peaks) < 600
    with rasterio.open(tmp_path / "c.tif") as dataset:
        assert (dataset.read(1) == 0).all()

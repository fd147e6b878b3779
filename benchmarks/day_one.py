"""A model on the seven dates of Strzegom, none of whose labels it has seen: IoU per class, plain and with --tta.

    python benchmarks/day_one.py MAPS [MODEL.onnx]

MODEL is the shipped one by default; maps go to the folder MAPS. The labels are sparse masks in columns 0 to 299.
"""

import os
import sys
from pathlib import Path

import numpy as np
import rasterio

from pitscape.imagery.confusion import confusion_counts, scores
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.run_options import RunOptions
from pitscape.inference.scene_run import predict_scene
from pitscape.models.shipped import shipped_model

CROSSWALK = {1: 2, 2: 2, 3: 1, 4: 2, 5: 2, 6: 2, 7: 1, 8: 3, 9: 2, 10: 0}
BARE_SOIL = 5


def judged(model: Path, folder: Path, *, tta: bool) -> None:
    """Map and judge all dates, and print a row for each."""
    table = np.full(256, 255, np.uint8)
    table[list(CROSSWALK)] = list(CROSSWALK.values())
    predictor = OnnxPredictor(model)
    data = Path(os.environ["PITSCAPE_DATA"]) / "strzegom_sentinel2"
    total, bare = np.zeros((4, 4), np.int64), np.zeros(4, np.int64)
    for image in sorted((data / "images").glob("*.tif")):
        output = folder / f"{image.stem}{'_tta' if tta else ''}.tif"
        predict_scene(image, predictor, output, options=RunOptions(tta=tta, threads=1))
        with rasterio.open(output) as found, rasterio.open(data / "masks" / image.name) as masks:
            ids, codes = found.read(1)[:, :300], masks.read(1)[:, :300]
        counts = confusion_counts(ids, table[codes], classes=4)
        _row(image.stem, counts)
        total += counts
        bare += np.bincount(ids[(codes == BARE_SOIL) & (ids < 4)], minlength=4)
    _row("all, eight symmetries" if tta else "all", total)
    print(total, "rows: map, columns: labels; bare soil mapped as each class:", bare / bare.sum())


def _row(name: str, counts: np.ndarray) -> None:
    found = scores(counts)
    print(f"{name:24} mIoU {found.macro_iou:.3f} ", *(f"{iou:.3f}" for iou in found.iou), f" OA {found.overall:.3f}")


if __name__ == "__main__":
    maps = Path(sys.argv[1])
    maps.mkdir(parents=True, exist_ok=True)
    chosen = Path(sys.argv[2]) if len(sys.argv) > 2 else shipped_model()
    for symmetric in (False, True):
        judged(chosen, maps, tta=symmetric)

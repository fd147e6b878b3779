"""A model on simulated land it never saw, in wider palettes than it was trained on: IoU per class, for choosing.

    python benchmarks/day_one_simulated.py [MODEL.onnx] [SCENES]

MODEL is the shipped one by default, SCENES a folder of `images` and `masks`; by default 40 places of another seed.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import rasterio

from pitscape.imagery.confusion import confusion_counts, scores
from pitscape.imagery.simulated.varied.training_set import write_varied_scenes
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.run_options import RunOptions
from pitscape.inference.scene_run import predict_scene
from pitscape.models.shipped import shipped_model

PLACES, SEED = 40, 1
SPREAD = 0.27
"""One and a half times that of the land it was trained on."""


def judged(model: Path, scenes: Path) -> None:
    """Map all scenes and print mean IoU, IoU by class and the matrix."""
    predictor, counts = OnnxPredictor(model), np.zeros((4, 4), np.int64)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "classes.tif"
        for image in sorted((scenes / "images").glob("*.tif")):
            predict_scene(image, predictor, output, options=RunOptions(threads=1))
            with rasterio.open(output) as found, rasterio.open(scenes / "masks" / image.name) as masks:
                codes = masks.read(1)
                counts += confusion_counts(found.read(1), np.where(codes == 0, 255, codes - 1), classes=4)
            output.unlink()
    result = scores(counts)
    print(f"mIoU {result.macro_iou:.3f} ", *(f"{iou:.3f}" for iou in result.iou), f" OA {result.overall:.3f}")
    print(counts, "rows: map, columns: truth")


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else shipped_model()
    if len(sys.argv) > 2:
        judged(chosen, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as drawn:
            land = write_varied_scenes(Path(drawn) / "land", scenes=PLACES, seed=SEED, spread=SPREAD)
            judged(chosen, land)

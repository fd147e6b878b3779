"""Scene inference against its network alone: time as a ratio, and memory against the scene's height.

Run with: python benchmarks/scene.py MODEL.onnx
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine

from pitscape.imagery.scene import open_scene
from pitscape.inference.predictor import OnnxPredictor
from pitscape.inference.scene_run import predict_scene
from pitscape.inference.tiles import Tiles

WIDTH = 2048
HEIGHTS = (1024, 4096)


def write_scene(path: Path, height: int, bands: tuple[str, ...]) -> Path:
    """A random scene in deflated tiles, written band of rows by band of rows."""
    profile = {
        "driver": "GTiff",
        "height": height,
        "width": WIDTH,
        "count": len(bands),
        "dtype": "uint16",
        "tiled": True,
    }
    rng = np.random.default_rng(0)
    place = {"crs": "EPSG:32633", "transform": Affine(10, 0, 5e5, 0, -10, 5.6e6)}
    with rasterio.open(path, "w", compress="deflate", **profile, **place) as dataset:
        for top in range(0, height, 256):
            rows = rng.integers(1100, 5000, (len(bands), 256, WIDTH), dtype=np.uint16)
            dataset.write(rows, window=rasterio.windows.Window(0, top, WIDTH, 256))
        dataset.descriptions = bands
    return path


def network_alone(predictor: OnnxPredictor, scene_path: Path, batch: int = 4) -> float:
    """Seconds that the network needs for all tiles of a scene, with nothing else done."""
    card = predictor.card
    with open_scene(scene_path, card.sensor, bands=card.bands) as scene:
        tiles = Tiles(height=scene.grid.shape[0], width=WIDTH, tile=card.tile, overlap=card.overlap)
        stored, _ = scene.read(slice(0, card.tile), slice(0, card.tile))
    batches = [batch] * (len(tiles.lefts) // batch) + [len(tiles.lefts) % batch] * (len(tiles.lefts) % batch > 0)
    arrays = [np.stack([stored] * size) for size in batches]
    start = time.perf_counter()
    for _ in tiles.tops:
        for array in arrays:
            predictor.probabilities(array)
    return time.perf_counter() - start


def peak_mb(model: Path, scene_path: Path, folder: Path) -> float:
    """Peak memory of one prediction in a process of its own."""
    command = [sys.executable, __file__, str(model), "--one", str(scene_path), str(folder / "one.tif")]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Print the table."""
    model = Path(sys.argv[1])
    predictor = OnnxPredictor(model)
    if "--one" in sys.argv:
        predict_scene(Path(sys.argv[3]), predictor, Path(sys.argv[4]))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenes = [write_scene(folder / f"s{height}_20230709.tif", height, predictor.card.bands) for height in HEIGHTS]
        for _ in range(3):
            alone = network_alone(predictor, scenes[0])
            start = time.perf_counter()
            predict_scene(scenes[0], predictor, folder / "classes.tif")
            whole = time.perf_counter() - start
            print(f"{HEIGHTS[0]} x {WIDTH} px: scene run / network alone on the same tiles = {whole / alone:.2f}")
        for height, scene in zip(HEIGHTS, scenes, strict=True):
            print(f"{height} x {WIDTH} px: peak memory {peak_mb(model, scene, folder):.0f} MB")


if __name__ == "__main__":
    main()

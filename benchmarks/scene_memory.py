"""Peak memory of scene runs on scenes of 4,096, 16,384 and 32,768 px a side.

Run with: python benchmarks/scene_memory.py SCENE.tif MODEL.onnx [SIDE ...]

SCENE.tif has 4,096 x 4,096 px; larger scenes are virtual mosaics that repeat it. A small network serves: with a U-Net the
largest takes half an hour on two cores.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import rasterio

SIDES = (4096, 16384, 32768)
PREDICT = "import sys; from pitscape.cli import main; main(sys.argv[1:]); print(open('/proc/self/status').read())"


def repeated(scene: Path, side: int, folder: Path) -> Path:
    """A virtual mosaic that repeats a scene to a side [px], beside a hard link to it."""
    with rasterio.open(scene) as dataset:
        step, crs, names = dataset.width, dataset.crs.to_wkt(), dataset.descriptions
        origin = dataset.transform.to_gdal()
    (folder / "part.tif").hardlink_to(scene)
    bands = "".join(
        f'<VRTRasterBand dataType="UInt16" band="{number}"><Description>{name}</Description>'
        + "".join(
            f'<SimpleSource><SourceFilename relativeToVRT="1">part.tif</SourceFilename><SourceBand>{number}</SourceBand>'
            f'<SrcRect xOff="0" yOff="0" xSize="{step}" ySize="{step}"/>'
            f'<DstRect xOff="{left}" yOff="{top}" xSize="{step}" ySize="{step}"/></SimpleSource>'
            for top in range(0, side, step)
            for left in range(0, side, step)
        )
        + "</VRTRasterBand>"
        for number, name in enumerate(names, start=1)
    )
    path = folder / f"scene{side}_20230709.vrt"
    geometry = f"<SRS>{crs}</SRS><GeoTransform>{', '.join(map(str, origin))}</GeoTransform>"
    text = f'<VRTDataset rasterXSize="{side}" rasterYSize="{side}">{geometry}{bands}</VRTDataset>'
    path.write_text(text, encoding="utf-8")
    return path


def main() -> None:
    """Print a line for each side."""
    scene, model = Path(sys.argv[1]), Path(sys.argv[2])
    for side in [int(text) for text in sys.argv[3:]] or SIDES:
        with tempfile.TemporaryDirectory(dir=scene.parent) as name:
            wanted = ["predict", str(repeated(scene, side, Path(name))), "--model", str(model)]
            command = [sys.executable, "-c", PREDICT, *wanted, "--output", str(Path(name) / "classes.tif")]
            start = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            seconds = time.perf_counter() - start
        peak = int(done.stdout.split("VmHWM:")[1].split()[0]) / 1024
        print(f"{side} x {side} px: peak memory {peak:.0f} MB, {side * side / 1e6 / seconds:.2f} Mpx/s", flush=True)


if __name__ == "__main__":
    main()

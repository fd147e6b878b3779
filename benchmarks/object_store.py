"""A scene mapped from and to an object store on loopback, against the disk: bytes, requests and CPU time.

Run with: PYTHONPATH=tests python benchmarks/object_store.py [SIDE]

The scene has ten bands in blocks of 512, of smooth land with noise, as a cloud-optimised GeoTIFF. The network is day_one, in one
thread. Bytes and requests are counted between the program and the store, a server of moto in a process of its own.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import botocore.session
import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from object_store import SECRET, Bucket, Wire, serving_store
from rasterio.shutil import copy
from scipy import ndimage

from pitscape.imagery.scene import open_scene
from pitscape.imagery.sensor import load_sensor

SIDE = 2560
NAME = "scene_20230709.tif"
WINDOW = 256
ROUNDS = 3


def pixels(side: int) -> NDArray[np.uint16]:
    """Ten bands of patches with noise, in stored numbers."""
    rng = np.random.default_rng(0)
    land = ndimage.zoom(rng.normal(0, 1, (10, side // 40, side // 40)), (1, 40, 40), order=1)
    return (2500 + 600 * land + rng.normal(0, 20, land.shape)).clip(1001, 9000).astype(np.uint16)


def write_scene(path: Path, side: int) -> None:
    """A cloud-optimised GeoTIFF with named bands."""
    plain = path.with_name("plain.tif")
    place = {"crs": "EPSG:32633", "transform": Affine(10, 0, 585420, 0, -10, 5652250)}
    shape = {"count": 10, "height": side, "width": side, "dtype": "uint16"}
    with rasterio.open(plain, "w", driver="GTiff", **place, **shape) as dataset:
        dataset.write(pixels(side))
        dataset.descriptions = load_sensor("sentinel2_l2a").band_names
    copy(plain, path, driver="COG", compress="DEFLATE", predictor="YES", overviews="NONE")
    plain.unlink()


def predicted(*arguments: str) -> float:
    """CPU seconds of a run of ``pitscape predict``."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pitscape", "predict", *arguments, "--threads", "1"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the figures."""
    side = int(sys.argv[1]) if len(sys.argv) > 1 else SIDE
    with tempfile.TemporaryDirectory() as folder, serving_store() as url:
        scene = Path(folder) / NAME
        write_scene(scene, side)
        size = scene.stat().st_size
        wire = Wire(url)
        os.environ |= {"AWS_ENDPOINT_URL": wire.url, "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": SECRET}
        os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
        bucket = Bucket(botocore.session.get_session().create_client("s3", endpoint_url=url))
        remote, root = bucket.put(NAME, scene), f"s3://{bucket.name}"
        print(f"scene: {side} x {side} px, {size / 1e6:.1f} MB")
        received, asked = wire.received, wire.requests
        with open_scene(remote, load_sensor("sentinel2_l2a")) as opened:
            opened.read(slice(side // 2, side // 2 + WINDOW), slice(side // 2, side // 2 + WINDOW))
        print(f"{WINDOW} x {WINDOW} px: {wire.received - received} B received, {wire.requests - asked} requests")
        for number in range(ROUNDS):
            here = predicted(str(scene), "--output", f"{folder}/classes_{number}.tif")
            received, asked = wire.received, wire.requests
            there = predicted(f"{root}/{NAME}", "--output", f"{root}/out_{number}/classes.tif")
            share = (wire.received - received) / size
            print(f"CPU: disk {here:.1f} s, store {there:.1f} s, ratio {there / here:.3f}; ", end="")
            print(f"{share:.3f} of the scene's bytes, {wire.requests - asked} requests")
        wire.close()


if __name__ == "__main__":
    main()

"""What the blocks of the documentation find in the folder in which they run."""

import json
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import yaml
from documentation import ROOT
from documented_networks import write_networks
from finished_site import finished_site
from products import write_band, write_safe
from shapely.geometry import LineString, box
from small_scenes import BANDS

from pitscape.demo import simulated_site
from pitscape.imagery.share_map import SHARE_STEPS

EPOCHS = 4
YEARS = range(1980, 2022)
MAPS = {
    0: ("1986.tif", "2015.tif", "classes_2015.tif"),
    1: ("1998.tif", "2018.tif", "classes_2018.tif"),
    2: ("2003.tif", "2021.tif", "classes_2021.tif"),
    3: ("2016.tif", "2023.tif", "classes_2023.tif", "classes_20230709.tif", "classes.tif"),
}
"""Names of the truth of each epoch."""

SCENES = ("scene_20240709.tif", "my_scene_20240709.tif", "s2_20230709.tif")

STRZEGOM = {
    "strzegom_20210619.tif": "mine11_20210717.tif",
    "strzegom_20220719.tif": "mine12_20220717.tif",
    "strzegom_20230709.tif": "mine14_20230911.tif",
}
"""Simulated scenes of the same season and convention."""

PROGRAM = """#!{python}
import sys

from pitscape.cli import main

sys.path.append({tests!r})  # behind the package, whose name its folder of tests has
from labelled_points import label_sample

if __name__ == "__main__":  # workers that are spawned import this again
    status = main()
    if status == 0 and sys.argv[1] == "sample":
        label_sample(sys.argv[2:])
    sys.exit(status)
"""
"""``pitscape``, and, where it has drawn a sample, the person who labels it."""


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated site of four epochs with everything that pages name; copied, never written to."""
    folder = simulated_site(tmp_path_factory.mktemp("docs") / "material", size=192, epochs=EPOCHS, seed=1)
    scenes, maps, heights = (sorted((folder / name).glob("*.tif")) for name in ("images", "truth", "dem"))
    for number, names in MAPS.items():
        for name in names:
            (folder / name).write_bytes(maps[number].read_bytes())
    for name in SCENES:
        (folder / name).write_bytes(scenes[-1].read_bytes())
    (folder / "dem_2015.tif").write_bytes(heights[0].read_bytes())
    (folder / "dem.tif").write_bytes(heights[-1].read_bytes())
    (folder / "s1_20230711.tif").write_bytes(max((folder / "sar").glob("*.tif")).read_bytes())
    _rasters(folder, heights)
    _polygons(folder)
    _records(folder)
    _configurations(folder)
    write_networks(folder)
    _product(folder)
    _strzegom(folder)
    program = folder / "bin" / "pitscape"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable, tests=str(ROOT / "tests")))
    program.chmod(0o755)
    return folder


def _rasters(folder: Path, heights: list[Path]) -> None:
    """The change of elevation, and a map of confidence."""
    with rasterio.open(heights[0]) as first, rasterio.open(heights[-1]) as last:
        change, profile = last.read(1) - first.read(1), first.profile | {"count": 1, "nodata": None}
        with rasterio.open(folder / "dh.tif", "w", **profile | {"dtype": "float32"}) as file:
            file.write(change.astype(np.float32), 1)
        with rasterio.open(folder / "confidence.tif", "w", **profile | {"dtype": "uint8", "nodata": 255}) as file:
            file.write(np.full(change.shape, round(0.9 * SHARE_STEPS), np.uint8), 1)
            file.scales = (1 / SHARE_STEPS,)


def _polygons(folder: Path) -> None:
    """Two leases side by side, and a ridge along the northern edge."""
    with rasterio.open(folder / "classes.tif") as classes:
        west, south, east, north = classes.bounds
        crs = classes.crs
    middle = (west + east) / 2
    leases = [box(west, south, middle, north), box(middle, south, east, north)]
    columns = {"name": ["west", "east"], "code": ["W", "E"]}
    gpd.GeoDataFrame(columns, geometry=leases, crs=crs).to_file(folder / "leases.gpkg", layer="leases")
    ridge = LineString([(west, north - 15), (east, north - 15)])
    gpd.GeoDataFrame({"name": ["ridge"]}, geometry=[ridge], crs=crs).to_file(folder / "ridges.gpkg", layer="ridges")


def _product(folder: Path) -> None:
    """A Sentinel-2 product of all ten bands, and heights of the same land."""
    product, bands = write_safe(folder, size=512)
    images = next(product.glob("GRANULE/*/IMG_DATA/R10m"))
    for name in set(BANDS) - set(bands):
        write_band(images / f"T33UWR_20210619T100031_{name}_10m.jp2", bands["B04"], 10, "JP2OpenJPEG")
    product.rename(folder / "S2A_MSIL2A_...SAFE")
    write_band(folder / "srtm.tif", np.full((180, 180), 300, np.int16), 30)


def _strzegom(folder: Path) -> None:
    """Scenes that stand in for those of Strzegom, their labels in its codes."""
    codes = np.array([0, 10, 3, 4, 8], np.uint8)
    for name, scene in STRZEGOM.items():
        image, mask = (folder / "data" / "strzegom_sentinel2" / kind / name for kind in ("images", "masks"))
        for path in (image, mask):
            path.parent.mkdir(parents=True, exist_ok=True)
        image.write_bytes((folder / "my_mine" / "images" / scene).read_bytes())
        with (
            rasterio.open(folder / "my_mine" / "masks" / scene) as labels,
            rasterio.open(mask, "w", **labels.profile) as file,
        ):
            file.write(codes[labels.read()])


def _records(folder: Path) -> None:
    """Yearly tables, areas of mines, and sites that were run before."""
    years = np.arange(len(YEARS))
    eci = 0.6 * np.interp(years, [0, 10, 22, 32, 41], [1, 0.95, 0.7, 0.4, 0.38])
    output = 30 / (1 + np.exp(-0.9 * (years - 7))) / (1 + np.exp(0.7 * (years - 30)))
    for name, values in (("eci", eci), ("production_mt", output)):
        rows = [f"{year},{value:.6f}" for year, value in zip(YEARS, values, strict=True)]
        path = folder / f"{name.removesuffix('_mt')}.csv"
        path.write_text("\n".join([f"year,{name}", *rows]) + "\n")
    mines = ["name,excavated_km2,affected_km2,affected_se_km2,production_mt", "a,1,10,0.3,5", "b,2,16,0.4,9"]
    (folder / "mines.csv").write_text("\n".join(mines) + "\n")
    for name, shift in (("north", 0.0), ("south", 0.02), ("west", 0.04)):
        path = folder / "results" / name / "site.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(finished_site(name, shift)))


def _configurations(folder: Path) -> None:
    """The shipped ones, a site, and a training that is small."""
    for kind in ("legends", "sensors", "train"):
        for source in (ROOT / "configs" / kind).glob("*.yaml"):
            copy = folder / "configs" / kind / source.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
    (folder / "my_site.yaml").write_bytes((folder / "site.yaml").read_bytes().replace(b"model.onnx", b"mine.onnx"))
    (folder / "training").rename(folder / "my_mine")
    content = yaml.safe_load((folder / "configs" / "train" / "strzegom.yaml").read_text())
    data = content["data"]["init_args"]
    data |= {"images": "my_mine/images", "masks": "my_mine/masks", "tile": 64, "batch_size": 4, "steps_per_epoch": 30}
    data["crosswalk"] = {0: "ignore", 1: "mined", 2: "occupied", 3: "vegetated", 4: "water"}
    data["split"] = {"kind": "columns", "train": [0, None], "validate_on": [0, 64], "buffer": 4}
    content["trainer"] = {"default_root_dir": "runs/my_mine", "max_steps": 30}
    content["model"]["init_args"] |= {"network": {"encoder_depth": 3, "decoder_channels": [32, 16, 16]}}
    (folder / "my_mine.yaml").write_text(yaml.safe_dump(content))

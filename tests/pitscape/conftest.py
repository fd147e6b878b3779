"""A run of a small site whose names are those that a spreadsheet would run as formulas."""

import json
from pathlib import Path

import geopandas
import numpy as np
import pytest
import yaml
from shapely.geometry import box
from small_scenes import BANDS, grid, stored_numbers, write_raster

from pitscape.cli import main
from pitscape.imagery.class_map import save_class_map
from pitscape.imagery.legend import load_legend

SIDE = (520, 540)
"""More than a block of 512 cells, so that rasters have overviews."""

OUTPUT_MT = (0.1, 0.3, 1, 3, 7, 12, 15, 16, 16, 16, 16)


@pytest.fixture(scope="session")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three epochs of grass with two ponds, in which a pit opens: by day, by day without an image, by year; one lacks NPP."""
    folder = tmp_path_factory.mktemp("valley")
    ids = np.full(SIDE, 2, np.uint8)
    ids[:60, :60] = 3
    ids[:60, 65:100] = 3
    for number, name in enumerate(("map_20150903", "map_20200909", "map")):
        ids[200 : 200 + 60 * number, 300 : 300 + 60 * number] = 0
        ids[400 : 400 + 10 * number, 100:120] = 1
        save_class_map(folder / f"{name}.tif", ids, grid(*SIDE), load_legend())
    write_raster(folder / "scene_20150903.tif", stored_numbers(*SIDE), bands=BANDS)
    write_raster(folder / "ndvi.tif", np.full((1, *SIDE), 0.4, np.float32))
    bounds = grid(*SIDE).boundingbox
    halves = [box(bounds.left, bounds.bottom, bounds.left + 3000, bounds.top), box(*bounds)]
    zones = geopandas.GeoDataFrame({"name": ["=1+1", "whole"]}, geometry=halves, crs="EPSG:32633")
    zones.to_file(folder / "zones.gpkg")
    covariance = (1e-4 * (np.eye(4) - 0.25)).tolist()
    shares = {"names": ["mined", "occupied", "vegetated", "water"], "shares": [0.05, 0.01, 0.92, 0.02]}
    (folder / "shares.json").write_text(json.dumps(shares | {"covariance": covariance}))
    (folder / "production.csv").write_text(
        "year,production_mt\n" + "\n".join(f"{2014 + n},{mt}" for n, mt in enumerate(OUTPUT_MT))
    )
    rows = [f"{y},{m},{30 + y % 3},{10 + y % 2}" for y in range(2004, 2025) for m in range(1, 13)]
    (folder / "climate.csv").write_text("\n".join(["year,month,precipitation_mm,temperature_c", *rows]))
    known, first = (
        {"ndvi": "ndvi.tif", "npp": 0.3, "et": 300.0},
        {"classes": "map_20150903.tif", "image": "scene_20150903.tif"},
    )
    content = {
        "version": 1,
        "site": "valley",
        "title": "@valley",
        "legend": "four_class",
        "climate": "climate.csv",
        "production": "production.csv",
        "runoff": {"mined": 0.3, "occupied": 0.5},
        "zones": "zones.gpkg",
        "zone_name": "name",
        "window_m": 110,
        "affected": {"classes": ["mined", "occupied"]},
        "score_variants": {"-poor": {"vegetated": 0.3}},
        "uncertainty": {"draws": 100},
        "epochs": [
            first | known | {"reference": "map_20150903.tif"},
            {"classes": "map_20200909.tif", "ndvi": "ndvi.tif"},
            {"classes": "map.tif", "year": 2024, "name": "today", "shares": "shares.json", **known},
        ],
    }
    (folder / "site.yaml").write_text(yaml.safe_dump(content))
    return folder / "site.yaml"


@pytest.fixture(scope="session")
def whole_run(whole_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its results."""
    out = tmp_path_factory.mktemp("run") / "out"
    assert main(["run", str(whole_site), "--out", str(out)]) == 0
    return out

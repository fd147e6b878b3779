"""The reference rasters with what FRAGSTATS 4 printed for them."""

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import rasterio


@pytest.fixture(params=[("landscape", 1.0, ".csv"), ("augusta_nlcd", 30.0, ".csv.gz")], ids=lambda each: each[0])
def reference(request: pytest.FixtureRequest, reference_data: Path) -> SimpleNamespace:
    name, cell_size, ending = request.param
    folder = reference_data / "fragstats_reference"
    with rasterio.open(folder / f"{name}.tif") as raster:
        classes = raster.read(1)
    return SimpleNamespace(
        name=name,
        classes=classes,
        cell_size=cell_size,
        landscape=pd.read_csv(folder / f"fragstats_{name}_landscape.csv").iloc[0],
        by_class=pd.read_csv(folder / f"fragstats_{name}_class.csv").set_index("TYPE").sort_index(),
        by_patch=pd.read_csv(folder / f"fragstats_{name}_patch{ending}"),
    )

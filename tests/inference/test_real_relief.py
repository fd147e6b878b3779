"""Pits and dumps of a real coal field, told apart by how the land changed in height."""

from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import geometry_mask

from pitscape.imagery.class_map import open_class_map, save_class_map
from pitscape.imagery.grid import grid_of
from pitscape.imagery.legend import load_legend
from pitscape.inference.outlines.elevation import open_elevation
from pitscape.inference.outlines.relief import with_relief

KINDS = {"landuse=quarry": "pit", "landuse=landfill": "dump"}
LEAST_CELLS = 500


def jungar(folder: Path, years: str) -> tuple[geopandas.GeoDataFrame, NDArray[np.float32], GeoBox]:
    """OpenStreetMap's quarries and dumps with at least 500 cells on the raster of changes, and that raster."""
    with rasterio.open(folder / "study_mines" / f"dh_{years}_m.tif") as dataset:
        change, grid = dataset.read(1), grid_of(dataset)
    table = geopandas.read_file(folder / "study_mines" / "overlay_china.geojson").rename(columns={"tag": "of"})
    table = table[table["of"].isin(KINDS)].to_crs(str(grid.crs))
    cells = [(~geometry_mask([shape], grid.shape, grid.affine)).sum() for shape in table.geometry]
    table = table.assign(cells=cells, truth=table["of"].map(KINDS), mine=None, kind="unknown")
    return table[table["cells"] >= LEAST_CELLS].reset_index(drop=True), change, grid


@pytest.mark.parametrize(("years", "least", "fell"), [("2000_2012", 0.90, 0.57), ("2000_2024", 0.98, 0.74)])
def test_the_median_change_tells_quarries_from_dumps_at_jungar(
    reference_data: Path, tmp_path: Path, years: str, least: float, fell: float
) -> None:
    """The outlines are of today: the change until 2024 fits them, 0.988 of their area; that until 2012 0.924.

    Cell by cell, ``fell`` of the quarries lies lower than before: inner dumps make the rest rise. Medians and shares are those of NumPy over all cells that are not 0, which is nodata or no change there.
    """
    table, change, grid = jungar(reference_data, years)
    save_class_map(tmp_path / "m.tif", np.full(grid.shape, 2, np.uint8), grid, load_legend())
    path = reference_data / "study_mines" / f"dh_{years}_m.tif"
    with open_class_map(tmp_path / "m.tif") as classes, open_elevation(grid, change=path, nodata=[0]) as elevation:
        found = with_relief(table, classes, elevation)
    assert len(found) == 7
    right = found["kind"] == found["truth"]
    assert found["cells"][right].sum() / found["cells"].sum() >= least
    for row in found.itertuples():
        values = change[~geometry_mask([row.geometry], grid.shape, grid.affine)]
        values = values[values != 0]
        assert row.median_relief_m == pytest.approx(np.median(values), abs=0.011)
        assert row.pit_share == pytest.approx((values < 0).mean(), abs=0.002)  # cells are all but equal in area
        assert row.dump_share == pytest.approx((values > 0).mean(), abs=0.002)
    quarries = found[found["truth"] == "pit"]
    assert np.average(quarries["pit_share"], weights=quarries["cells"]) == pytest.approx(fell, abs=0.01)

from pathlib import Path

import geopandas
import numpy as np
import pytest

from pitscape.imagery.legend import load_legend
from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.simulated.files import simulated_grid
from pitscape.imagery.simulated.terrain.surfaces import Surface
from pitscape.imagery.simulated.truth import Tally, mine_polygons, write_polygons

GRID = simulated_grid(6)
SURFACE = np.zeros((6, 6), np.uint8)
SURFACE[1:3, 1:4] = Surface.PIT
SURFACE[1, 2] = Surface.PIT_POND
SURFACE[4:, :2] = Surface.DUMP
SURFACE[5, 5] = Surface.BASIN


def test_polygons_by_hand() -> None:
    """Five cells of pit around one of water, four of a dump, one of a pond; a cell has 100 m2, to 0.1 %."""
    records = mine_polygons(SURFACE, GRID, mine=3, epoch="2020-08-01")
    areas = {record["kind"]: record["area_km2"] * 1e4 for record in records}
    assert areas == pytest.approx({"pit": 5, "sump": 1, "dump": 4, "tailings pond": 1}, rel=1e-3)
    assert {(record["mine"], record["epoch"]) for record in records} == {(3, "2020-08-01")}


def test_polygons_are_written_with_their_place_and_equal_bytes(tmp_path: Path) -> None:
    records = mine_polygons(SURFACE, GRID, mine=1, epoch="2020-08-01")
    for name in ("one.gpkg", "two.gpkg"):
        write_polygons(tmp_path / name, records, GRID)
    assert sha256_of(tmp_path / "one.gpkg") == sha256_of(tmp_path / "two.gpkg")
    table = geopandas.read_file(tmp_path / "one.gpkg", layer="mine")
    assert list(table.columns) == ["mine", "kind", "epoch", "area_km2", "geometry"]
    assert table.crs.to_epsg() == 32650
    np.testing.assert_allclose(table.geometry.area / 1e6, table.area_km2, rtol=1e-3)


def test_a_site_without_a_mine_has_a_layer_without_polygons(tmp_path: Path) -> None:
    write_polygons(tmp_path / "none.gpkg", [], GRID)
    assert geopandas.read_file(tmp_path / "none.gpkg", layer="mine").empty


def test_sums_by_hand_of_two_pieces() -> None:
    """Twice: 6 cells of pit 10 m deep are 6000 m3, 4 of dump 5 m high 2000 m3; the pond lies on no dump."""
    classes = np.full((6, 6), 2, np.uint8)
    classes[0] = 255
    relief = np.where(SURFACE >= Surface.PIT, -10.0, 5.0).astype(np.float32)
    tally = Tally()
    for _ in range(2):
        tally.add(classes, SURFACE, SURFACE > 0, relief, GRID)
    found = tally.described(load_legend())
    assert [row["cells"] for row in found["classes"]] == [0, 0, 60, 0]
    assert found["unobserved_cells"] == 12
    assert found["excavated_km2"] == pytest.approx(12e-4, rel=1e-3)
    assert found["affected_km2"] == pytest.approx(22e-4, rel=1e-3)
    assert found["excavated_million_m3"] == pytest.approx(0.012, abs=1e-3)
    assert found["dumped_million_m3"] == pytest.approx(0.004, abs=1e-3)

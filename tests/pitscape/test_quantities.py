from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import netcdf_file
from small_scenes import grid, write_raster

from pitscape.imagery.errors import InputError
from pitscape.quantities import budyko, checked_number, mean_on_land, miami
from pitscape.resilience.climate import MonthlyClimate

GRID = grid(4, 5)
LAND = np.ones((4, 5), np.bool_)


def stored(values: list[int], kind: type = np.int16) -> NDArray[np.generic]:
    return np.resize(np.array(values, kind), (1, 4, 5))


@pytest.mark.parametrize(
    ("name", "band"), [("MOD17A3HGF.061_Npp_500m_doy2020001.tif", None), ("npp.tif", "Npp_500m"), ("n.tif", "Npp")]
)
def test_stored_npp_is_scaled_and_its_fill_codes_are_gaps(tmp_path: Path, name: str, band: str | None) -> None:
    """0.0001 kg C: 4000 and 6000 are 0.4 and 0.6; 32761 (urban) and 32767 (fill) are no values."""
    values = stored([4000, 6000, 32761, 32767])
    path = write_raster(tmp_path / name, values, bands=[band] if band else None)
    found = mean_on_land("npp", path, GRID, LAND)
    assert (found.value, found.gap, found.source) == (pytest.approx(0.5), pytest.approx(0.5), "modis_npp")


def test_stored_et_is_scaled(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "MOD16A3GF_2020.tif", stored([4123, 65535, 65529, 3877], np.uint16))
    found = mean_on_land("et", path, GRID, LAND)
    assert (found.value, found.gap) == (pytest.approx(400.0), pytest.approx(0.5))


def test_a_scale_in_the_file_is_not_applied_twice(tmp_path: Path) -> None:
    import rasterio

    path = write_raster(tmp_path / "MOD17A3HGF_2020.tif", stored([5000, 32767]))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales = (0.0001,)
    assert mean_on_land("npp", path, GRID, LAND).value == pytest.approx(0.5)


def test_physical_rasters_hold_the_unit_itself(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "MOD17A3HGF_scaled.tif", np.full((1, 4, 5), 0.45, np.float32))
    assert mean_on_land("npp", path, GRID, LAND).value == pytest.approx(0.45)
    plain = write_raster(tmp_path / "npp.tif", np.full((1, 4, 5), 0.45, np.float32))
    assert mean_on_land("npp", plain, GRID, LAND).source == "raster"


@pytest.mark.parametrize(("kind", "value"), [("npp", 4321.0), ("npp", -9999.0), ("et", -9999.0), ("et", 65535.0)])
def test_values_that_cannot_be_in_the_unit_are_refused(tmp_path: Path, kind: str, value: float) -> None:
    path = write_raster(tmp_path / "q.tif", np.full((1, 4, 5), value, np.float32))
    with pytest.raises(InputError, match=rf"q\.tif: holds {value:g}; {kind} is in .*: scale it, mask fill values"):
        mean_on_land(kind, path, GRID, LAND)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=rf"site\.yaml: {kind} is {value:g}"):
        checked_number(kind, value, Path("site.yaml"))  # type: ignore[arg-type]


def test_hdf4_is_refused_with_its_remedy(tmp_path: Path) -> None:
    path = tmp_path / "MOD17A3HGF.A2020001.h26v04.061.hdf"
    path.write_bytes(b"\x0e\x03\x13\x01" + bytes(100))
    with pytest.raises(InputError, match=r"\.hdf: is HDF4, which is not read here; export it as GeoTIFF"):
        mean_on_land("npp", path, GRID, LAND)


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")  # as on the command line
def test_netcdf_exports_have_their_layer_found(tmp_path: Path) -> None:
    path = tmp_path / "npp.nc"
    with netcdf_file(path, "w") as file:
        sizes = {"time": 1, "lat": 40, "lon": 50}
        for name, size in sizes.items():
            file.createDimension(name, size)
        for name, start, step, unit in (("lat", 51.2, -0.01, "degrees_north"), ("lon", 16.0, 0.01, "degrees_east")):
            axis = file.createVariable(name, "d", (name,))
            axis[:] = start + step * np.arange(sizes[name])
            axis.units = unit
        crs = file.createVariable("crs", "i", ())
        crs.grid_mapping_name = "latitude_longitude"
        crs.semi_major_axis, crs.inverse_flattening = 6378137.0, 298.257223563
        for name, value in (("Npp_500m", 4000), ("Npp_QC_500m", 7)):
            layer = file.createVariable(name, "h", tuple(sizes))
            layer[:] = np.full((1, 40, 50), value)
            layer.grid_mapping = "crs"
    assert mean_on_land("npp", path, GRID, LAND).value == pytest.approx(0.4)
    with pytest.raises(InputError, match=r"npp\.nc: holds layers Npp_500m, Npp_QC_500m, not ET alone"):
        from rasterio.enums import Resampling

        from pitscape.ecology import raster_on_grid
        from pitscape.imagery.sensor import load_sensor

        raster_on_grid(path, GRID, Resampling.nearest, band=load_sensor("modis_et").bands[0])


def year(rain: float, warmth: float) -> MonthlyClimate:
    months = np.arange(1, 13)
    return MonthlyClimate(np.full(12, 2020), months, np.full(12, rain / 12), np.full(12, warmth))


def test_fallbacks_from_climate() -> None:
    """1000 mm and 25 degrees: 0.5 x 1.4556 kg by rain (Lieth 1973); ET between Budyko's limits."""
    climate = year(1000.0, 25.0)
    found = miami(climate, 2020, "climate.csv")
    assert (found.value, found.estimated) == (pytest.approx(0.7278, abs=1e-4), True)
    grass = budyko(climate, 2020, "climate.csv", latitude=20, form="zhang")
    forest = budyko(climate, 2020, "climate.csv", latitude=20, form="zhang", forest_share=1.0)
    assert 0 < grass.value < forest.value < 1000
    assert budyko(climate, 2020, "climate.csv", latitude=20, form="fu").source == "fu"


def test_fallbacks_need_the_whole_year() -> None:
    with pytest.raises(InputError, match=r"climate\.csv: .*2021"):
        miami(year(1000.0, 25.0), 2021, "climate.csv")
    with pytest.raises(InputError, match="latitude within 66"):
        budyko(year(1000.0, 25.0), 2020, "site.yaml", latitude=float("nan"), form="fu")

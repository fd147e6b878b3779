from pathlib import Path

import numpy as np
import pytest

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import Quality, known_sensors, load_sensor

PUBLISHED = [
    ("sentinel2_l2a", "B04", 3000, 0.2),  # (3000 - 1000) / 10000
    ("landsat89_c2l2", "SR_B4", 18182, 0.300005),  # 0.0000275 x 18182 - 0.2
    ("landsat5_c2l2", "SR_B3", 7273, 0.0000075),
    ("modis_ndvi", "NDVI", 5400, 0.54),
    ("modis_npp", "Npp", 4321, 0.4321),
    ("modis_et", "ET", 4123, 412.3),
    ("dem", "elevation", 1234, 1234.0),
    ("sentinel1_grd_db", "VV", -12.5, -12.5),
]


@pytest.mark.parametrize(("sensor", "band", "stored", "physical"), PUBLISHED)
def test_stored_numbers_mean_what_the_agencies_say(sensor: str, band: str, stored: float, physical: float) -> None:
    found = load_sensor(sensor).physical(np.array([[stored]], np.float64), (band,))
    np.testing.assert_allclose(found, physical, atol=1e-12)


@pytest.mark.parametrize("sensor", known_sensors(), ids=lambda sensor: sensor.name)
def test_every_sensor_turns_numbers_there_and_back(sensor: object) -> None:
    from pitscape.imagery.sensor import Sensor

    assert isinstance(sensor, Sensor)
    names = [band.name for band in sensor.bands]
    values = np.linspace(0.1, 0.4, 3 * len(names)).reshape(len(names), 3)
    np.testing.assert_allclose(sensor.physical(sensor.stored(values, names), names), values, rtol=1e-9)
    assert sensor.convention
    assert sensor.title


def test_a_band_is_found_by_any_of_its_names() -> None:
    sensor = load_sensor("sentinel2_l2a")
    assert {sensor.band(name).name for name in ("B08", "B8", "nir")} == {"B08"}
    assert sensor.named("nir") == "B08"
    assert load_sensor("landsat89_c2l2").named("nir") == "SR_B5"
    with pytest.raises(InputError, match="has no band B10; it has B01, B02"):
        sensor.band("B10")
    with pytest.raises(InputError, match="has no nir band"):
        load_sensor("rgb_half_metre").named("nir")


@pytest.mark.parametrize(
    ("sensor", "hidden", "seen"),
    [
        ("sentinel2_l2a", [0, 1, 3, 8, 9, 10], [2, 4, 5, 6, 7, 11]),
        # USGS LSDS-1619, table 5-3: clear land 21824, water 21952; shadow 23888, high-confidence cloud 22280, fill 1
        ("landsat89_c2l2", [1, 23888, 22280], [21824, 21952]),
        ("landsat5_c2l2", [1, 7440, 5896], [5440, 5504]),
    ],
)
def test_quality_codes_hide_clouds_and_shadows(sensor: str, hidden: list[int], seen: list[int]) -> None:
    quality = load_sensor(sensor).quality
    assert isinstance(quality, Quality)
    assert quality.hides(np.array(hidden)).all()
    assert not quality.hides(np.array(seen)).any()


def test_users_bring_their_own_sensor(tmp_path: Path) -> None:
    path = tmp_path / "drone.yaml"
    path.write_text(
        "name: drone\ntitle: A drone\nconvention: as stored\neach: {kind: digital_number, gsd_m: 0.1}\n"
        "bands: [{name: red, common_name: red}, {name: heat, kind: quantity, unit: K, scale: 0.01}]\n"
    )
    sensor = load_sensor(path)
    assert [band.kind for band in sensor.bands] == ["digital_number", "quantity"]
    assert sensor.bands[1].gsd_m == 0.1


@pytest.mark.parametrize(
    ("bands", "problem"),
    [
        ("[{name: a, kind: class}]", "its resampling must be nearest"),
        ("[{name: a, kind: quantity, valid: [2, 1]}]", "valid must be"),
        ("[{name: a, kind: quantity, aliases: [b]}, {name: b, kind: quantity}]", "two bands are called b"),
        ("[{name: a, kind: quantity, colour: red}]", "unknown key 'bands.0.colour'"),
        ("[]", "at least 1 item"),
    ],
)
def test_sensors_that_make_no_sense_are_refused(tmp_path: Path, bands: str, problem: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"name: w\ntitle: w\nconvention: w\neach: {{gsd_m: 1}}\nbands: {bands}\n")
    with pytest.raises(InputError, match=problem):
        load_sensor(path)

import datetime

import numpy as np
import pytest

from pitscape.imagery.sensor import load_sensor
from pitscape.imagery.simulated.sensing.clouds import Sky, clouded, draw_sky, scene_classification
from pitscape.imagery.simulated.sensing.scene import SimulatedScene
from pitscape.imagery.simulated.terrain.place import whole_place
from pitscape.imagery.simulated.terrain.surfaces import MINED, VEGETATED, WATER

SENSOR = load_sensor("sentinel2_l2a")
SUN = (np.deg2rad(180), np.deg2rad(60))


def scene(reflectance: float, year: int = 2023) -> SimulatedScene:
    """One row of four cells, the last not observed."""
    stored = np.full((10, 1, 4), round(reflectance * 1e4) + (1000 if year >= 2022 else 0), np.uint16)
    stored[:, :, 3] = 0
    return SimulatedScene(datetime.date(year, 7, 1), stored, stored[0] > 0, SUN)


def sky(*, opacity: float = 0, shadow: float = 0, haze: float = 0) -> Sky:
    opaque, shaded, hazy = (np.full((1, 4), value, np.float32) for value in (opacity, shadow, haze))
    return Sky(opaque, shaded, hazy)


@pytest.mark.parametrize("year", [2017, 2023])
def test_a_clear_sky_changes_nothing(year: int) -> None:
    clear = scene(0.2, year)
    np.testing.assert_array_equal(clouded(clear, sky(), SENSOR), clear.stored)


def test_a_thick_cloud_is_white_by_hand() -> None:
    """0.62 in visible light is 6200 + 1000; 0.34 beyond 1500 nm is 3400 + 1000."""
    numbers = clouded(scene(0.1), sky(opacity=1, shadow=0.3), SENSOR)
    assert numbers[[0, 2], 0, 0].tolist() == [7200, 7200]
    assert numbers[[8, 9], 0, 0].tolist() == [4400, 4400]
    assert (numbers[:, 0, 3] == 0).all()


def test_shadows_darken_and_haze_brightens_the_blue_most() -> None:
    dark, hazy = (clouded(scene(0.2), s, SENSOR)[:, 0, 0] for s in (sky(shadow=1), sky(haze=0.03)))
    assert (dark < 3000).all()
    assert dark[0] > dark[-1] > 1000
    assert hazy[0] > hazy[2] > hazy[6] >= 3000


def test_the_classification_tells_what_hides_the_land() -> None:
    classes = np.array([[VEGETATED, WATER, MINED, VEGETATED]], np.uint8)
    observed = np.array([[True, True, True, False]])
    codes = scene_classification(classes, observed, sky())
    assert codes.tolist() == [[4, 6, 5, 0]]
    assert scene_classification(classes, observed, sky(shadow=0.5)).tolist() == [[3, 3, 3, 0]]
    assert scene_classification(classes, observed, sky(opacity=0.3, shadow=0.5)).tolist() == [[8, 8, 8, 0]]
    assert scene_classification(classes, observed, sky(opacity=0.9)).tolist() == [[9, 9, 9, 0]]
    assert SENSOR.quality
    assert SENSOR.quality.hides(np.array([0, 3, 4, 5, 6, 8, 9])).tolist() == [
        True,
        True,
        False,
        False,
        False,
        True,
        True,
    ]


def test_shadows_lie_on_the_side_away_from_the_sun() -> None:
    """The sun stands in the south at 60 degrees: shadows of a base at 700 to 1500 m fall 40 to 87 cells north."""
    drawn = draw_sky(whole_place((5, 6), 400), 1, SUN)
    shifts = range(120)
    differences = [np.abs(drawn.opacity[n:] - drawn.shadow[: 400 - n]).mean() for n in shifts]
    assert 40 <= int(np.argmin(differences)) <= 87
    assert min(differences) < 0.1 * differences[0]


@pytest.mark.parametrize("day", range(5))
def test_most_of_the_land_is_seen(day: int) -> None:
    drawn = draw_sky(whole_place((5, 6), 600), day, SUN)
    hidden = (drawn.opacity >= 0.1) | (drawn.shadow >= 0.1)
    assert 0.01 < hidden.mean() < 0.4
    assert 0 <= drawn.haze.min() <= drawn.haze.max() < 0.08

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pitscape.adjusted import read_adjusted
from pitscape.ecosystem_types import EcosystemTypes
from pitscape.imagery.errors import InputError
from pitscape.resilience.elasticity import TYPE_SCORES

ROLES = {"mined": "mined", "forest": "vegetated", "grassland": "vegetated"}
TYPES = EcosystemTypes(ROLES, ROLES, TYPE_SCORES, ())
MAPPED = {"mined": 0.2, "forest": 0.6, "grassland": 0.2}


def write(folder: Path, **content: object) -> Path:
    path = folder / "shares.json"
    path.write_text(json.dumps(content))
    return path


def test_shares_of_classes_are_split_as_the_map_has_them(tmp_path: Path) -> None:
    """Vegetated .7 is three quarters forest; the variance .0004 of it becomes 9/16, 1/16 and, between them, 3/16."""
    covariance = [[4e-4, -4e-4], [-4e-4, 4e-4]]
    path = write(tmp_path, names=["mined", "vegetated"], shares=[0.3, 0.7], covariance=covariance, overall=0.9)
    found = read_adjusted(path, MAPPED, TYPES)
    assert found.shares == pytest.approx({"mined": 0.3, "forest": 0.525, "grassland": 0.175})
    expected = 4e-4 * np.array([[1, -3 / 4, -1 / 4], [-3 / 4, 9 / 16, 3 / 16], [-1 / 4, 3 / 16, 1 / 16]])
    np.testing.assert_allclose(found.covariance, expected)


def test_shares_of_types_are_taken_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, names=["forest", "mined"], shares=[0.9, 0.1], covariance=[[0.01, 0], [0, 0.02]])
    found = read_adjusted(path, MAPPED, TYPES)
    assert found.shares == {"mined": 0.1, "forest": 0.9}
    np.testing.assert_allclose(np.diag(found.covariance), [0.02, 0.01, 0])


def test_own_intervals_come_as_shares_of_the_assessed_area(tmp_path: Path) -> None:
    """Of classes, or of an assessment of change those after; one without ends has none."""
    shares = {"names": ["mined", "vegetated"], "shares": [0.3, 0.7], "covariance": [[1e-4, -1e-4], [-1e-4, 1e-4]]}
    own = {"value": 3.0, "low": 2.0, "high": 4.0, "wald_half_width": None}
    none = own | {"low": None, "high": None}
    classes = [{"name": "mined", "adjusted_km2": own, "more": 1}, {"name": "vegetated", "adjusted_km2": none}]
    found = read_adjusted(write(tmp_path, **shares, area_km2=10.0, classes=classes), MAPPED, TYPES)
    assert (found.intervals, found.area_km2) == ({"mined": (0.2, 0.4)}, 10.0)
    transitions = [{"name": "vegetated to mined", "adjusted_km2": own}]
    changes = [{"name": "mined", "after_km2": own, "gain_km2": own}]
    path = write(tmp_path, **shares, area_km2=20.0, classes=transitions, changes=changes)
    assert read_adjusted(path, MAPPED, TYPES).intervals == {"mined": (0.1, 0.2)}
    assert read_adjusted(write(tmp_path, **shares, classes=classes), MAPPED, TYPES).intervals == {}


def test_a_class_that_is_not_mapped_may_have_one_type_or_no_share(tmp_path: Path) -> None:
    """Before the mine: the sample finds 2 % mined that the map missed; of vegetated land there is none."""
    mapped = {"mined": 0.0, "forest": 1.0}
    covariance = [[1e-4, -1e-4], [-1e-4, 1e-4]]
    path = write(tmp_path, names=["mined", "vegetated"], shares=[0.02, 0.98], covariance=covariance)
    found = read_adjusted(path, mapped, TYPES)
    assert found.shares == pytest.approx({"mined": 0.02, "forest": 0.98})
    np.testing.assert_allclose(found.covariance[:2, :2], covariance)
    path = write(tmp_path, names=["mined", "vegetated"], shares=[1, 0], covariance=[[0, 0], [0, 0]])
    assert read_adjusted(path, {"mined": 1.0}, TYPES).shares == {"mined": 1}
    path = write(tmp_path, names=["mined", "vegetated"], shares=[0.9, 0.1], covariance=[[0, 0], [0, 0]])
    with pytest.raises(InputError, match="vegetated is not mapped, so that its types are not known; give the shares"):
        read_adjusted(path, {"mined": 1.0}, TYPES)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"names": ["mined"], "shares": [1.0]}, "covariance"),
        ({"names": ["mined"], "shares": [1.0], "covariance": [[0.0]], "area_km2": 0}, "area_km2"),
        ({"names": ["jungle"], "shares": [1.0], "covariance": [[0.0]]}, "jungle is no type nor land class"),
        ({"names": ["mined", "forest"], "shares": [0.5, 0.4], "covariance": [[0, 0], [0, 0]]}, "must sum to 1"),
        ({"names": ["mined", "forest"], "shares": [0.5, 0.5], "covariance": [[0, 1], [1, 0]]}, "negative eigenvalue"),
        ({"names": ["mined", "forest"], "shares": [0.5, 0.5], "covariance": [[0.0]]}, "one matrix an epoch"),
        ({"names": ["mined", "mined"], "shares": [0.5, 0.5], "covariance": [[0, 0], [0, 0]]}, "names one class twice"),
        ({"names": ["mined", "forest"], "shares": [1.0], "covariance": [[0.0]]}, "2 names and 1 shares"),
    ],
)
def test_wrong_files_are_answered_in_one_line(tmp_path: Path, content: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=rf"shares\.json: .*{problem}") as caught:
        read_adjusted(write(tmp_path, **content), MAPPED, TYPES)
    assert "\n" not in str(caught.value)

import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pitscape.resilience.succession import states_of, succession
from pitscape.resilience.transitions import transition_areas

ROLES = ("mined", "occupied", "vegetated", "water")
M, O, V, W = range(4)  # noqa: E741 - O for occupied


def row(*runs: tuple[int, int]) -> np.ndarray:
    """One row of cells: class and number, class and number ..."""
    return np.concatenate([np.full(n, class_id) for class_id, n in runs])[None, :].astype(np.uint8)


GRASS = row((V, 100))


@pytest.mark.parametrize(
    ("now", "kind"),
    [
        (row((V, 100)), "none"),
        (row((M, 20), (V, 80)), "terrestrial to new terrestrial"),
        (row((W, 1), (M, 19), (V, 80)), "terrestrial to new terrestrial"),
        (row((W, 2), (M, 18), (V, 80)), "amphibious"),
        (row((W, 19), (M, 1), (V, 80)), "terrestrial to aquatic"),
    ],
)
def test_types_by_hand(now: np.ndarray, kind: str) -> None:
    assert succession([GRASS, now], ROLES).kind == kind


def test_water_that_does_not_persist_does_not_count() -> None:
    pit, pond = row((M, 20), (V, 80)), row((W, 10), (M, 10), (V, 80))
    assert succession([GRASS, pit, pond], ROLES).kind == "terrestrial to new terrestrial"
    assert succession([GRASS, pond, pond], ROLES).kind == "amphibious"


@pytest.mark.parametrize(
    ("now", "stage", "state"),
    [
        (row((V, 100)), "initial", "primitive"),
        (row((M, 40), (V, 60)), "accelerated", "damaged"),
        (row((M, 30), (V, 70)), "early stable", "degraded"),
        (row((M, 40), (V, 60)), "", "degraded"),
        (row((M, 30), (V, 70)), "late stable", "extremely degraded"),
        (row((M, 20), (V, 80)), "late stable", "rebuilt"),
        (row((M, 4), (W, 10), (V, 86)), "decline", "stable"),
    ],
)
def test_states_by_hand(now: np.ndarray, stage: str, state: str) -> None:
    """At the peak 40 of 100 cells are disturbed, but for the first case; half of them restored is rebuilt, 36 stable."""
    peak = GRASS if state == "primitive" else row((M, 25), (O, 15), (V, 60))
    assert succession([GRASS, peak, now], ROLES, stage=stage).state == state


def test_evidence_by_hand() -> None:
    """40 cells were disturbed, 10 of them are vegetated now; the fifth column is unobserved once."""
    first = row((V, 95), (O, 5))
    last = row((M, 30), (V, 65), (O, 5))
    middle = row((M, 40), (V, 55), (O, 5))
    middle[0, 99] = 255
    found = succession([first, middle, last], ROLES)
    shares = [each.share for each in found.evidence]
    assert shares == pytest.approx([30 / 99, 0, 40 / 99, 10 / 40, 34 / 99])
    assert found.restored == pytest.approx(0.25)
    assert math.isnan(succession([first, first], ROLES).restored)


def test_cells_count_by_their_area() -> None:
    first, last = np.full((2, 1), V), np.array([[M], [V]])
    found = succession([first, last], ROLES, cell_area=np.array([[300.0], [100.0]]))
    assert found.evidence[0].share == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("maps", "roles", "message"),
    [
        ([GRASS], ROLES, "at least two maps"),
        ([GRASS, GRASS[:, :9]], ROLES, "of one shape"),
        ([GRASS, GRASS], ("mined", "swamp"), "unknown role swamp"),
        ([GRASS, GRASS + 200], ROLES, "no cell is observed"),
    ],
)
def test_what_makes_no_succession_is_refused(maps: list[np.ndarray], roles: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        succession(maps, roles)


def test_transitions_by_hand() -> None:
    before, after = np.array([[0, 0, 1], [1, 255, 1]]), np.array([[0, 1, 1], [0, 0, 255]])
    areas = transition_areas(before, after, classes=2, cell_area=np.array([[10.0], [1.0]]))
    np.testing.assert_array_equal(areas, [[10, 10], [1, 10]])
    with pytest.raises(ValueError, match="one grid"):
        transition_areas(before, after[:1], classes=2)


def test_zamora(reference_data: Path) -> None:
    """Maps of 1986 to 2016 with mines and dumps as class 7 (acoiman/lulc_zamora_1986_2016); counts by a plain loop."""
    roles = ("vegetated",) * 4 + ("occupied",) * 2 + ("mined", "water")
    maps = []
    for year in (1986, 1998, 2003, 2016):
        with rasterio.open(reference_data / "zamora_lulc" / f"lulc_{year}_30m.tif") as raster:
            maps.append(raster.read(1).astype(np.int16) - 1)  # 0 is nodata
    found = succession(maps, roles)
    seen = [cells for cells in zip(*(each.ravel().tolist() for each in maps), strict=True) if min(cells) >= 0]
    changed = [cells for cells in seen if roles[cells[0]] != roles[cells[-1]]]
    wet = sum(roles[before] == roles[last] == "water" for *_, before, last in changed)
    assert found.evidence[0].share == pytest.approx(len(changed) / len(seen))
    assert found.evidence[1].share == pytest.approx(wet / len(changed))
    assert 0.1 < wet / len(changed) < 0.9
    assert (found.kind, found.state) == ("amphibious", "degraded")


@given(arrays(np.uint8, (5, 3, 4), elements=st.sampled_from([0, 1, 2, 3, 255])), st.sampled_from(["", "late stable"]))
def test_states_are_those_of_the_maps_up_to_each_epoch(maps: np.ndarray, stage: str) -> None:
    maps[:, 0, 0] = V  # one cell that all observe
    seen = (maps < 255).all(axis=0)
    masked = [np.where(seen, each, 255) for each in maps]
    found = states_of(list(maps), ROLES, [stage] * 5)
    assert list(found) == [succession(masked[:n], ROLES, stage=stage).state for n in range(2, 6)]


def test_states_follow_the_mine() -> None:
    """40 of 100 cells are mined, half of them come back, then 36."""
    maps = [GRASS, row((M, 40), (V, 60)), row((M, 40), (V, 60)), row((M, 20), (V, 80)), row((M, 4), (V, 96))]
    stages = ["initial", "accelerated", "early stable", "late stable", "decline"]
    assert states_of(maps, ROLES, stages) == ("damaged", "degraded", "rebuilt", "stable")
    with pytest.raises(ValueError, match="5 maps need one stage each, got 4"):
        states_of(maps, ROLES, stages[1:])


def test_areas_of_tall_maps_are_whole() -> None:
    """1,100 rows are added up in three bands; cells of row n have the area n."""
    rows = np.arange(1100.0)[:, None]
    before, after = np.full((1100, 2), V, np.uint8), np.full((1100, 2), V, np.uint8)
    after[:, 1] = M
    half = rows.sum()
    assert transition_areas(before, after, classes=4, cell_area=rows)[V] == pytest.approx([half, 0, half, 0])
    found = succession([before, after], ROLES, cell_area=rows)
    assert found.evidence[2].share == pytest.approx(0.5)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from pitscape.resilience.landscape import pattern_of
from pitscape.resilience.patches import find_patches
from pitscape.resilience.zones import patches_by_zone, zone_patches

shape = st.tuples(st.integers(1, 10), st.integers(1, 10))


@settings(deadline=None)
@given(
    shape.flatmap(
        lambda s: st.tuples(
            arrays(np.uint8, s, elements=st.sampled_from([1, 2, 255])),
            arrays(np.int32, s, elements=st.sampled_from([0, 1, 2, 5])),
        )
    )
)
def test_a_zone_is_the_map_with_all_else_nodata(maps: tuple[NDArray[np.uint8], NDArray[np.int32]]) -> None:
    classes, zones = maps
    found = dict(patches_by_zone(classes, zones))
    assert list(found) == sorted(set(zones[zones > 0].tolist()))
    for zone, patches in found.items():
        alone = np.where(zones == zone, classes, 255)
        if (alone == 255).all():
            assert patches is None
        else:
            assert patches is not None
            ours = pattern_of(patches, cell_size=(10.0, 20.0)).landscape
            assert ours == pytest.approx(pattern_of(find_patches(alone), cell_size=(10.0, 20.0)).landscape, nan_ok=True)


def test_a_border_cuts_patches_and_counts_as_perimeter() -> None:
    classes, zones = np.full((2, 4), 7), np.array([[1, 1, 2, 2]] * 2)
    for _, patches in patches_by_zone(classes, zones):
        assert patches is not None
        assert (patches.cells.tolist(), patches.perimeters(1.0).tolist()) == ([4], [8.0])


def test_nodata_that_the_type_cannot_hold() -> None:
    patches = zone_patches(np.array([[1, 2]], np.uint8), np.array([[True, False]]), nodata=-9999)
    assert patches is not None
    assert patches.class_ids.tolist() == [1]


def test_zones_on_another_grid_are_refused() -> None:
    with pytest.raises(ValueError, match=r"zones has shape \(1, 3\), classes \(1, 2\)"):
        list(patches_by_zone(np.ones((1, 2), int), np.ones((1, 3), int)))

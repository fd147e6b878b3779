from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from pitscape.resilience.landscape import Pattern, pattern_of
from pitscape.resilience.patches import find_patches
from pitscape.resilience.tiled_landscape import pattern_of_tiles

shapes = st.tuples(st.integers(1, 14), st.integers(1, 14))
maps = arrays(np.uint8, shapes, elements=st.sampled_from([0, 1, 1, 2, 255, 255]))
sizes = st.sampled_from([(10.0, 10.0), (20.0, 30.0), (0.1, 0.7)])


def assert_equal(found: Pattern, wanted: Pattern) -> None:
    for name, column in wanted.patch.items():
        np.testing.assert_allclose(found.patch[name], column, rtol=1e-12, atol=0, err_msg=name)
    for name, column in wanted.by_class.items():
        np.testing.assert_allclose(found.by_class[name], column, rtol=1e-12, atol=0, err_msg=name)
    for name, value in wanted.landscape.items():
        np.testing.assert_allclose(found.landscape[name], value, rtol=1e-12, atol=0, err_msg=name)


Box = tuple[slice, slice]


def cut(data: st.DataObject, box: Box, depth: int) -> list[Box]:
    """A rectangle in parts, each cut again along one of its sides."""
    rows, columns = box
    along = [axis for axis, span in enumerate(box) if span.stop - span.start > 1]
    if not depth or not along:
        return [box]
    axis = data.draw(st.sampled_from(along))
    place = data.draw(st.integers(box[axis].start + 1, box[axis].stop - 1))
    first, last = slice(box[axis].start, place), slice(place, box[axis].stop)
    parts = [(first, columns), (last, columns)] if axis == 0 else [(rows, first), (rows, last)]
    return [small for part in parts for small in cut(data, part, depth - 1)]


def tiles_of(classes: NDArray[Any], boxes: list[Box]) -> list[Any]:
    return [((box[0].start, box[1].start), lambda box=box: classes[box]) for box in boxes]


@settings(deadline=None, max_examples=300)
@given(maps, sizes, st.sampled_from([1.0, 2.0, 3.5, 7.0]), st.data())
def test_any_cut_in_any_order_gives_what_one_pass_gives(
    classes: NDArray[np.uint8], size: tuple[float, float], reach: float, data: st.DataObject
) -> None:
    classes[-1, -1] = 1
    boxes = data.draw(st.permutations(cut(data, (slice(0, classes.shape[0]), slice(0, classes.shape[1])), 4)))
    distance = reach * size[0]
    wanted = pattern_of(find_patches(classes), cell_size=size, connect_distance=distance)
    found = pattern_of_tiles(tiles_of(classes, boxes), cell_size=size, connect_distance=distance)
    assert_equal(found, wanted)

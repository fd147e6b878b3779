import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from pitscape.resilience.patches import find_patches
from pitscape.resilience.rim import rim_of, runs_of_rims

maps = arrays(
    np.uint8,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.sampled_from([0, 1, 2, 255]),
)


def kept_cells(classes: NDArray[np.uint8], margin: tuple[int, int]) -> NDArray[np.bool_]:
    """Cells in the margin, and the first of each class in each row and column from both of its ends."""
    height, width = classes.shape
    row, column = np.indices(classes.shape)
    kept = (np.minimum(row, height - 1 - row) < margin[0]) | (np.minimum(column, width - 1 - column) < margin[1])
    for class_id in np.unique(classes):
        for lines, marks in ((classes, kept), (classes.T, kept.T)):
            for line, mark in zip(lines, marks, strict=True):
                where = np.flatnonzero(line == class_id)
                mark[where[[0, -1]] if where.size else where] = True
    return kept & (classes != 255)


@settings(deadline=None)
@given(maps, st.integers(0, 4), st.integers(0, 4))
def test_the_rim_is_the_margin_and_what_is_seen_from_outside(
    classes: NDArray[np.uint8], down: int, across: int
) -> None:
    classes[0, 0] = 1
    patches = find_patches(classes)
    pieces = rim_of(patches.runs, patches.of_run, margin=(down, across))
    found = np.zeros(classes.shape, np.uint32)
    for row, first, last, patch in pieces.tolist():
        assert (found[row, first:last] == 0).all()
        found[row, first:last] = patch + 1
    np.testing.assert_array_equal(found, np.where(kept_cells(classes, (down, across)), patches.labels, 0))


@settings(deadline=None)
@given(maps)
def test_rims_in_any_order_become_a_map_of_them(classes: NDArray[np.uint8]) -> None:
    classes[0, 0] = 1
    patches = find_patches(classes)
    pieces = rim_of(patches.runs, patches.of_run, margin=(1, 0))
    runs, of_run = runs_of_rims(pieces[::-1], classes.shape, patches.class_index, patches.class_ids)
    assert runs.shape == classes.shape
    rebuilt = np.zeros(classes.shape, np.uint32)
    for row in range(classes.shape[0]):
        begin = 0
        for run in range(runs.rows[row], runs.rows[row + 1]):
            assert runs.ends[run] > begin
            rebuilt[row, begin : runs.ends[run]] = of_run[run] + 1
            code = patches.class_index[of_run[run]] + 1 if of_run[run] >= 0 else 0
            assert runs.codes[run] == code
            begin = runs.ends[run]
        assert begin == classes.shape[1]
    np.testing.assert_array_equal(rebuilt, np.where(kept_cells(classes, (1, 0)), patches.labels, 0))

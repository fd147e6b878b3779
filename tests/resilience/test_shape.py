from types import SimpleNamespace

import numpy as np

from pitscape.resilience.patches import find_patches
from pitscape.resilience.shape import fractal_dimension


def test_fractal_dimension_near_one_square_metre() -> None:
    areas, perimeters = np.array([1.0, 1.0, 0.25, 100 * 0.1 * 0.1]), np.array([4.0, 5.0, 2.0, 4.0])
    np.testing.assert_allclose(fractal_dimension(areas, perimeters), [1.0, np.nan, 1.0, 1.0])


def test_a_plane_that_is_all_edge_has_two() -> None:
    side = 1e6
    assert fractal_dimension(np.array([side**2]), np.array([4 * side**2]))[0] == 2


def test_patches_of_fragstats(reference: SimpleNamespace) -> None:
    patches = find_patches(reference.classes, nodata=0)
    areas, perimeters = patches.areas(reference.cell_size), patches.perimeters(reference.cell_size)
    ours = fractal_dimension(areas, perimeters)
    theirs = reference.by_patch.sort_values(["TYPE", "FRAC"]).FRAC
    np.testing.assert_allclose(ours[np.lexsort((ours, patches.class_index))], theirs, atol=5e-5, rtol=0)

import numpy as np
from small_scenes import BANDS

from pitscape.imagery.legend import load_legend
from pitscape.imagery.sensor import load_sensor
from pitscape.training.log_pictures import CELL, MARGIN, NO_CLASS, examples, matrix

LEGEND = load_legend()


def test_the_matrix_is_shaded_by_the_share_of_each_label() -> None:
    counts = np.diag([10, 20, 30, 0])
    counts[1, 0] = 30  # of the 40 labels of class 0, 30 are mapped as class 1
    picture = matrix(counts, LEGEND)
    assert picture.shape == (MARGIN // 2 + 4 * CELL, MARGIN + 4 * CELL, 3)
    corner = [[int(picture[MARGIN // 2 + r * CELL + 2, MARGIN + c * CELL + 2, 0]) for c in range(4)] for r in range(4)]
    assert corner[1][0] < corner[0][0] < corner[2][0] == 255
    assert corner[1][1] == corner[2][2] == 8
    assert corner[3] == [255] * 4


def test_examples_show_image_labels_and_map_side_by_side() -> None:
    stored = np.random.default_rng(0).uniform(1000, 4000, (2, 10, 8, 6)).astype(np.float32)
    labels, mapped = np.full((2, 8, 6), 255), np.full((2, 8, 6), 3)
    picture = examples(stored, labels, mapped, sensor=load_sensor("sentinel2_l2a"), bands=BANDS, legend=LEGEND)
    assert picture.shape == (16, 18, 3)
    assert (picture[:, 6:12] == NO_CLASS).all()
    assert len(np.unique(picture[:, 12:].reshape(-1, 3), axis=0)) == 1
    red = stored[0, BANDS.index("B04")]
    assert np.corrcoef(picture[:8, :6, 0].ravel(), red.ravel())[0, 1] > 0.98

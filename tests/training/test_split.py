from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import load_sensor
from pitscape.inference.tiles import Area
from pitscape.training.labelled import LabelledScene
from pitscape.training.split import ColumnSplit

SCENE = LabelledScene(
    Path("a.tif"), Path("b.tif"), (401, 401), load_sensor("sentinel2_l2a"), (), np.zeros(256, np.uint8)
)


@pytest.mark.parametrize(
    ("train", "judge", "expected"),
    [
        ((0, 200), (200, 300), Area(0, 401, 0, 184)),
        ((0, 100), (200, 300), Area(0, 401, 0, 100)),
        ((200, None), (0, 200), Area(0, 401, 216, 401)),
        ((0, None), (300, None), Area(0, 401, 0, 284)),
    ],
)
def test_the_buffer_keeps_training_land_away(
    train: tuple[int, int | None], judge: tuple[int, int | None], expected: Area
) -> None:
    assert ColumnSplit(train=train, validate_on=judge, buffer=16).training_region(SCENE) == expected


def test_land_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"a\.tif: the split leaves no columns of its 401"):
        ColumnSplit(train=(0, 100), validate_on=(500, 600)).validation_region(SCENE)
    with pytest.raises(InputError, match="leaves no columns"):
        ColumnSplit(train=(0, None), validate_on=(0, None)).training_region(SCENE)
    with pytest.raises(ValidationError, match="end must lie beyond"):
        ColumnSplit(train=(5, 5), validate_on=(10, 20))

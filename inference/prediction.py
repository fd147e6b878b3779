"""What a network says of an image or a scene that is held in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from pitscape.imagery.errors import InputError
from pitscape.imagery.legend import UNOBSERVED, Legend
from pitscape.inference.admission import check_resolution
from pitscape.inference.blend import blended_rows
from pitscape.inference.joint_scene import Mappable, open_joint
from pitscape.inference.layers import class_ids
from pitscape.inference.plan import usable_cores
from pitscape.inference.predictor import FilePredictor
from pitscape.inference.provenance import tiling
from pitscape.inference.run_options import RunOptions
from pitscape.inference.scene_source import SceneSource
from pitscape.inference.stream import Crew
from pitscape.inference.symmetric import SymmetricPredictor
from pitscape.inference.tiles import Tiles

MOST_PIXELS = 1 << 25
"""Of a scene whose probabilities are held in memory: 5,792 x 5,792 px, 640 MB with four classes."""


@dataclass(frozen=True)
class Prediction:
    """What a network says of an image, or of several.

    Attributes:
        classes: Class ids (H, W) or (N, H, W), 255 where unobserved.
        probabilities: (classes, H, W) or (N, classes, H, W); each pixel's sum to 1, NaN where unobserved.
        legend: What the ids mean.
        grid: Where the pixels are; None for arrays.
    """

    classes: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    legend: Legend
    grid: GeoBox | None = None


def mapped(scene: Mappable, shape: tuple[int, int], predictor: FilePredictor, options: RunOptions) -> Prediction:
    """The tiles of a scene through a network, put together.

    Args:
        scene: Its pixels.
        shape: Rows and columns of it.
        predictor: The network.
        options: How it is mapped.

    Raises:
        InputError: If the options ask for what is done to maps in files alone.
        PitscapeError: If the network fails.
    """
    if options.sieve_ha or options.simplify_m:
        raise InputError("predict: a sieve and simplified outlines are of maps in files; give output.")
    card = predictor.card
    tile, overlap = tiling(shape, predictor, options)
    tiles = Tiles(height=shape[0], width=shape[1], tile=tile, overlap=overlap)
    threads = options.threads or usable_cores()
    network = SymmetricPredictor(predictor) if options.tta else predictor
    crew = Crew(min(threads, len(tiles)), options.batch, threads, skip_failed=options.skip_failed)
    classes = np.full(shape, UNOBSERVED, np.uint8)
    probabilities = np.full((len(card.legend), *shape), np.nan, np.float32)
    for rows in blended_rows(scene, network, tiles, crew=crew):
        at = slice(rows.start, rows.start + len(rows.observed))
        np.copyto(classes[at], class_ids(rows.probabilities, card.class_bias), where=rows.observed)
        np.copyto(probabilities[:, at], rows.probabilities, where=rows.observed)
    return Prediction(classes, probabilities, card.legend)


def mapped_scene(scenes: Sequence[SceneSource], predictor: FilePredictor, options: RunOptions) -> Prediction:
    """A scene in memory, with its grid.

    Args:
        scenes: Of the network's sources; some may be missing.
        predictor: The network.
        options: How it is mapped.

    Raises:
        InputError: If the scenes do not fit the card, or are too large to be held in memory.
        PitscapeError: If the network fails.
    """
    with open_joint(scenes, predictor.card, options.reading) as scene:
        check_resolution(scene, predictor.card.gsd_m)
        height, width = scene.grid.shape
        if height * width > MOST_PIXELS:
            raise InputError(
                f"{scene.first.path}: has {height} x {width} px, more than the {MOST_PIXELS} that are held in memory; give "
                "output, a file."
            )
        return replace(mapped(scene, (height, width), predictor, options), grid=scene.grid)

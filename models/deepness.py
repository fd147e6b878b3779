"""Deepness, the QGIS plugin: the keys that it reads from a model's metadata, and what it does with a tile.

Written from the documentation and the published behaviour of the plugin, which runs networks of one input alone.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pitscape.models.card import ModelCard

BYTE = 255.0
"""The plugin divides every stored number by it, whatever the type of the raster."""


KEYS_OF_NUMBERS = frozenset({"standardization_mean", "standardization_std"})
"""What says how the plugin changes numbers."""


def deepness_keys(card: ModelCard) -> dict[str, str]:
    """What the plugin reads from the metadata of an ONNX file; every value is JSON.

    Its division by 255 is undone by a mean of 0 and a standard deviation of 1/255, since the graph takes stored numbers.
    Its documentation says ``tiles_size`` and its code reads ``tile_size``: both are there.

    Args:
        card: Of the network.

    Returns:
        Keys and values; none for a network of several sources, which the plugin refuses.
    """
    if len(card.sources) > 1:
        return {}
    keys: dict[str, Any] = {
        "model_type": "Segmentor",
        "class_names": {str(each.id): each.name for each in card.legend.classes},
        "resolution": 100 * card.gsd_m,
        "tile_size": card.tile,
        "tiles_size": card.tile,
        "tiles_overlap": round(100 * card.overlap / card.tile),
        "standardization_mean": [0.0] * card.channels,
        "standardization_std": [1 / BYTE] * card.channels,
        "seg_thresh": 0.0,
        "seg_small_segment": 0,
    }
    return {key: json.dumps(value) for key, value in keys.items()}


def preprocessed(tiles: NDArray[Any], keys: Mapping[str, str]) -> NDArray[np.float32]:
    """What the plugin feeds a network.

    Args:
        tiles: Pixels (N, bands, H, W) as the raster holds them.
        keys: Metadata of the network, of ``deepness_keys``.

    Returns:
        (x / 255 - mean) / std per band, in float32. The stored number 0 stays exactly 0.

    >>> keys = {"standardization_mean": "[0.0]", "standardization_std": "[0.00392156862745098]"}
    >>> preprocessed(np.array([[[[0, 1000, 65535]]]], dtype=np.uint16), keys).round(2).tolist()
    [[[[0.0, 1000.0, 65535.0]]]]
    """
    mean, std = (
        np.array(json.loads(keys[f"standardization_{name}"]), np.float32)[:, None, None] for name in ("mean", "std")
    )
    scaled = (tiles * 1.0 / BYTE).astype(np.float32)
    standardised: NDArray[np.float32] = (scaled - mean) / std
    return standardised


def tile_at(pixels: NDArray[np.generic], row: int, column: int, side: int) -> NDArray[np.generic]:
    """The square tile of an image that begins at a pixel; what lies outside of the image is 0, as in the plugin.

    Args:
        pixels: An image (bands, H, W).
        row: Of the tile's first pixel, 0 to H - 1.
        column: Of the tile's first pixel, 0 to W - 1.
        side: Of the tile [px].

    Returns:
        The tile (bands, side, side).
    """
    part = pixels[:, row : row + side, column : column + side]
    missing = [(0, 0), (0, side - part.shape[1]), (0, side - part.shape[2])]
    return np.pad(part, missing)

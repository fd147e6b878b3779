import json

import numpy as np

from pitscape.models.card import ModelCard
from pitscape.models.deepness import deepness_keys, preprocessed, tile_at


def test_keys_are_json_and_those_that_the_plugin_reads(card: ModelCard) -> None:
    keys = {key: json.loads(value) for key, value in deepness_keys(card).items()}
    assert keys["model_type"] == "Segmentor"
    assert keys["class_names"] == {"0": "mined", "1": "occupied", "2": "vegetated", "3": "water"}
    assert keys["resolution"] == 1000
    assert keys["tile_size"] == keys["tiles_size"] == 32
    assert keys["tiles_overlap"] == 25
    assert keys["seg_thresh"] == keys["seg_small_segment"] == 0
    assert len(keys["standardization_mean"]) == len(keys["standardization_std"]) == 10


def test_its_preprocessing_is_the_identity_on_every_stored_number(card: ModelCard) -> None:
    """To float32's precision: a division and a product, each right to half a unit in the last place."""
    numbers = np.arange(65536, dtype=np.uint16).reshape(1, 1, 256, 256).repeat(10, axis=1)
    found = preprocessed(numbers, deepness_keys(card))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, numbers, rtol=3e-7)
    assert (found[numbers == 0] == 0).all()


def test_networks_of_several_sources_have_no_keys(card: ModelCard) -> None:
    assert deepness_keys(card.model_copy(update={"sources": card.sources * 2})) == {}


def test_tiles_at_the_edge_are_filled_with_0() -> None:
    tile = tile_at(np.arange(1, 7).reshape(1, 2, 3), 1, 1, 3)
    assert tile.tolist() == [[[5, 6, 0], [0, 0, 0], [0, 0, 0]]]

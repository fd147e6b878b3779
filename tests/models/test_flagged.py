from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from several_sources import several_card, several_network, stored_of

from pitscape.inference.predictor import OnnxPredictor
from pitscape.models.card import ModelCard
from pitscape.models.export import write_graph
from pitscape.models.inputs import PRESENT, feeds, input_names
from pitscape.models.network import DeployedNetwork

CARD = several_card()
PLACES = (slice(0, 10), slice(10, 12), slice(12, 14))
SIZES = [(1, 1, 1), (2, 37, 53), (5, 64, 32)]


class Exported:
    """A network and its graph."""

    def __init__(self, network: DeployedNetwork, card: ModelCard, path: Path) -> None:
        self.network, self.card, self.path = network, card, path
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def eager(self, stored: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            result: NDArray[np.float32] = self.network(torch.from_numpy(stored)).numpy()
        return result


@pytest.fixture(scope="module", params=["early", "middle"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, several_model: Path) -> Exported:
    network, path = several_network(CARD, request.param), several_model
    if request.param == "middle":
        path = tmp_path_factory.mktemp("middle") / "several.onnx"
        write_graph(network, CARD, path)
    return Exported(network, CARD, path)


def without(stored: NDArray[np.float32], *sources: int) -> NDArray[np.float32]:
    lacking = stored.copy()
    for source in sources:
        lacking[:, PLACES[source]] = 0
    return lacking


def test_the_graph_has_an_input_for_each_source_and_flags(exported: Exported) -> None:
    inputs = {each.name: each.shape for each in exported.session.get_inputs()}
    assert tuple(inputs) == input_names(CARD.sources)
    assert tuple(inputs) == ("stored_sentinel2_l2a", "stored_sentinel1_grd_db", "stored_dem", "present")
    assert [inputs[name][1] for name in inputs] == [10, 2, 2, 3]
    assert all(isinstance(inputs[name][axis], str) for name in list(inputs)[:3] for axis in (0, 2, 3))
    assert isinstance(inputs[PRESENT][0], str)


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("missing", [(), (0,), (1,), (2,), (1, 2)])
def test_it_gives_what_torch_gives_whatever_is_missing(
    exported: Exported, shape: tuple[int, int, int], missing: tuple[int, ...]
) -> None:
    stored = without(stored_of(CARD, *shape), *missing)
    found = exported.session.run(None, feeds(CARD.sources, stored))[0]
    np.testing.assert_allclose(found, exported.eager(stored), atol=1e-4)


@pytest.mark.parametrize("filling", [np.nan, np.inf, 3000.0])
@pytest.mark.parametrize("absent", [0, 1, 2])
def test_numbers_of_a_source_whose_flag_is_0_say_nothing(exported: Exported, absent: int, filling: float) -> None:
    stored = without(stored_of(CARD, 2, 40, 33), absent)
    given = feeds(CARD.sources, stored)
    given[input_names(CARD.sources)[absent]] = np.full_like(stored[:, PLACES[absent]], filling)
    assert given[PRESENT][:, absent].tolist() == [0, 0]

    np.testing.assert_allclose(exported.session.run(None, given)[0], exported.eager(stored), atol=1e-4)


def test_each_image_of_a_batch_has_sources_of_its_own(exported: Exported) -> None:
    """As in a batch of tiles at the edge of one source: each image comes out as it does alone."""
    stored = stored_of(CARD, 4, 32, 48)
    for image, missing in enumerate([(), (0,), (1, 2), (2,)]):
        stored[image] = without(stored[image : image + 1], *missing)
    given = feeds(CARD.sources, stored)
    assert given[PRESENT].tolist() == [[1, 1, 1], [0, 1, 1], [1, 0, 0], [1, 1, 0]]

    together = exported.session.run(None, given)[0]

    np.testing.assert_allclose(together, exported.eager(stored), atol=1e-4)
    for image in range(4):
        alone = exported.session.run(None, {name: values[image : image + 1] for name, values in given.items()})[0]
        np.testing.assert_allclose(together[image : image + 1], alone, atol=1e-5)


def test_sources_change_what_comes_out(exported: Exported) -> None:
    """Else equal answers would prove nothing."""
    stored = stored_of(CARD, 1, 32, 32)
    whole = exported.eager(stored)
    assert all(np.abs(exported.eager(without(stored, source)) - whole).max() > 1e-3 for source in range(3))


def test_the_predictor_feeds_every_input(exported: Exported) -> None:
    predictor, stored = OnnxPredictor(exported.path), without(stored_of(CARD, 3, 30, 41), 1)
    found = predictor.probabilities(stored)
    np.testing.assert_allclose(found, exported.eager(stored), atol=1e-4)
    np.testing.assert_array_equal(predictor.bound(stored), found)

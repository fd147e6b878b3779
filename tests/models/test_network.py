import numpy as np
import pytest
import torch

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import load_sensor
from pitscape.models.card import Normalisation
from pitscape.models.network import DeployedNetwork, NetworkSettings, SegmentationNetwork, Standardiser

SENSOR = load_sensor("sentinel2_l2a")


@pytest.fixture(
    scope="module",
    params=[
        NetworkSettings(encoder_depth=3, decoder_channels=(32, 16, 8)),
        NetworkSettings(encoder="mobilenet_v2", encoder_depth=4, decoder_channels=(32, 16, 8, 8)),
    ],
    ids=lambda settings: settings.title,
)
def network(request: pytest.FixtureRequest) -> SegmentationNetwork:
    torch.manual_seed(0)
    return SegmentationNetwork(request.param, bands=5, classes=3).eval()


class TestNetworkContract:
    """What every network must do."""

    @pytest.mark.parametrize("size", [(1, 1), (7, 33), (64, 64), (50, 97)])
    def test_any_size_gives_scores_of_that_size(self, network: SegmentationNetwork, size: tuple[int, int]) -> None:
        with torch.inference_mode():
            assert network(torch.rand(2, 5, *size)).shape == (2, 3, *size)

    def test_images_of_a_batch_do_not_touch_each_other(self, network: SegmentationNetwork) -> None:
        images = torch.rand(3, 5, 40, 33)
        with torch.inference_mode():
            alone = torch.cat([network(image[None]) for image in images])
            torch.testing.assert_close(network(images), alone, atol=1e-5, rtol=1e-5)


def test_unknown_networks_are_refused_by_name() -> None:
    for settings in (NetworkSettings(encoder="resnet19"), NetworkSettings(architecture="unicorn")):
        with pytest.raises(InputError, match=r"resnet19|unicorn"):
            SegmentationNetwork(settings, bands=3, classes=2)


def test_stored_numbers_become_standardised_reflectance() -> None:
    """Stored 3000 is reflectance 0.2; (0.2 - 0.1) / 0.05 = 2."""
    standardiser = Standardiser(SENSOR, ("B02", "B03"), Normalisation(mean=(0.1, 0.3), std=(0.05, 0.1)))
    stored = torch.tensor([[3000.0, 1000.0, 0.0], [5000.0, 0.0, 0.0]]).reshape(1, 2, 1, 3)
    found = standardiser(stored).reshape(2, 3).numpy()
    np.testing.assert_allclose(found, [[2.0, -2.0, 0.0], [1.0, -4.0, 0.0]], atol=1e-5)


def test_deployed_networks_give_probabilities() -> None:
    network = SegmentationNetwork(NetworkSettings(encoder_depth=3, decoder_channels=(16, 8, 8)), bands=2, classes=4)
    standardiser = Standardiser(SENSOR, ("B02", "B03"), Normalisation(mean=(0.2, 0.2), std=(0.1, 0.1)))
    with torch.inference_mode():
        found = DeployedNetwork(standardiser, network).eval()(torch.rand(2, 2, 33, 20) * 5000)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(2, 33, 20))
    assert (found >= 0).all()

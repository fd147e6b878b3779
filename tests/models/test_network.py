from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from several_sources import several_card, stored_of

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import load_sensor
from pitscape.models.card import Normalisation, SourceInput
from pitscape.models.export import write_graph
from pitscape.models.fusion import FusedEncoders
from pitscape.models.inputs import feeds
from pitscape.models.network import (
    PAIRS,
    DeployedNetwork,
    DetailHead,
    NetworkSettings,
    SegmentationNetwork,
    Standardiser,
)


def source(sensor: str, bands: tuple[str, ...], mean: tuple[float, ...], std: tuple[float, ...]) -> SourceInput:
    normalisation = Normalisation(mean=mean, std=std)
    return SourceInput(sensor=load_sensor(sensor), bands=bands, normalisation=normalisation)


SETTINGS = [
    *(NetworkSettings(architecture=architecture, encoder=encoder) for architecture, encoder in sorted(PAIRS)),
    NetworkSettings(encoder_depth=3, decoder_channels=(32, 16, 8)),
    NetworkSettings(encoder="mobilenet_v2", encoder_depth=4, detail=8),
    NetworkSettings(encoder="efficientnet-b0", encoder_depth=3),
    NetworkSettings(encoder_depth=4, fusion="middle"),
    NetworkSettings(architecture="manet", encoder_depth=3, fusion="middle", detail=4),
]


@pytest.fixture(scope="module", params=SETTINGS, ids=lambda settings: settings.title)
def network(request: pytest.FixtureRequest) -> SegmentationNetwork:
    torch.manual_seed(0)
    return SegmentationNetwork(request.param, channels=(3, 2), classes=4).eval()


class TestNetworkContract:
    """What every network must do."""

    @pytest.mark.parametrize("size", [(1, 1), (7, 33), (64, 64), (50, 97)])
    def test_any_size_gives_scores_of_that_size(self, network: SegmentationNetwork, size: tuple[int, int]) -> None:
        with torch.inference_mode():
            assert network(torch.rand(2, 5, *size)).shape == (2, 4, *size)

    def test_any_source_may_be_missing(self, network: SegmentationNetwork) -> None:
        """Scores are finite, and other ones than with all of them."""
        images = torch.rand(1, 5, 40, 33)
        with torch.inference_mode():
            all_there = network(images)
            for part in (slice(0, 3), slice(3, 5)):
                without = images.clone()
                without[:, part] = 0
                found = network(without)
                assert torch.isfinite(found).all()
                assert not torch.equal(found, all_there)

    def test_saved_weights_give_the_same_network(
        self, network: SegmentationNetwork, request: pytest.FixtureRequest, tmp_path: Path
    ) -> None:
        torch.save(network.state_dict(), tmp_path / "weights.pt")
        settings = request.node.callspec.params["network"]
        again = SegmentationNetwork(settings, channels=(3, 2), classes=4)
        again.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
        images = torch.rand(1, 5, 33, 40)
        with torch.inference_mode():
            assert torch.equal(again.eval()(images), network(images))

    @pytest.mark.slow
    def test_the_exported_network_gives_the_same(self, network: SegmentationNetwork, tmp_path: Path) -> None:
        """In onnxruntime, at any size, with a corner unobserved and with the second source missing."""
        several = several_card()
        optical, radar = several.sources[:2]
        three = Normalisation(mean=optical.normalisation.mean[:3], std=optical.normalisation.std[:3])
        first = optical.model_copy(update={"bands": optical.bands[:3], "normalisation": three})
        card = several.model_copy(update={"sources": (first, radar)})
        whole = DeployedNetwork(Standardiser(card.sources), network).eval()
        write_graph(whole, card, tmp_path / "network.onnx")
        session = onnxruntime.InferenceSession(str(tmp_path / "network.onnx"))
        for height, width in ((64, 64), (37, 53)):
            for missing in (False, True):
                stored = stored_of(card, 2, height, width)
                if missing:
                    stored[:, 3:] = 0
                with torch.inference_mode():
                    expected = whole(torch.from_numpy(stored)).numpy()
                found = session.run(None, feeds(card.sources, stored))[0]
                np.testing.assert_allclose(found, expected, atol=1e-4)

    def test_images_of_a_batch_do_not_touch_each_other(self, network: SegmentationNetwork) -> None:
        images = torch.rand(3, 5, 40, 33)
        with torch.inference_mode():
            alone = torch.cat([network(image[None]) for image in images])
            torch.testing.assert_close(network(images), alone, atol=1e-5 * float(alone.abs().max()), rtol=1e-5)

    def test_a_frozen_encoder_does_not_learn(self, network: SegmentationNetwork) -> None:
        network.freeze_encoder(frozen=True)
        learning = {name for name, weight in network.named_parameters() if weight.requires_grad}
        assert learning
        assert not any(".encoder." in name for name in learning)
        network.freeze_encoder(frozen=False)
        network.train()
        network(torch.rand(2, 5, 64, 64)).sum().backward()
        network.eval()
        assert all((weight.grad is not None) == weight.requires_grad for weight in network.parameters())


def test_networks_that_were_not_tested_are_refused_by_name() -> None:
    for settings in (NetworkSettings(encoder="resnet19"), NetworkSettings(architecture="unicorn")):
        with pytest.raises(InputError, match=r"(resnet19|unicorn/resnet18): is not among the tested ones; take "):
            SegmentationNetwork(settings, channels=[3], classes=2)
    with pytest.raises(InputError, match="network fpn: its depth and channels are fixed"):
        SegmentationNetwork(NetworkSettings(architecture="fpn", encoder_depth=4), channels=[3], classes=2)


def test_detail_sees_every_pixel_and_three_around_it() -> None:
    torch.manual_seed(0)
    head = DetailHead(2, 8, 3).eval()
    images, decoded = torch.rand(1, 2, 20, 20), torch.zeros(1, 8, 20, 20)
    changed = images.clone()
    changed[0, :, 9, 12] += 5
    with torch.inference_mode():
        moved = (head(changed, decoded) - head(images, decoded)).abs().sum(dim=1)[0] > 0
    assert moved[9, 12]
    rows, columns = torch.nonzero(moved, as_tuple=True)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (6, 12, 9, 15)


def test_stored_numbers_become_standardised_reflectance() -> None:
    """Stored 3000 is reflectance 0.2; (0.2 - 0.1) / 0.05 = 2."""
    standardiser = Standardiser([source("sentinel2_l2a", ("B02", "B03"), (0.1, 0.3), (0.05, 0.1))])
    stored = torch.tensor([[3000.0, 1000.0, 0.0], [5000.0, 0.0, 0.0]]).reshape(1, 2, 1, 3)
    found = standardiser(stored).reshape(2, 3).numpy()
    np.testing.assert_allclose(found, [[2.0, -2.0, 0.0], [1.0, -4.0, 0.0]], atol=1e-5)


def test_each_source_is_unobserved_for_itself() -> None:
    """Backscatter of -10 dB with mean -12 and deviation 4 is 0.5; a source that is stored 0 enters as its mean."""
    optical = source("sentinel2_l2a", ("B02",), (0.1,), (0.05,))
    radar = source("sentinel1_grd_db", ("VV", "VH"), (-12.0, -18.0), (4.0, 4.0))
    stored = torch.tensor([[3000.0, 0.0, 3000.0], [-10.0, -10.0, 0.0], [-20.0, -20.0, 0.0]]).reshape(1, 3, 1, 3)
    found = Standardiser([optical, radar])(stored).reshape(3, 3).numpy()
    np.testing.assert_allclose(found, [[2.0, 0.0, 2.0], [0.5, 0.5, 0.0], [-0.5, -0.5, 0.0]], atol=1e-5)


def test_a_missing_source_counts_for_nothing() -> None:
    """Features are those of the source that is there, whatever the missing one's encoder says of nothing."""
    fused = fused_encoders()
    images = torch.rand(1, 5, 32, 32)
    images[:, 3:] = 0
    with torch.inference_mode():
        alone = fused.encoders[0](images[:, :3])
        for found, expected in zip(fused(images)[1:], alone[1:], strict=True):
            torch.testing.assert_close(found, expected)


def test_where_both_sources_are_there_they_count_alike() -> None:
    fused = fused_encoders()
    images = torch.rand(1, 5, 32, 32)
    images[:, 3:, :, 16:] = 0  # the second source did not observe the right half
    with torch.inference_mode():
        one, other = fused.encoders[0](images[:, :3])[1], fused.encoders[1](images[:, 3:])[1]
        found = fused(images)[1]
    torch.testing.assert_close(found[..., :8], (one + other)[..., :8] / 2)
    torch.testing.assert_close(found[..., 8:], one[..., 8:])


def fused_encoders() -> FusedEncoders:
    torch.manual_seed(0)
    network = SegmentationNetwork(NetworkSettings(encoder_depth=3, fusion="middle"), channels=(3, 2), classes=2)
    encoders = network.eval().network.encoder
    assert isinstance(encoders, FusedEncoders)
    return encoders


def test_deployed_networks_give_probabilities() -> None:
    network = SegmentationNetwork(
        NetworkSettings(encoder_depth=3, decoder_channels=(16, 8, 8)), channels=[2], classes=4
    )
    standardiser = Standardiser([source("sentinel2_l2a", ("B02", "B03"), (0.2, 0.2), (0.1, 0.1))])
    with torch.inference_mode():
        found = DeployedNetwork(standardiser, network).eval()(torch.rand(2, 2, 33, 20) * 5000)
    cooler = DeployedNetwork(standardiser, network, temperature=2.0).eval()
    with torch.inference_mode():
        stored = torch.rand(2, 2, 33, 20) * 5000
        torch.testing.assert_close(cooler(stored), torch.softmax(network(standardiser(stored)) / 2, dim=1))
    torch.testing.assert_close(found.sum(dim=1), torch.ones(2, 33, 20))
    assert (found >= 0).all()

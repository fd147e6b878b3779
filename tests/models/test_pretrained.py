import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torchvision
from torch import Tensor

from pitscape.imagery.errors import InputError
from pitscape.imagery.sensor import load_sensor
from pitscape.models.card import Normalisation, SourceInput
from pitscape.models.network import NetworkSettings, SegmentationNetwork
from pitscape.models.pretrained import begin_pretrained, first_convolution

S2_BANDS = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8a", "B9", "B10", "B11", "B12"]


def source(sensor: str, *bands: str) -> SourceInput:
    normalisation = Normalisation(mean=(0.0,) * len(bands), std=(1.0,) * len(bands))
    return SourceInput(sensor=load_sensor(sensor), bands=bands, normalisation=normalisation)


def resnet18(channels: int) -> dict[str, Tensor]:
    """Random weights under torchvision's names, with its classifier."""
    network = torchvision.models.resnet18()
    network.conv1 = torch.nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    return network.state_dict()


def begun(weights: str, *sources: SourceInput, fusion: str = "early") -> SegmentationNetwork:
    settings = NetworkSettings.model_validate({"encoder_depth": 4, "encoder_weights": weights, "fusion": fusion})
    network = SegmentationNetwork(settings, channels=[len(each.bands) for each in sources], classes=3)
    begin_pretrained(network, settings, sources)
    return network


@pytest.fixture
def torchgeo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[dict[str, Tensor]], str]:
    """TorchGeo's list with one entry, whose file lies at a local address; torch.hub's folder is empty."""
    models = pytest.importorskip("torchgeo.models")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))

    def offer(weights: dict[str, Tensor]) -> str:
        torch.save(weights, draft := tmp_path / "draft.pth")
        digest = hashlib.sha256(draft.read_bytes()).hexdigest()[:8]
        place = draft.rename(tmp_path / f"resnet18-{digest}.pth")
        entry = SimpleNamespace(url=place.as_uri(), meta={"bands": S2_BANDS})
        offered = SimpleNamespace(__members__={"SENTINEL2_ALL_MOCO": entry})
        monkeypatch.setattr(models, "ResNet18_Weights", offered)
        return digest

    return offer


def test_bands_keep_their_weights_and_others_get_the_mean(torchgeo: Callable[[dict[str, Tensor]], str]) -> None:
    """B03 and B8A are channels 2 and 8 of 13; VV is none of them; 13 bands become 3."""
    torchgeo(weights := resnet18(13))
    sources = source("sentinel2_l2a", "B03", "B8A"), source("sentinel1_grd_db", "VV")
    found = begun("torchgeo:SENTINEL2_ALL_MOCO", *sources).network.encoder.state_dict()
    first = weights["conv1.weight"]
    expected = torch.stack([first[:, 2], first[:, 8], first.mean(dim=1)], dim=1) * 13 / 3
    torch.testing.assert_close(found["conv1.weight"], expected)
    torch.testing.assert_close(found["layer3.1.conv2.weight"], weights["layer3.1.conv2.weight"])


def test_what_was_altered_or_cannot_be_reached_is_refused(
    torchgeo: Callable[[dict[str, Tensor]], str], tmp_path: Path
) -> None:
    digest = torchgeo(resnet18(13))
    file = tmp_path / f"resnet18-{digest}.pth"
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(InputError, match=r"^encoder_weights torchgeo:SENTINEL2_ALL_MOCO: cannot be had \(invalid hash"):
        begun("torchgeo:SENTINEL2_ALL_MOCO", source("sentinel2_l2a", "B02"))
    file.unlink()
    with pytest.raises(InputError, match=r"put the file .* at .*hub/checkpoints/resnet18-\w{8}\.pth, or name"):
        begun("torchgeo:SENTINEL2_ALL_MOCO", source("sentinel2_l2a", "B02"))
    with pytest.raises(InputError, match="not among those for resnet18; take SENTINEL2_ALL_MOCO"):
        begun("torchgeo:MOCO", source("sentinel2_l2a", "B02"))


def test_weights_of_none_of_the_bands_are_refused(torchgeo: Callable[[dict[str, Tensor]], str]) -> None:
    torchgeo(resnet18(13))
    with pytest.raises(
        InputError, match=r"are of SENTINEL2 B1, .*, the network's bands are DEM ELEVATION; none is the same"
    ):
        begun("torchgeo:SENTINEL2_ALL_MOCO", source("dem", "elevation"))


def test_the_weights_that_are_named_in_the_documentation_are_torchgeos() -> None:
    models = pytest.importorskip("torchgeo.models")
    known = {key: each for key, each in models.ResNet18_Weights.__members__.items() if key.startswith("SENTINEL")}
    assert set(known) == {"SENTINEL2_ALL_MOCO", "SENTINEL2_RGB_MOCO", "SENTINEL2_RGB_SECO"}
    assert {"B2", "B8A", "B12"} <= {
        band.upper().replace("B0", "B") for band in known["SENTINEL2_ALL_MOCO"].meta["bands"]
    }


@pytest.mark.parametrize("at", [3, 40, 200, 1000])
def test_damaged_files_are_refused_in_one_line(tmp_path: Path, at: int) -> None:
    torch.save({"conv1.weight": torch.rand(2, 1, 3, 3)}, path := tmp_path / "damaged.pth")
    content = bytearray(path.read_bytes())
    content[at : at + 8] = b"\xff\xfe\x80\x02q(K\x00"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"is no file of weights|weights fit"):
        begun(str(path), source("sentinel2_l2a", "B02"))


def test_a_file_of_as_many_channels_is_taken_as_it_is(tmp_path: Path) -> None:
    torch.save(weights := resnet18(2), path := tmp_path / "own.pth")
    found = begun(str(path), source("sentinel2_l2a", "B02", "B03")).network.encoder.state_dict()
    torch.testing.assert_close(found["conv1.weight"], weights["conv1.weight"])


def test_each_source_of_middle_fusion_begins_with_the_weights(tmp_path: Path) -> None:
    torch.save(weights := resnet18(2), path := tmp_path / "own.pth")
    sources = source("sentinel2_l2a", "B02", "B03"), source("dem", "elevation")
    network = begun(str(path), *sources, fusion="middle")
    optical, dem = network.network.encoder.encoders
    torch.testing.assert_close(optical.conv1.weight.data, weights["conv1.weight"])
    torch.testing.assert_close(dem.conv1.weight.data, weights["conv1.weight"].sum(dim=1, keepdim=True))


def test_bands_that_show_the_same_give_the_same() -> None:
    torch.manual_seed(0)
    weight, image = torch.rand(4, 13, 3, 3), torch.rand(1, 1, 9, 9)
    other = first_convolution(weight, (), [("DEM", str(number)) for number in range(5)])
    before, after = (torch.nn.functional.conv2d(image.expand(-1, w.shape[1], -1, -1), w) for w in (weight, other))
    torch.testing.assert_close(after, before)


def test_what_is_no_file_of_weights_is_refused(tmp_path: Path) -> None:
    bands = source("sentinel2_l2a", "B02")
    (tmp_path / "text.pth").write_text("no weights")
    torch.save({"conv1.weight": torch.rand(64, 1, 7, 7)}, tmp_path / "part.pth")
    for name, message in (
        ("none", "no such file"),
        ("text", "is no file of weights"),
        ("part", "weights fit; take those of the same encoder"),
    ):
        with pytest.raises(InputError, match=message):
            begun(str(tmp_path / f"{name}.pth"), bands)


def test_the_librarys_weights_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("segmentation_models_pytorch.encoders.hf_hub_download", offline)
    with pytest.raises(InputError, match="encoder_weights imagenet cannot be had; go online once"):
        begun("imagenet", source("sentinel2_l2a", "B02"))

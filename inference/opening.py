"""Models opened by what their files are."""

from pathlib import Path

from pitscape.imagery.errors import InputError
from pitscape.imagery.remote.local_copy import local_copy
from pitscape.imagery.remote.path import is_remote
from pitscape.inference.described_predictor import DescribedPredictor
from pitscape.inference.model_file import check_model_file, check_sha256
from pitscape.inference.predictor import FilePredictor, OnnxPredictor
from pitscape.inference.session import Device
from pitscape.models.card import CARD_KEY, card_from_json
from pitscape.models.graph_card import read_card

CHECKPOINTS = {".ckpt"}


def open_predictor(
    path: Path, *, card: Path | None = None, expect_sha256: str | None = None, threads: int = 1, device: Device = "cpu"
) -> FilePredictor:
    """Open a model.

    Args:
        path: An ONNX file of ``pitscape export``, one of another maker with a card, or a checkpoint, which runs in PyTorch. A
            remote file is copied to this disk first.
        card: YAML or JSON of the card of a file that carries none.
        expect_sha256: Of the file; None: any.
        threads: Of one call, on the CPU.
        device: Where it runs.

    Raises:
        InputError: If the file is no such model, has another SHA-256, carries another card, or the device is not to be had.
    """
    if is_remote(path) or (card is not None and is_remote(card)):
        return _fetched(path, card, expect_sha256, threads, device)
    if path.suffix in CHECKPOINTS:
        return _checkpoint(path, card, expect_sha256, threads, device)
    if card is None:
        return OnnxPredictor(path, threads=threads, device=device, expect_sha256=expect_sha256)
    inside = check_model_file(path, expect_sha256=expect_sha256).metadata.get(CARD_KEY)
    if inside is None:
        return DescribedPredictor(path, card, threads=threads, device=device)
    if read_card(card) != (card_from_json(inside, path), None):
        raise InputError(f"--card {card}: {path} carries another card of its own; leave --card out.")
    return OnnxPredictor(path, threads=threads, device=device)


def _fetched(path: Path, card: Path | None, expect_sha256: str | None, threads: int, device: Device) -> FilePredictor:
    """A model of which a part is remote."""
    files = [(local_copy(each), each) for each in (path, card) if each is not None]
    model, card = files[0][0], files[1][0] if card is not None else None
    try:
        return open_predictor(model, card=card, expect_sha256=expect_sha256, threads=threads, device=device)
    except InputError as error:
        message = str(error)
        for copy, named in files:
            message = message.replace(str(copy), str(named))
        raise InputError(message) from error


def _checkpoint(
    path: Path, card: Path | None, expect_sha256: str | None, threads: int, device: Device
) -> FilePredictor:
    if card is not None:
        raise InputError(f"--card {card}: {path} is a checkpoint, which carries its own; leave --card out.")
    if expect_sha256 is not None:
        check_sha256(path, expect_sha256)
    from pitscape.inference.torch_predictor import TorchPredictor

    return TorchPredictor(path, threads=threads, device=device)

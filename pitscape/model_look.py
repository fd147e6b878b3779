"""Models of a site looked at once in a run: checks, records and every epoch ask for their cards and files."""

from functools import lru_cache
from pathlib import Path

from pitscape.inference.model_file import check_model_file
from pitscape.inference.predictor import card_of
from pitscape.models.card import ModelCard


def card_at(path: Path) -> ModelCard:
    """The card that an ONNX file carries.

    Raises:
        InputError: If the file is no such model.
    """
    return _card(path, *_state(path))


def weights_of(path: Path) -> tuple[Path, ...]:
    """Files that hold external weights of an ONNX file.

    Raises:
        InputError: If the file is none that may be opened.
    """
    return _weights(path, *_state(path))


def _state(path: Path) -> tuple[int, ...]:
    """What tells one content of a file from another; all 0 where there is none."""
    if not path.is_file():
        return (0, 0, 0)
    found = path.stat()
    return (found.st_size, found.st_mtime_ns, found.st_ino)


@lru_cache(maxsize=16)
def _card(path: Path, *_: int) -> ModelCard:
    return card_of(path)


@lru_cache(maxsize=16)
def _weights(path: Path, *_: int) -> tuple[Path, ...]:
    return check_model_file(path).weights

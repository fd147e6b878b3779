"""ONNX files looked at before a runtime opens them: whole, of known operators, and reading no file elsewhere."""

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import sha256_of
from pitscape.inference.graph_contents import Contents, contents_of
from pitscape.inference.protobuf import DamagedMessageError
from pitscape.models.card import GRAPH_KEY

KNOWN_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Of operators that onnxruntime brings itself: ONNX's own, and those that its quantiser and optimiser write."""

READING_OPERATORS = frozenset({"EPContext"})
"""Operators of these domains that name files of their own."""

ARCHIVE_MAGIC = b"PK\x03\x04"
SHA256_DIGITS = 64


@dataclass(frozen=True)
class ModelFile:
    """An ONNX file that may be opened.

    Attributes:
        path: The file.
        weights: Files that hold external weights of it.
        metadata: What it carries beside its graph, by key.
    """

    path: Path
    weights: tuple[Path, ...]
    metadata: Mapping[str, str]


def check_model_file(path: Path, *, expect_sha256: str | None = None) -> ModelFile:
    """Refuse what is no whole ONNX file, or would run or read what does not belong to it.

    A bit that flipped in the weights is seen where the file carries the SHA-256 of its graph, as those of ``pitscape export``
    do, and by ``expect_sha256``.

    Args:
        path: The file.
        expect_sha256: Of the file, in hexadecimal; of files with external weights it is that of the ONNX file alone.

    Returns:
        What may be opened.

    Raises:
        InputError: If it is not there, is damaged, has another SHA-256 or its graph another than it carries, names operators
            of a domain that onnxruntime does not bring, or weights in files that are missing, too short, or outside of its
            folder.
    """
    _check_there(path)
    if expect_sha256 is not None:
        check_sha256(path, expect_sha256)
    contents = _contents(path)
    if contents.graph_sha256 != contents.metadata.get(GRAPH_KEY, ""):
        raise InputError(
            f"{path}: is damaged (its graph has the SHA-256 {contents.graph_sha256}, not the {GRAPH_KEY} that it carries); "
            "fetch it or export it again."
        )
    unknown = {each for each in contents.operators if each[0] not in KNOWN_DOMAINS} - contents.functions
    unknown |= {each for each in contents.operators if each[0] and each[1] in READING_OPERATORS}
    if unknown:
        domain, operator = min(unknown)
        raise InputError(
            f"{path}: needs the operator {_shown(operator)} of {_shown(domain)}, which onnxruntime does not bring; export "
            "the model with operators of ONNX alone."
        )
    weights = {_external(path, *each) for each in contents.external}
    return ModelFile(path, tuple(sorted(weights)), contents.metadata)


def check_sha256(path: Path, expected: str) -> None:
    """Refuse a file that is not there, or of another SHA-256.

    Raises:
        InputError: Naming both.
    """
    wanted = expected.strip().lower()
    if len(wanted) != SHA256_DIGITS or set(wanted) - set("0123456789abcdef"):
        raise InputError(f"--expect-sha256 {_shown(expected)}: is no SHA-256; give its 64 hexadecimal digits.")
    _check_there(path)
    if (found := sha256_of(path)) != wanted:
        raise InputError(f"{path}: has the SHA-256 {found}, not {wanted}; fetch it again.")


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path of the model.")


def _contents(path: Path) -> Contents:
    """What the file names; only the parts that are looked at are read from the disk."""
    if not path.stat().st_size:
        raise InputError(f"{path}: is empty; fetch or export it again.")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        if mapped[: len(ARCHIVE_MAGIC)] == ARCHIVE_MAGIC:
            raise InputError(f"{path}: is a zip archive, perhaps a checkpoint; give a file of pitscape export.")
        try:
            return contents_of(memoryview(mapped))
        except DamagedMessageError as error:
            problem = str(error)  # the error itself holds on to the mapped file
    raise InputError(f"{path}: is not an ONNX model, or damaged ({problem}); fetch it or export it again.")


def _external(path: Path, location: str, offset: int, length: int) -> Path:
    """A file of external weights, which must lie in the model's folder and be long enough."""
    inside = all(
        not (pure.is_absolute() or pure.drive or pure.root or ".." in pure.parts)
        for pure in (PurePosixPath(location), PureWindowsPath(location))
    )
    folder = path.resolve().parent
    try:
        file = (folder / location).resolve()
        inside = inside and bool(location) and file.is_relative_to(folder)
    except (OSError, ValueError):
        inside = False
    if not inside:
        raise InputError(
            f"{path}: names weights outside of its folder ({_shown(location)}); put them beside it and export again."
        )
    if not file.is_file():
        raise InputError(f"{path}: its weights {_shown(location)} are not beside it; copy them there.")
    if offset + length > file.stat().st_size:
        raise InputError(f"{path}: its weights {_shown(location)} are cut off; copy them again.")
    return file


def _shown(text: str, most: int = 80) -> str:
    """Text of a file for a message: one line, not too long."""
    line = ascii(text)[1:-1]
    return line if len(line) <= most else line[:most] + "..."

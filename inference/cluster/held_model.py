"""A model on a worker: opened once for each process, and the same as where the run was begun."""

import socket
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import sha256_of
from pitscape.imagery.remote.local_copy import local_copy, origin_of
from pitscape.inference.opening import open_predictor
from pitscape.inference.predictor import FilePredictor
from pitscape.inference.session import Device

_OPENING = Lock()


@dataclass(frozen=True)
class ModelReference:
    """A model by its files, for a worker to open.

    Attributes:
        path: Of the model.
        card: The file of its card, if it carries none.
        device: Where it runs.
        sha256: Of each of its files, by path.
        runtime: Name and version of what runs it.
    """

    path: Path
    card: Path | None
    device: Device
    sha256: tuple[tuple[Path, str], ...]
    runtime: tuple[str, str]

    @classmethod
    def of(cls, predictor: FilePredictor) -> "ModelReference":
        """That of an open one."""
        files = tuple((origin_of(path).absolute(), sha256_of(path)) for path in predictor.files)
        card = predictor.card_file and origin_of(predictor.card_file).absolute()
        return cls(origin_of(predictor.path).absolute(), card, predictor.device, files, predictor.runtime)


def held(model: ModelReference) -> FilePredictor:
    """The model, opened by whoever asks first; the last one that was asked for is kept.

    Raises:
        InputError: If it cannot be opened, is another one here, or runs in another version.
    """
    with _OPENING:
        return _opened(model)


@lru_cache(maxsize=1)
def _opened(model: ModelReference) -> FilePredictor:
    host, here = socket.gethostname(), dict[Path, Path]()
    for path, wanted in model.sha256:
        here[path] = local_copy(path)
        if not here[path].is_file():
            raise InputError(f"{path}: {host} has no such file; give all workers the same under the same path.")
        if sha256_of(here[path]) != wanted:
            raise InputError(
                f"{path}: is another file on {host} than where the run was begun; give all workers the same."
            )
    predictor = open_predictor(here[model.path], card=model.card, device=model.device)
    if predictor.runtime != model.runtime:
        found, wanted = (" ".join(runtime) for runtime in (predictor.runtime, model.runtime))
        raise InputError(f"{host} has {found}, the run was begun with {wanted}; install the same on all machines.")
    return predictor

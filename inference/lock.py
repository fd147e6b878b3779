"""One run per output: locks that the operating system lets go when a process ends, however it ends; in a store, objects."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import make_folder
from pitscape.imagery.remote.path import RemotePath
from pitscape.imagery.remote.store import TakenError
from pitscape.inference.object_lock import ObjectLock
from pitscape.inference.parts_folder import LOCKS

RUN = "run.lock"
BEGIN = "begin.lock"
BEGIN_S = 600.0
"""A manifest is compared or written in a fraction of a second, but many shards of an array may stand in line."""

PATIENCE_S = 2.0
"""A shard that begins looks for a whole run; two that begin at once get in each other's way for that moment."""


@dataclass(frozen=True)
class Shard:
    """One of several processes that share the blocks of a run.

    Attributes:
        number: From 1.
        of: How many there are.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        """Refuse what is no such number."""
        if not 1 <= self.number <= self.of:
            raise InputError(f"--shard {self.number}/{self.of}: give I/N with 1 <= I <= N.")

    def share(self, numbers: list[int]) -> list[int]:
        """Its part of some numbers: as many for each shard as can be, one after another.

        >>> Shard(2, 3).share([0, 1, 2, 3, 4, 5, 6])
        [2, 3, 4]
        """
        start, stop = (round(len(numbers) * n / self.of) for n in (self.number - 1, self.number))
        return numbers[start:stop]


@contextmanager
def holding(folder: Path, shard: Shard | None = None) -> Iterator[Callable[[], None]]:
    """Keep a folder of parts for a run, or for a shard, of which each may run once; a run removes it if it is empty then.

    Yields:
        What makes sure that it is still kept, to be called before outputs are made: a lock in a store can be lost.

    Raises:
        InputError: If another process writes there.
    """
    make_folder(folder)
    own = RUN if shard is None else f"shard_{shard.number}_of_{shard.of}.lock"
    with _held(folder / own, folder) as check:
        for path in _shards(folder) if shard is None else [folder / RUN]:
            with _held(path, folder, patience=PATIENCE_S if shard else 0):
                pass
        try:
            yield check
        finally:
            empty = shard is None and not isinstance(folder, RemotePath) and _is_empty(folder)
            if os.name != "nt" and empty:  # Windows keeps files that are open
                _remove(folder)
    if os.name == "nt" and empty:
        _remove(folder)


@contextmanager
def beginning(folder: Path) -> Iterator[None]:
    """Let one shard after another look at the manifest, or write it."""
    with _held(folder / BEGIN, folder, patience=BEGIN_S):
        yield


def _shards(folder: Path) -> list[Path]:
    """Locks of shards, at work or not."""
    return [path for path in folder.iterdir() if LOCKS.fullmatch(path.name) and path.name.startswith("shard_")]


def _is_empty(folder: Path) -> bool:
    return all(LOCKS.fullmatch(path.name) for path in folder.iterdir())


def _remove(folder: Path) -> None:
    """Remove free locks and their folder; another process that has come meanwhile keeps both."""
    with suppress(OSError):
        for path in folder.iterdir():
            if LOCKS.fullmatch(path.name):
                path.unlink()
        folder.rmdir()


@contextmanager
def _held(path: Path, folder: Path, *, patience: float = 0) -> Iterator[Callable[[], None]]:
    """Hold a lock; gives what makes sure that it is still held."""
    with ExitStack() as stack:
        try:
            if isinstance(path, RemotePath):
                lock = ObjectLock(path, patience=patience)
                stack.enter_context(lock.held())
                check = lock.check
            else:
                stack.enter_context(FileLock(path, timeout=patience))
                check = _nothing
        except (Timeout, TakenError) as error:
            raise InputError(
                f"{folder}: another process is writing there; wait for it, or choose another output."
            ) from error
        yield check


def _nothing() -> None:
    """The operating system takes no lock away."""

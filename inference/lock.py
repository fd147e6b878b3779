"""One run per output: locks that the operating system lets go when a process ends, however it ends."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pitscape.imagery.errors import InputError
from pitscape.imagery.outputs import make_folder

RUN = "run.lock"
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
def holding(folder: Path, shard: Shard | None = None) -> Iterator[None]:
    """Keep a folder of parts for a run, or for a shard, of which each may run once; a run removes it if it is empty then.

    Raises:
        InputError: If another process writes there.
    """
    make_folder(folder)
    own = RUN if shard is None else f"shard_{shard.number}_of_{shard.of}.lock"
    others = folder.glob("shard_*.lock") if shard is None else [folder / RUN]
    with ExitStack() as stack:
        stack.enter_context(_held(folder / own, folder))
        for path in others:
            with _held(path, folder, patience=PATIENCE_S if shard else 0):
                pass
        try:
            yield
        finally:
            if shard is None:
                with suppress(PermissionError):  # Windows keeps files that are open
                    _remove_locks(folder)


def clear(folder: Path) -> None:
    """Remove what a run left in its folder, within ``holding``; the locks are left."""
    for path in folder.iterdir():
        if path.suffix != ".lock":
            path.unlink()


def _remove_locks(folder: Path) -> None:
    """Remove a folder that holds nothing but locks, which are all free while a whole run holds its own."""
    if all(path.suffix == ".lock" for path in folder.iterdir()):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


@contextmanager
def _held(path: Path, folder: Path, *, patience: float = 0) -> Iterator[None]:
    try:
        with FileLock(path, timeout=patience):
            yield
    except Timeout as error:
        raise InputError(
            f"{folder}: another process is writing there; wait for it, or choose another output."
        ) from error

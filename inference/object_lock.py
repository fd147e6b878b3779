"""Locks in object stores: an object that only one process can put, and that its owner keeps alive."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pitscape.imagery.errors import PitscapeError
from pitscape.imagery.remote.path import RemotePath
from pitscape.imagery.remote.store import TakenError, UnreachableError

RENEW_S = 10.0
DEAD_S = 45.0
"""An owner that has not renewed its lock for so long was killed. A waiting process measures it by its own clock."""

LOOK_S = 1.0


class ObjectLock:
    """A lock that is held while its object has this owner's content, put anew again and again.

    An object store lets no lock go when a process dies. Who finds one therefore watches it: it is free when it stays the same
    for ``DEAD_S``. It is put on condition that there is none, or that it is still the one that was watched, so that only one
    of several processes gets it.

    Args:
        path: Of the object.
        patience: How long to wait for an owner that is alive [s].
    """

    def __init__(self, path: RemotePath, *, patience: float = 0) -> None:
        self.path, self._patience = path, patience
        self._etag, self._count, self._owner = "", 0, secrets.token_hex(8)
        self._ended, self._lost = threading.Event(), threading.Event()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it.

        Raises:
            TakenError: If another process that is alive has it, or has got it meanwhile.
        """
        self._take()
        keeper = threading.Thread(target=self._keep, name="lock", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._ended.set()
            keeper.join()
            with suppress(UnreachableError):  # it is found dead later
                if self._is_ours():
                    self.path.store.delete([self.path])
                else:
                    self._lost.set()
        if self._lost.is_set():
            raise self._taken()

    def check(self) -> None:
        """Make sure that it is still held. The store is asked: a process that slept is told nothing by its own clock.

        Raises:
            TakenError: If not: this process slept, or did not reach the store, for so long that another has taken over.
        """
        if self._lost.is_set() or not self._is_ours():
            self._lost.set()
            raise self._taken()

    def _taken(self) -> TakenError:
        return TakenError(
            f"{self.path.parent}: this process did not reach it for {DEAD_S:g} s, and another has taken over; wait for that, "
            "or run it again with --resume."
        )

    def _is_ours(self) -> bool:
        with suppress(FileNotFoundError):
            return self._owner in self.path.read_text()
        return False

    def _take(self) -> None:
        seen, since, deadline = "", time.monotonic(), time.monotonic() + self._patience
        while True:
            with suppress(TakenError, FileNotFoundError):
                if not seen or time.monotonic() - since > DEAD_S:
                    self._put(if_none=not seen, if_etag=seen)
                    return
            found = self.path.look()
            etag = found.etag if found else ""
            if etag != seen:
                if seen and etag and time.monotonic() > deadline:
                    raise TakenError(f"{self.path}: another process keeps it alive.")
                seen, since = etag, time.monotonic()
            if etag:
                time.sleep(min(LOOK_S, DEAD_S / 10))

    def _put(self, *, if_none: bool = False, if_etag: str = "") -> None:
        self._count += 1
        content = f'{{"owner": "{self._owner}", "renewed": {self._count}}}\n'.encode()
        try:
            self._etag = self.path.store.write(self.path, content, if_none=if_none, if_etag=if_etag)
        except TakenError:
            found = self.path.look()
            if found is None or not self._is_ours():  # else a try whose answer was lost, this one or the last
                raise
            self._etag = found.etag

    def _keep(self) -> None:
        while not self._ended.wait(RENEW_S):
            try:
                self._put(if_etag=self._etag)
            except (TakenError, FileNotFoundError):
                self._lost.set()
                return
            except PitscapeError:
                continue  # as long as no other process finds it dead

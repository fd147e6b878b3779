"""CPU time by stage of a run."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Spent:
    """CPU seconds of the threads of a run, by stage; any thread may add to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def on(self, stage: str) -> Iterator[None]:
        """Count the CPU time that this thread needs for a block."""
        start = time.thread_time()
        try:
            yield
        finally:
            seconds = time.thread_time() - start
            with self._lock:
                self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds

    @property
    def seconds(self) -> dict[str, float]:
        """CPU seconds by stage, in the order in which stages first ended."""
        with self._lock:
            return dict(self._seconds)

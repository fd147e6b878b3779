"""How local workers hold their memory."""

from collections.abc import Iterator
from contextlib import contextmanager

ENVIRONMENT = "distributed.nanny.pre-spawn-environ"
THRESHOLDS = {"MALLOC_MMAP_THRESHOLD_": 1 << 25, "MALLOC_TRIM_THRESHOLD_": 1 << 28}
"""Of the C library of Linux [bytes]: arrays up to 32 MB come from the heap, of which 256 MB may lie idle."""


@contextmanager
def roomy_heaps() -> Iterator[None]:
    """Let local workers that begin within the block keep the memory of arrays that come and go.

    dask has them give it back at once, which doubled the time of sums over windows: each window is then paged in anew.
    """
    try:
        import dask
        import distributed  # noqa: F401 - its defaults first
    except ImportError:  # who connects says so
        yield
        return
    with dask.config.set({f"{ENVIRONMENT}.{name}": size for name, size in THRESHOLDS.items()}):
        yield

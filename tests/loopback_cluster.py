"""A scheduler with workers on this machine, which is reached by its address."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Client, LocalCluster


@contextmanager
def loopback_cluster(workers: int) -> Iterator["Client"]:
    """A client of workers of one thread; its scheduler asks for no certificates."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},  # the usual port may be taken
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def one_thread(**options: object) -> Iterator["LocalCluster"]:
    """A scheduler with one worker, of one thread of this process: there in no time, and easily lost."""
    from distributed import LocalCluster

    pages = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    place = {"protocol": "tcp://", "host": "127.0.0.1", "dashboard_address": None, "scheduler_kwargs": pages}
    given = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "silence_logs": logging.CRITICAL, **place}
    with LocalCluster(**given | options) as cluster:
        yield cluster

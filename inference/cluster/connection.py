"""How a cluster is named and reached: a scheduler's address, a number of local workers, or a client that is there."""

import ipaddress
import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pitscape.imagery.errors import InputError, PitscapeError
from pitscape.inference.cluster import local_worker
from pitscape.inference.cluster.workers import Tell, threads_of

if TYPE_CHECKING:
    from distributed import Client

CONNECT_S = 20
LOCAL = re.compile(r"local:(\d+)")
LOUD = ("distributed", "tornado")
SILENT = logging.CRITICAL + 1
CALM = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
}
"""Local workers that do not watch themselves for a dashboard that is not there: 0.7 % of a core, where it was 3 %."""


ROOMY = {
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 1 << 25,
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 1 << 28,
}
"""Of the C library of Linux [bytes]: arrays up to 32 MB come from the heap, of which 256 MB may lie idle. dask has workers give it
back at once, which doubled the time of sums over windows. Not where a worker's memory is limited closely."""


@contextmanager
def connected(
    cluster: "str | Client", *, memory_mb: float | None = None, tell: Tell | None = None
) -> Iterator["Client"]:
    """A client of a cluster, closed at the end unless it was given.

    A scheduler runs whatever code it is sent. Without TLS only one that this machine alone can reach is spoken to.

    Args:
        cluster: ``tcp://HOST:PORT`` of a scheduler on this machine, ``tls://HOST:PORT`` of any (certificates as dask's
            configuration ``distributed.comm.tls`` names them), ``local:N`` for N processes here, or a client.
        memory_mb: At which a local worker is stopped and begun anew [MB]; None: dask's share of the machine.
        tell: Told where the scheduler has no workers yet; the first is then waited for, without end.

    Raises:
        InputError: If it is no such name, the address or the scheduler is an open one, or dask.distributed is not installed.
        PitscapeError: If no scheduler answers there.
    """
    if not isinstance(cluster, str):
        yield cluster
        return
    check_cluster(cluster)
    local = LOCAL.fullmatch(cluster)
    with _quiet(), _local(int(local[1]), memory_mb) if local else _remote(cluster) as client:
        if tell:
            threads_of(client, tell, patience_s=math.inf)
        yield client


def check_cluster(name: str) -> None:
    """Refuse what ``connected`` would without asking anyone, so that nothing is begun for it.

    Raises:
        InputError: If it is no name of a cluster, the address is an open one, or dask.distributed is not installed.
    """
    local = LOCAL.fullmatch(name)
    if not local:
        check_address(name)
    elif int(local[1]) < 1:
        raise InputError(f"--cluster {name}: give local:N with at least one worker.")
    if find_spec("distributed") is None:
        raise InputError(f"--cluster {name}: needs pip install 'pitscape[cluster]'.")


@contextmanager
def _local(workers: int, memory_mb: float | None) -> Iterator["Client"]:
    import dask
    from distributed import Client, LocalCluster
    from distributed.security import Security

    limit = "auto" if memory_mb is None else int(memory_mb * (1 << 20))
    pages = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}  # else on a port that another may have
    with dask.config.set(CALM | (ROOMY if memory_mb is None else {})):
        try:
            here = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=limit,
                host="127.0.0.1",
                dashboard_address=None,
                security=Security.temporary(),  # else it runs the code of other users of this machine
                protocol="tls://",
                scheduler_kwargs=pages,
                silence_logs=SILENT,
                preload=[local_worker.__name__],
            )
        except (OSError, RuntimeError) as error:
            raise PitscapeError(f"--cluster local:{workers}: workers did not start: {_line(error)}") from error
        with here, Client(here) as client:
            yield client


@contextmanager
def _remote(address: str) -> Iterator["Client"]:
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT_S)
    except TypeError as error:  # where no certificates are named
        raise InputError(
            f"--cluster {address}: needs certificates; name them in dask's configuration (docs/howto/cluster.md)."
        ) from error
    except (OSError, ValueError, TimeoutError, RuntimeError) as error:
        raise PitscapeError(f"--cluster {address}: no scheduler was reached there: {_line(error)}") from error
    with client:
        if urlsplit(address).scheme == "tcp":
            _check_closed(client, address)
        yield client


def _check_closed(client: "Client", address: str) -> None:
    """Refuse a scheduler without TLS that other machines reach, as dask's does unless it is told otherwise."""
    places: list[str] = client.run_on_scheduler(
        lambda dask_scheduler: [listener.listen_address for listener in dask_scheduler.listeners]
    )
    for place in places:
        if not _is_loopback(urlsplit(place).hostname or ""):
            raise InputError(
                f"--cluster {address}: its scheduler listens at {place}, where others reach it and it runs anyone's code; start "
                "it with --host 127.0.0.1, or give tls:// with certificates."
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """Let what happens be said in one line of ours, not in many of the libraries'."""
    import distributed  # noqa: F401 - its loggers have levels of their own once they are there

    names = {*LOUD, *(name for name in logging.root.manager.loggerDict if name.split(".")[0] in LOUD)}
    loggers = [(logger, logger.level) for logger in map(logging.getLogger, names)]
    for logger, _ in loggers:
        logger.setLevel(SILENT)
    try:
        yield
    finally:
        for logger, level in loggers:
            logger.setLevel(level)


def check_address(address: str) -> None:
    """Refuse what is no scheduler's address, and an unencrypted one of another machine.

    Raises:
        InputError: Naming it.

    >>> check_address("tcp://127.0.0.1:8786"), check_address("tls://scheduler.example:8786")
    (None, None)
    """
    try:
        found = urlsplit(address)
        scheme, host, _ = found.scheme, found.hostname, found.port
    except ValueError:  # brackets or a port that are none
        scheme, host = "", None
    if scheme not in {"tcp", "tls"} or not host:
        raise InputError(f"--cluster {address}: give tcp://HOST:PORT, tls://HOST:PORT or local:N.")
    if scheme == "tcp" and not _is_loopback(host):
        raise InputError(
            f"--cluster {address}: a scheduler runs anyone's code; give tls:// with certificates, or one on this machine."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__

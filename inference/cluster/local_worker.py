"""What workers of ``local:N`` do when they start."""

import signal


def dask_setup(_worker: object) -> None:
    """Leave Ctrl-C, which a terminal sends to all of its processes, to the client: it ends the run, and the workers with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

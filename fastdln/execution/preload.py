"""Preloaded by the processes of a local cluster: Ctrl-C on the terminal reaches them too, and is the driver's to answer."""

from __future__ import annotations

import signal


def dask_setup(worker: object) -> None:
    """Dask's hook, called in the process's main thread when its worker starts."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

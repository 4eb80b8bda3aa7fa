"""What forked workers share: memory, which they return, and signals that arrive while they fork.

The functions of glibc are skipped where another C library lacks them.
"""

import ctypes
import gc
import os
import signal
from contextlib import suppress
from functools import partial
from threading import Thread
from time import sleep

M_ARENA_MAX = -8  # malloc.h
# An answer of all communes leaves 20 MB free in the process; returning it takes 2 ms.
TRIM_EVERY_S = 10.0
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def use_one_heap() -> None:
    """Let all threads allocate from one heap; must be called before the first thread starts.

    By default each thread of a worker keeps the memory that its largest answer needed.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def freeze() -> None:
    """Prepare the memory of this process for being shared by workers that it forks.

    Otherwise the first garbage collection of each worker would copy all of it. What is garbage now
    stays: to find it takes a tenth of the start, and it is some thousand small objects.
    """
    gc.freeze()
    gc.enable()
    trim()


def trim() -> None:
    """Return free memory to the system."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def start_trimming() -> None:
    """Start a thread that returns free memory again and again."""

    def run() -> None:
        while True:
            sleep(TRIM_EVERY_S)
            trim()

    Thread(target=run, name="trimming", daemon=True).start()


def let_forked_processes_end() -> None:
    """Let these signals end processes that this one forks from now on, from their first moment.

    gunicorn's worker has the handlers of its master until it has its own: a signal in between would
    enter the master's queue in the worker, which nobody reads there, and a stop would take the
    graceful timeout.
    """
    mask = partial(signal.pthread_sigmask, mask=ENDING)
    os.register_at_fork(
        before=partial(mask, signal.SIG_BLOCK),
        after_in_parent=partial(mask, signal.SIG_UNBLOCK),
        after_in_child=_reset,
    )


def _reset() -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

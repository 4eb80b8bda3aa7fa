"""Signals that arrive while a process forks."""

import os
import signal
from functools import partial

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


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

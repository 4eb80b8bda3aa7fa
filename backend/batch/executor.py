"""Distribute long work over processes of this machine; `cluster.py` does over other machines.

A use case divides its work into independent parts and reads their results in order, so that the
outcome does not depend on the number of processes. Small work runs in this process.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, Self, TypeVar

from flask import Flask, current_app

from backend.database.extensions import db

Part = TypeVar("Part")
Result = TypeVar("Result")
Item = TypeVar("Item")

# Seconds that a process waits for its first connection: no phone waits for its answer, and the
# processors are busy.
CONNECTION_WAIT_S = 60.0


class Executor:
    """Runs the parts of long work in this process, or in several processes of this machine.

    They are forked when it is entered, while this process has no other threads yet.
    """

    # Whether a part ran again because its worker was lost: what the first run had committed is in
    # no result.
    repeated = False

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self._processes: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self.workers > 1:
            self._processes = _fork(self.workers)
        return self

    def __exit__(self, *error: object) -> None:
        if self._processes is not None:
            self._processes.shutdown(cancel_futures=True)
            self._processes = None

    def map(self, work: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Run each part; return an iterator of the results in the order of the parts.

        Processes begin at once, also with a single part; this process runs a part when its result
        is wanted.
        """
        if self._processes is not None:
            return self._processes.map(_in_context, [work] * len(parts), parts)
        return map(work, parts)


SERIAL = Executor()


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield slices of a size; the last one may be shorter."""
    return (items[first : first + size] for first in range(0, len(items), size))


def _fork(workers: int) -> ProcessPoolExecutor:
    """Fork processes: they need not import the application, and share its memory."""
    db.session.remove()
    db.engine.dispose()  # processes cannot share a connection
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    processes = ProcessPoolExecutor(workers, get_context("fork"), _begin, (app,))
    processes.submit(os.getpid)  # the first part forks all of them
    return processes


_forked_application: Flask | None = None


def _begin(app: Flask) -> None:
    """Prepare a forked process: it ends with its parent."""
    global _forked_application
    _forked_application = app
    prepare_worker(app)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    Thread(target=_end_with_parent, name="parent", daemon=True).start()


def prepare_worker(app: Flask) -> None:
    """Let a process that runs parts wait for connections, and Arrow use no further threads.

    One worker for each processor is enough.
    """
    app.extensions["connections"].wait_s = CONNECTION_WAIT_S
    os.environ.update(OMP_NUM_THREADS="1", ARROW_IO_THREADS="1")  # read when it is imported
    if pyarrow := sys.modules.get("pyarrow"):
        pyarrow.set_cpu_count(1)
        pyarrow.set_io_thread_count(1)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_context(work: Callable[[Any], Any], part: Any) -> Any:
    """Run a part in a forked process."""
    assert _forked_application is not None
    with _forked_application.app_context():
        return work(part)

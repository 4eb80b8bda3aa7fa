"""Distribute long work over processes of this machine, or over other machines by Dask.

A use case divides its work into independent parts and reads their results in order, so that the
outcome does not depend on the number of processes. Small work runs in this process.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import lru_cache
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from flask import Flask, current_app

from backend.database.extensions import db

if TYPE_CHECKING:
    from distributed import Client, Future, Security

Part = TypeVar("Part")
Result = TypeVar("Result")
Item = TypeVar("Item")

# For a scheduler on another machine, in VAR_DIR: certificates of its authority and of this machine,
# and the key of the latter.
CERTIFICATES = Path("batch/ca.pem"), Path("batch/cert.pem"), Path("batch/key.pem")
# A running scheduler answers at once; a wrong address should fail soon.
MAX_ANSWER_S = 10
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SchedulerError(ValueError):
    """A scheduler cannot be used; the message says what to set."""


class Executor:
    """Runs the parts of long work in this process, in processes of this machine or on a cluster.

    The processes are forked when it is entered, while this process has no other threads yet. A
    cluster is connected to when it is needed.
    """

    def __init__(self, workers: int = 1, scheduler: str | None = None) -> None:
        self.workers, self.scheduler = workers, scheduler
        self._open = ExitStack()
        self._processes: ProcessPoolExecutor | None = None
        self._client: Client | None = None

    def __enter__(self) -> Self:
        if self.scheduler is None and self.workers > 1:
            self._processes = _fork(self.workers)
            self._open.callback(self._processes.shutdown, cancel_futures=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
        self._processes = self._client = None

    def map(self, work: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Run each part; return an iterator of the results in the order of the parts.

        Processes begin at once, also with a single part; this process runs a part when its result
        is wanted.
        """
        if self.scheduler is not None:
            # pure=False: repeated parts are run again.
            args = [work] * len(parts), parts
            return _results(self._cluster().map(_in_application, *args, pure=False))
        if self._processes is not None:
            return self._processes.map(_in_context, [work] * len(parts), parts)
        return map(work, parts)

    def _cluster(self) -> "Client":
        if self._client is None:
            from distributed import Client

            assert self.scheduler is not None
            try:
                client = Client(
                    self.scheduler,
                    security=security_of(self.scheduler, current_app.config["VAR_DIR"]),
                    set_as_default=False,
                    timeout=MAX_ANSWER_S,
                )
            except OSError as error:
                raise SchedulerError(f"{self.scheduler} does not answer: {error}") from error
            self._client = self._open.enter_context(client)
        return self._client


SERIAL = Executor()


def _results(futures: "list[Future[Result]]") -> Iterator[Result]:
    while futures:
        yield futures.pop(0).result()


def batched(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield slices of a size; the last one may be shorter."""
    return (items[first : first + size] for first in range(0, len(items), size))


def security_of(scheduler: str, var_dir: Path) -> "Security | None":
    """Return the certificates for a scheduler; SchedulerError for one without authentication.

    A scheduler executes pickles: access to it is access to its workers.
    """
    from distributed import Security

    address = urlsplit(scheduler)
    if address.scheme == "tcp" and address.hostname in LOOPBACK:
        return None
    paths = [var_dir / file for file in CERTIFICATES]
    if address.scheme != "tls" or not all(path.is_file() for path in paths):
        raise SchedulerError(
            f"{scheduler} is not used: access to a scheduler runs programs on its workers. "
            f"Start it with certificates, name it tls://…, and put {', '.join(map(str, paths))} "
            "in place."
        )
    ca, certificate, key = map(str, paths)
    return Security(
        require_encryption=True, tls_ca_file=ca, tls_client_cert=certificate, tls_client_key=key
    )


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
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    _use_one_thread()
    Thread(target=_end_with_parent, name="parent", daemon=True).start()


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


def _in_application(work: Callable[[Any], Any], part: Any) -> Any:
    """Run a part in a worker of a cluster, within an application by the worker's settings."""
    with _application().app_context():
        return work(part)


@lru_cache(1)
def _application() -> Flask:
    from werkzeug.utils import import_string

    _use_one_thread()
    app: Flask = import_string("wsgi:app")  # by name: the application imports this package
    return app


def _use_one_thread() -> None:
    """Let Arrow use no further threads: one worker for each processor is enough."""
    os.environ.update(OMP_NUM_THREADS="1", ARROW_IO_THREADS="1")  # read when it is imported
    if pyarrow := sys.modules.get("pyarrow"):
        pyarrow.set_cpu_count(1)
        pyarrow.set_io_thread_count(1)

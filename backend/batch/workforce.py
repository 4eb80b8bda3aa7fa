"""Distribute long work over processes of this or other machines by Dask.

A use case divides its work into independent parts and reads their results in order, so that the
outcome does not depend on the number of processes. Small work runs in this process.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from flask import Flask, current_app

if TYPE_CHECKING:
    from distributed import Client, LocalCluster, Security

Part = TypeVar("Part")
Result = TypeVar("Result")
Item = TypeVar("Item")

# Settings with the certificates for a scheduler on another machine.
CERTIFICATES = ("BATCH_TLS_CA", "BATCH_TLS_CERT", "BATCH_TLS_KEY")
# A running scheduler answers at once; a wrong address should fail soon.
ANSWER_MOST_S = 10
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class SchedulerError(ValueError):
    """A scheduler cannot be used; the message says what to set."""


class Workforce:
    """Runs the parts of long work in this process, or on a cluster that is opened when needed."""

    def __init__(self, workers: int = 1, scheduler: str | None = None) -> None:
        self.workers, self.scheduler = workers, scheduler
        self._open = ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
        self._client = None

    def each(self, work: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Run each part; yield the results in the order of the parts."""
        if self.scheduler is None and min(self.workers, len(parts)) <= 1:
            yield from map(work, parts)
            return
        # pure=False: repeated parts are run again.
        futures = self._cluster().map(_in_application, [work] * len(parts), parts, pure=False)
        while futures:
            yield futures.pop(0).result()

    def _cluster(self) -> "Client":
        if self._client is None:
            from distributed import Client

            if self.scheduler is None:
                address: Any = self._open.enter_context(_local_cluster(self.workers))
                security = address.security
            else:
                address = self.scheduler
                security = security_of(address, current_app.config)
            try:
                client = Client(
                    address, security=security, set_as_default=False, timeout=ANSWER_MOST_S
                )
            except OSError as error:
                raise SchedulerError(f"{address} does not answer: {error}") from error
            self._client = self._open.enter_context(client)
        return self._client


ALONE = Workforce()


def sliced(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield slices of a size; the last one may be shorter."""
    return (items[first : first + size] for first in range(0, len(items), size))


def security_of(scheduler: str, config: Any) -> "Security | None":
    """Return the certificates for a scheduler; SchedulerError for one without authentication.

    A scheduler executes pickles: access to it is access to its workers.
    """
    from distributed import Security

    address = urlsplit(scheduler)
    if address.scheme == "tcp" and address.hostname in LOOPBACK:
        return None
    missing = [name for name in CERTIFICATES if not config[name]]
    if address.scheme != "tls" or missing:
        raise SchedulerError(
            f"{scheduler} is not used: access to a scheduler runs programs on its workers. "
            f"Start it with certificates and name it tls://…; set {', '.join(CERTIFICATES)}."
        )
    ca, certificate, key = (str(config[name]) for name in CERTIFICATES)
    return Security(
        require_encryption=True, tls_ca_file=ca, tls_client_cert=certificate, tls_client_key=key
    )


def _local_cluster(workers: int) -> "LocalCluster":
    """Start a cluster of single-threaded processes with temporary certificates.

    Other users of the machine can reach its ports: the pages of the scheduler are disabled.
    """
    import dask
    from distributed import LocalCluster, Security

    settings = {
        "distributed.scheduler.http.routes": [],
        # Parts queued for each thread, so that it never waits for the scheduler.
        "distributed.scheduler.worker-saturation": 4.0,
        "distributed.worker.profile.enabled": False,  # it interrupts the work every 10 ms
        # Without Dask's own variables, which release memory after each part: allocating it again in
        # two workers at once takes longer than the work.
        "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1},
    }
    with dask.config.set(settings):
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            protocol="tls",
            security=Security.temporary(),
            dashboard_address="127.0.0.1:0",
            memory_limit=None,  # parts are small; pausing workers gains nothing
            silence_logs=logging.ERROR,  # without warnings of slow shutdowns
        )


def _in_application(work: Callable[[Any], Any], part: Any) -> Any:
    """Run a part in a worker, within an application by the worker's settings."""
    with _application().app_context():
        return work(part)


@lru_cache(1)
def _application() -> Flask:
    import pyarrow
    from werkzeug.utils import import_string

    # One worker for each processor: further threads would compete.
    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    app: Flask = import_string("wsgi:app")  # by name: the application imports this package
    return app

"""Spread long work over processes, on this machine or on many, with Dask; small work needs none.

A use case cuts its work into parts that do not depend on each other and takes their results in
order, so that it does and tells the same whoever does the parts.
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

# Settings that name what a scheduler of other machines is trusted by.
CERTIFICATES = ("BATCH_TLS_CA", "BATCH_TLS_CERT", "BATCH_TLS_KEY")
# A scheduler that is there answers at once; whoever typed a wrong address should not wait long.
ANSWER_MOST_S = 10
HERE = ("localhost", "127.0.0.1", "::1")


class SchedulerError(ValueError):
    """Why a scheduler is not used; the message says what to set."""


class Workforce:
    """Who does the parts of long work: this process, or a cluster that is opened when needed."""

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
        """Do each part; the results in the order of the parts."""
        if self.scheduler is None and min(self.workers, len(parts)) <= 1:
            yield from map(work, parts)
            return
        # Not by their values: what is done again is done again.
        futures = self._crew().map(_in_application, [work] * len(parts), parts, pure=False)
        while futures:
            yield futures.pop(0).result()

    def _crew(self) -> "Client":
        if self._client is None:
            from distributed import Client

            if self.scheduler is None:
                address: Any = self._open.enter_context(_of_this_machine(self.workers))
                security = address.security
            else:
                address = self.scheduler
                security = trusted(address, current_app.config)
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
    """Items in runs of a size, the last one shorter."""
    return (items[first : first + size] for first in range(0, len(items), size))


def trusted(scheduler: str, config: Any) -> "Security | None":
    """The certificates that a scheduler is met with; one that lets everybody in is refused.

    Whoever reaches a scheduler can run what they like on its workers: it executes pickles.
    """
    from distributed import Security

    address = urlsplit(scheduler)
    if address.scheme == "tcp" and address.hostname in HERE:
        return None
    missing = [name for name in CERTIFICATES if not config[name]]
    if address.scheme != "tls" or missing:
        raise SchedulerError(
            f"{scheduler} is not used: whoever reaches a scheduler runs programs on its workers. "
            f"Start it with certificates and name it tls://…; set {', '.join(CERTIFICATES)}."
        )
    ca, certificate, key = (str(config[name]) for name in CERTIFICATES)
    return Security(
        require_encryption=True,
        tls_ca_file=ca,
        tls_client_cert=certificate,
        tls_client_key=key,
    )


def _of_this_machine(workers: int) -> "LocalCluster":
    """Processes of one thread, under certificates that are made for this run and kept in memory.

    Other users of the machine reach its ports too: that of the scheduler's pages tells nothing.
    """
    import dask
    from distributed import LocalCluster, Security

    settings = {
        "distributed.scheduler.http.routes": [],
        # Of a thread: it has its next parts at hand, and never waits for the scheduler.
        "distributed.scheduler.worker-saturation": 4.0,
        "distributed.worker.profile.enabled": False,  # it stops the work every 10 ms
        # Not Dask's own, which gives memory back after each part: getting it again takes longer
        # than the part's work where two workers ask for it at once.
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
            memory_limit=None,  # parts are small; pausing a worker would only make it wait
            silence_logs=logging.ERROR,  # a worker that takes its time to end is no news
        )


def _in_application(work: Callable[[Any], Any], part: Any) -> Any:
    """Do a part in a worker, with the application that the worker's own settings make."""
    with _application().app_context():
        return work(part)


@lru_cache(1)
def _application() -> Flask:
    import pyarrow
    from werkzeug.utils import import_string

    # A worker is one thread: with as many as there are processors, each would keep all others busy.
    pyarrow.set_cpu_count(1)
    pyarrow.set_io_thread_count(1)
    app: Flask = import_string("wsgi:app")  # by name: this package is below the application
    return app

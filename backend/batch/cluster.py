"""Run the parts of long work on the workers of a Dask cluster.

Dask is an extra (requirements-cluster.txt) and imported where it is used: nothing else needs it.
"""

import hashlib
import hmac
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypedDict
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from backend.batch.executor import Executor, Part, Result, prepare_worker
from backend.database.extensions import db, setting

if TYPE_CHECKING:
    from distributed import Client, Future, Security

# A scheduler that runs answers at once; a wrong address should fail soon.
ANSWER_S = 10
# Workers that were just started import the application first.
WORKER_S = 30
# Parts sent ahead for each thread: a worker never waits for the next one, and little is repeated
# where a worker is lost.
PARTS_A_THREAD = 3

ROOT = Path(__file__).parents[2]
SOURCES = ("backend", "config", "geo")
INSTALL = ".venv/bin/python -m pip install --require-hashes --no-deps -r requirements-cluster.txt"
# Two databases differ in it, also if one was restored from the other's dump.
DATABASE = text("""
    select system_identifier || '/' || current_database() from pg_control_system()
""")


class ClusterError(Exception):
    """A cluster or one of its workers cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What a worker must have in common with the command, as digests."""

    code: str  # modules and locked packages
    secret_key: str  # keyed with it
    database: str  # keyed with SECRET_KEY too

    def difference(self, other: "Installation") -> str | None:
        """Return what the other one has instead of the same; None where all agree."""
        if other.code != self.code:
            return "other code"
        if other.secret_key != self.secret_key:
            return "another SECRET_KEY"
        return "another database" if other.database != self.database else None


WorkerEvent = TypedDict(
    "WorkerEvent",
    {
        "action": str,
        "processing-tasks": Sequence[str],  # keys of parts that the worker had, run or not
        "lost-computed-tasks": Sequence[str],  # their results were not fetched yet
    },
)


class Cluster(Executor):
    """Runs the parts of long work on the workers of a Dask scheduler."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self._key = f"part-{uuid4().hex}"
        self._client: Client | None = None

    def __enter__(self) -> Self:
        check_address(self.address)
        check_database(setting("DATABASE_URL"))
        self._installation = this_installation()
        self._client = _connect(self.address)
        self._client.subscribe_topic("all", self._note_loss)
        return self

    def __exit__(self, *error: object) -> None:
        if self._client is not None:
            self._client.unsubscribe_topic("all")
            self._client.close()
            self._client = None

    def map(self, work: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Run each part; return an iterator of the results in the order of the parts.

        The first parts are sent at once, further ones as results are taken.
        """
        pending = iter(parts)
        in_flight: deque[Future[Result]] = deque()
        self._fill(in_flight, work, pending)
        return self._results(in_flight, work, pending)

    def _results(
        self,
        in_flight: "deque[Future[Result]]",
        work: Callable[[Part], Result],
        pending: Iterator[Part],
    ) -> Iterator[Result]:
        while in_flight:
            with cluster_errors(self.address):
                result: Result = in_flight.popleft().result()
            self._fill(in_flight, work, pending)
            yield result

    def _fill(
        self,
        in_flight: "deque[Future[Result]]",
        work: Callable[[Part], Result],
        pending: Iterator[Part],
    ) -> None:
        """Send parts to the scheduler, for all threads that there are now."""
        assert self._client is not None
        from distributed.protocol.pickle import dumps

        wanted = max(1, PARTS_A_THREAD * sum(self._client.nthreads().values()))
        for part in islice(pending, max(0, wanted - len(in_flight))):
            key, packed = f"{self._key}-{uuid4().hex}", dumps((work, part))
            sent = self._client.submit(run_part, self._installation, packed, key=key)
            in_flight.append(sent)

    def _note_loss(self, event: tuple[float, WorkerEvent]) -> None:
        """Note that parts run again, because a worker was lost that had them."""
        _, told = event
        if told.get("action") == "remove-worker":
            lost = (*told["processing-tasks"], *told["lost-computed-tasks"])
            self.repeated |= any(key.startswith(self._key) for key in lost)


@contextmanager
def cluster_errors(address: str) -> Iterator[None]:
    """Turn Dask's errors into ClusterError; those of a part itself stay as they are."""
    from distributed import CancelledError, KilledWorker

    try:
        yield
    except CancelledError:
        raise ClusterError(
            f"{address} stopped answering. What was done stays: run the command again."
        ) from None
    except KilledWorker as error:
        raise ClusterError(
            f"A part was given up: {error.allowed_failures + 1} workers were lost with it. "
            "See their logs, then run the command again."
        ) from None
    except RuntimeError as error:
        if "deserialization of the task graph" not in str(error):
            raise
        raise ClusterError(
            f"The scheduler {address} does not find the program: start it in its folder."
        ) from None


def check_address(address: str) -> None:
    """Raise ClusterError for what is no address, and for one that everybody on its way can use."""
    parts = urlsplit(address)
    try:
        complete = parts.scheme in ("tcp", "tls") and parts.hostname and parts.port
    except ValueError:  # of the port
        complete = False
    if not complete:
        raise ClusterError(f"{address} is no address of a scheduler, such as tls://10.0.0.5:8786.")
    if parts.scheme == "tcp" and not _is_loopback(str(parts.hostname)):
        raise ClusterError(
            f"{address} is refused: without TLS, all who reach a scheduler run programs on its "
            "workers. Use tls:// with certificates (docs/batch.md), or tcp:// on this machine."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_database(address: str) -> None:
    """Raise ClusterError for a database that other machines cannot reach."""
    database = make_url(address)
    if not database.host or database.host.startswith("/"):
        raise ClusterError(
            "The database is reached by a socket of this machine: workers need a DATABASE_URL with "
            "a host. The embedded database has none; use --workers with it."
        )


def this_installation() -> Installation:
    """Return the digests of this program and of its settings; ClusterError without a database."""
    key = setting("SECRET_KEY").encode()
    try:
        database = db.session.execute(DATABASE).scalar_one()
        db.session.rollback()
    except DBAPIError:
        raise ClusterError("the database of its DATABASE_URL does not answer") from None

    def digest(content: str) -> str:
        return hmac.digest(key, f"cluster|{content}".encode(), "sha256").hex()

    return Installation(code_digest(), digest(""), digest(database))


@lru_cache(1)
def code_digest() -> str:
    """Return the digest of the program's modules and of the lock of its packages."""
    files = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]
    digest = hashlib.sha256()
    for path in sorted([*files, ROOT / "wsgi.py", ROOT / "requirements.txt"]):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(ROOT)} {content}\n".encode())
    return digest.hexdigest()


def _connect(address: str) -> "Client":
    """Return a client whose scheduler has a worker; ClusterError where there is none."""
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise ClusterError(f"Dask is not installed. Type: {INSTALL}") from None
    security = _security(address)
    try:
        client = Client(address, security=security, set_as_default=False, timeout=ANSWER_S)
    except OSError as error:
        raise ClusterError(
            f"{address} does not answer as a scheduler with these certificates would: {error}"
        ) from None
    try:
        client.wait_for_workers(1, timeout=WORKER_S)
    except TimeoutError:
        client.close()
        raise ClusterError(f"The scheduler {address} has no worker: start one.") from None
    return client


def _security(address: str) -> "Security":
    """Return Dask's own settings of TLS; ClusterError for `tls://` without certificates."""
    from distributed import Security

    try:
        security = Security()
        context = security.get_connection_args("client")["ssl_context"]
    except (OSError, ValueError) as error:
        raise ClusterError(f"Dask's certificates cannot be read: {error}") from None
    if address.startswith("tls:") and context is None:
        raise ClusterError(
            f"{address} needs certificates: set distributed.comm.tls.ca-file, client.cert and "
            "client.key in Dask's configuration (docs/batch.md)."
        )
    return security


def run_part(wanted: Installation, packed: bytes) -> object:
    """Run a part in a worker; ClusterError where the worker is not like the command.

    The part is unpacked after that, since other code may not be able to.
    """
    from distributed import get_worker
    from distributed.protocol.pickle import loads

    with _application().app_context():
        try:
            difference = wanted.difference(this_installation())
        except ClusterError as error:
            raise ClusterError(f"The worker {get_worker().address} is refused: {error}.") from None
        if difference:
            raise ClusterError(
                f"The worker {get_worker().address} is refused: it has {difference} than this "
                "command. Nothing ran there."
            )
        work, part = loads(packed)
        result: object = work(part)
        return result


@lru_cache(1)
def _application() -> Flask:
    """Return the worker's application, which `--preload wsgi` has made already."""
    from werkzeug.utils import import_string

    app: Flask = import_string("wsgi:app")  # by name: the application imports this package
    prepare_worker(app)
    return app

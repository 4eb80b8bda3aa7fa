"""A server with its own database, several weeks of samples, and a proxy."""

import random
import subprocess
import time
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Self

from sqlalchemy import Engine, NullPool, create_engine

from backend.server.postgres.embedded import EmbeddedPostgres
from tests.tools.fault_injection.proxy import Proxy
from tests.tools.phone_simulator.client import Client
from tests.tools.phone_simulator.clock import Clock
from tests.tools.phone_simulator.own_server import ROOT, OwnServer
from tests.tools.phone_simulator.store import QUEUED, Store
from tests.tools.phone_simulator.sync import Sync
from tests.tools.phone_simulator.walk import Walk

# Enough for a job over all of them to take seconds, so that it can be killed half-way.
DEVICES, SAMPLES, APART = 60, 80, timedelta(hours=5)
STATISTICS = ("coverage", "refresh", "--all")
REASSIGN = ("measurements", "reassign")


class Site:
    """The system under test."""

    def __init__(self, folder: Path, below: Path | None = None) -> None:
        self.folder, self.disk = folder, below
        self.server = OwnServer(below, WEB_CONCURRENCY="2", REGISTRATIONS_PER_HOUR="100000")
        self._stack = ExitStack()
        self.job_s = 10.0  # duration of a job with its start

    def __enter__(self) -> Self:
        self._stack.enter_context(self.server)
        self.server.count_claims()
        self.proxy = self._stack.enter_context(Proxy(self.server.port))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def prepare(self) -> None:
        """Fill the database with samples of the last weeks, and measure how long a job takes."""
        for number in range(DEVICES):
            self._fill(random.Random(f"prepared {number}"), self.folder / f"filled-{number}.sqlite")
        began = time.monotonic()
        for job in (self.job(*STATISTICS), self.job(*REASSIGN)):
            if job.wait():
                raise RuntimeError(f"{job.args!r} ended with {job.returncode}")
        self.job_s = (time.monotonic() - began) / 2

    def job(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a flask command in its own process group, which can be killed."""
        return subprocess.Popen(
            [ROOT / "scripts" / "flask", *arguments],
            cwd=ROOT, env=self.server.environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def workers(self) -> list[int]:
        """Return the worker processes of gunicorn."""
        web = self.server.web_pid()
        with suppress(OSError):
            return [
                int(pid) for pid in Path(f"/proc/{web}/task/{web}/children").read_text().split()
            ]
        return []

    def database(self, owner: bool = False) -> Engine:
        """Return an engine for the database, without a pool."""
        postgres = EmbeddedPostgres(self.server.var)
        url = postgres.owner_url if owner else postgres.app_url
        return create_engine(url, poolclass=NullPool, isolation_level="REPEATABLE READ")

    def _fill(self, rng: random.Random, path: Path) -> None:
        clock, store = Clock(), Store(path)
        walk = Walk(rng, clock=clock)
        clock.jump(-APART * SAMPLES)
        for _ in range(SAMPLES):
            store.add(walk.measure())
            walk.move(600.0)
            clock.jump(APART)
        sync = Sync(Client(self.server.url, rng), store, rng, time.sleep)
        token = sync.register()
        while store.ids(QUEUED):
            sync.send_once(token)
        store.close()

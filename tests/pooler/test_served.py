"""A real server with PgBouncer before its database: run by scripts/test-pooler."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from backend.database.extensions import db
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.server.running.serve import answers
from tests.support.database import ROOT, application
from tests.support.factories import post, register, sample
from tests.support.pgbouncer import Pooler
from tests.tools.phone_simulator.team import Plan, run

pytestmark = [
    pytest.mark.pooler,
    pytest.mark.skipif("PGBOUNCER" not in os.environ, reason="scripts/test-pooler runs it"),
]
PHONES, MINUTES, READY_S = 8, 0.3, 60
STATEMENTS = 450


@pytest.fixture(scope="module")
def postgres_behind(
    prepared: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedPostgres]:
    """A database of these tests' own, since they end it."""
    var_dir = tmp_path_factory.mktemp("pooled")
    prepared(var_dir)
    with EmbeddedPostgres(var_dir, fsync=False) as running:
        yield running


@contextmanager
def served(postgres: EmbeddedPostgres, pooler: Pooler, log: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = {
        "DATABASE_URL": pooler.app_url, "DATABASE_OWNER_URL": postgres.owner_url,
        "VAR_DIR": str(postgres.var_dir), "PORT": str(port), "WEB_CONCURRENCY": "2",
    }  # fmt: skip
    command = [sys.executable, "-m", "backend.server.gunicorn"]
    with log.open("w") as out, subprocess.Popen(
        command, cwd=ROOT, env=os.environ | settings, stdout=out, stderr=out
    ) as web:  # fmt: skip
        deadline = time.monotonic() + READY_S
        while not answers(f"http://127.0.0.1:{port}"):
            assert web.poll() is None and time.monotonic() < deadline, log.read_text()[-2_000:]
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
        web.send_signal(signal.SIGTERM)


@contextmanager
def through(pooler: Pooler, **changes: bool) -> Iterator[Flask]:
    app = application(pooler.postgres, DATABASE_URL=pooler.app_url, **changes)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_phones_lose_nothing_while_pooler_and_database_start_anew(
    postgres_behind: EmbeddedPostgres, tmp_path: Path
) -> None:
    log = tmp_path / "web.log"
    with ExitStack() as poolers:
        first = poolers.enter_context(Pooler(postgres_behind, connections=3))
        with served(postgres_behind, first, log) as url:

            def disturb() -> None:
                time.sleep(MINUTES * 20)
                first.process.kill()
                first.process.wait()
                poolers.enter_context(Pooler(postgres_behind, connections=3))
                time.sleep(MINUTES * 20)
                postgres_behind.stop()
                postgres_behind.start()

            disturbing = threading.Thread(target=disturb)
            disturbing.start()
            plan = Plan(PHONES, MINUTES, 120.0, False, 1, tmp_path)
            tallies = run(plan, url, None, lambda words: None)
            disturbing.join()
        with through(first) as app:
            done = app.test_cli_runner().invoke(args=["measurements", "recount"])
    assert [one for one in tallies if not one.good or one.broken] == []
    assert sum(one.stored for one in tallies) > PHONES * 5
    assert done.exit_code == 0, done.output


def test_more_prepared_statements_than_a_connection_keeps(
    postgres_behind: EmbeddedPostgres,
) -> None:
    with Pooler(postgres_behind, connections=2, prepared=20) as pooler:
        address = pooler.app_url.replace("+psycopg", "")
        with ExitStack() as stack:
            lines = [stack.enter_context(psycopg.connect(address)) for _ in range(3)]
            # More than a hundred to a line, each often enough to be prepared.
            for number in range(STATEMENTS * 7):
                line, statement = lines[number % 3], f"select {number % STATEMENTS} + %s"
                assert line.execute(statement, [1]).fetchone() == (number % STATEMENTS + 1,)
                line.commit()


def test_a_pooler_that_knows_no_prepared_statements(postgres_behind: EmbeddedPostgres) -> None:
    with (
        Pooler(postgres_behind, connections=2, prepared=0) as pooler,
        through(pooler, DATABASE_PREPARED=False) as app,
    ):
        client = app.test_client()
        phone = register(client)
        outcomes = [post(client, phone, sample()).json["outcome"] for _ in range(12)]
    assert outcomes == ["accepted"] * 12

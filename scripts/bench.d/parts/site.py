"""A real database with fsync, gunicorn over it as serve starts it, and requests to it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import psycopg

from backend.server.postgres.embedded import PORT, EmbeddedPostgres
from backend.server.postgres.roles import SUPERUSER
from backend.server.running.serve import answers
from parts.load import Target
from parts.phones import new_teams

ROOT = Path(__file__).resolve().parents[3]
START_S = 300
# Of the built-in set that serves today.
UNITS = """
    select set_id, unit_id from boundaries join boundary_sets on boundary_sets.id = set_id
    where system = '2025' limit 500
"""
# Samples without tickets count: most loads post such ones.
CLAIMS_COUNT = """
    insert into counting_rules (counts_from, from_at, by, reason)
    values ('claimed', '1990-01-01', 'bench', 'Samples of benches have no tickets.')
"""


@contextmanager
def site(folder: Path, **settings: str) -> Iterator[tuple[Target, dict[str, str]]]:
    """Start everything; the environment is that of the server."""
    with EmbeddedPostgres(folder) as postgres:
        environment = {
            "VAR_DIR": str(folder),
            "DATABASE_URL": postgres.app_url,
            "DATABASE_OWNER_URL": postgres.owner_url,
            "PORT": str(free_port()),
            # The phones of a bench have one address and measure without a pause.
            "REGISTRATIONS_PER_HOUR": "1000000",
            "MEASUREMENTS_PER_HOUR": "1000000",
            **settings,
        }
        port = int(environment["PORT"])
        with (folder / "web.log").open("w") as log:
            web = subprocess.Popen(
                [sys.executable, "-m", "backend.server.gunicorn"],
                cwd=ROOT, env=os.environ | environment, stdout=log, stderr=log,
            )  # fmt: skip
            try:
                _wait(web, port, folder / "web.log")
                with psycopg.connect(postgres.owner_url.replace("+psycopg", "")) as connection:
                    connection.execute(CLAIMS_COUNT)
                yield _target(folder, postgres, port, web.pid), environment
            finally:
                web.send_signal(signal.SIGTERM)
                web.wait(60)


def _wait(web: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not answers(f"http://127.0.0.1:{port}"):
        if web.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"The server does not start:\n{log.read_text()[-2_000:]}")
        time.sleep(0.2)


def _target(folder: Path, postgres: EmbeddedPostgres, port: int, web: int) -> Target:
    database = postgres.app_url.replace("+psycopg", "")
    with psycopg.connect(database) as connection:
        found = connection.execute(UNITS).fetchall()
    codes = new_teams(postgres.owner_url.replace("+psycopg", ""))
    process = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
    units = tuple(unit for _, unit in found)
    return Target(database, port, str(folder), units, found[0][0], web, process, codes)


# Starts the site of a checkout, prints its target, and ends with its input.
SERVE = """
import json, sys, tempfile
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/scripts/bench.d"]
from parts.site import site
with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as (target, _):
    print(json.dumps(vars(target) | {"folder": folder}), flush=True)
    sys.stdin.read()
"""


@contextmanager
def site_of(checkout: Path) -> Iterator[Target]:
    """Start the same with the code of another checkout, which has a `.venv`."""
    process = subprocess.Popen(
        [checkout / ".venv/bin/python", "-c", SERVE, str(checkout)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=checkout,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        found = json.loads(process.stdout.readline())
        names = {field.name for field in fields(Target)}
        yield Target(**{name: value for name, value in found.items() if name in names})
    finally:
        process.communicate()


def superuser(folder: Path) -> psycopg.Connection:
    """Connect to the server's PostgreSQL as the role that may do everything."""
    server = EmbeddedPostgres(folder)
    return psycopg.connect(
        host=str(server.socket_dir), port=PORT, dbname="postgres", user=SUPERUSER,
        password=server.passwords.of(SUPERUSER), autocommit=True,
    )  # fmt: skip


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(port: int, path: str, token: str = "", sent: Any = None) -> tuple[bytes, float]:
    """Return the answer to a request and its seconds; an error ends the bench.

    A connection of its own gives every worker its share.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    connection.connect()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = None if sent is None else json.dumps(sent).encode()
    if body is not None:
        headers["Content-Type"] = "application/json"
    began = time.perf_counter()
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    took = time.perf_counter() - began
    connection.close()
    if answer.status not in (200, 201):
        raise SystemExit(f"{path} answered {answer.status}: {content[:500]!r}")
    return content, took

"""Services of other frameworks that store samples, run beside ours on the same PostgreSQL."""

import hashlib
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

from backend.server.postgres.embedded import PORT, EmbeddedPostgres
from backend.server.postgres.roles import OWNER, SUPERUSER
from backend.server.running.serve import answers
from parts.load import Target
from parts.site import START_S, free_port

PEERS = Path(__file__).resolve().parents[1] / "peers"
VENV = Path(__file__).resolve().parents[3] / "var" / "bench-peers"
LOCK = PEERS / "requirements.txt"
WORKERS, THREADS = 4, 4  # as ours has by default
GUNICORN = (
    *("-m", "gunicorn", "--preload", "--worker-class", "gthread", "--keep-alive", "75"),
    *("--workers", str(WORKERS), "--threads", str(THREADS), "--bind", "127.0.0.1:{port}"),
)
UVICORN = ("-m", "uvicorn", "--workers", "2", "--no-access-log", "--port", "{port}")
COMMANDS = {
    "FastAPI + asyncpg": (*UVICORN, "fastapi_peer:app"),
    "Django REST": (*GUNICORN, "django_peer:app"),
    "Flask + psycopg": (*GUNICORN, "flask_peer:app"),
}


@dataclass(frozen=True)
class Peer:
    """A running service."""

    name: str
    target: Target


def install() -> Path:
    """Make the environment of the peers, where the one that is there has other packages."""
    made, wanted = VENV / "made-of", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    python = VENV / "bin" / "python"
    if not made.exists() or made.read_text() != wanted:
        print("Installing the packages of the peers", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCK], check=True
        )
        made.write_text(wanted)
    return python


@contextmanager
def running(name: str, folder: Path, ours: Target) -> Iterator[Peer]:
    """Start a peer with a database of its own in the PostgreSQL of ours."""
    module = COMMANDS[name][-1].partition(":")[0]
    port = free_port()
    environment = {
        "DATABASE": _new_database(folder, module),
        "POLYGONS": str(_polygons(folder, ours)),
        "PYTHONPATH": str(PEERS),
    }
    words = [word.format(port=port) for word in COMMANDS[name]]
    log_path = folder / f"{module}.log"
    with log_path.open("w") as log:
        process = subprocess.Popen(
            [install(), *words], cwd=PEERS, env=os.environ | environment, stdout=log, stderr=log
        )
        try:
            _wait(process, port, log_path)
            yield Peer(name, replace(ours, port=port, web=process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not answers(f"http://127.0.0.1:{port}"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"A peer does not start:\n{log.read_text()[-2_000:]}")
        time.sleep(0.2)


def _new_database(folder: Path, name: str) -> str:
    """Create a database with the tables of a peer; its URL."""
    postgres = EmbeddedPostgres(folder)
    host, password = str(postgres.socket_dir), postgres.passwords.of(SUPERUSER)
    server = f"host={host} port={PORT} user={SUPERUSER} password={password} dbname=postgres"
    with psycopg.connect(server, autocommit=True) as connection:
        statement = "create database {} owner {} template template0"
        database, owner = sql.Identifier(name), sql.Identifier(OWNER)
        connection.execute(sql.SQL(statement).format(database, owner))
    found = urlsplit(postgres.owner_url)
    url = f"postgresql://{found.username}:{found.password}@/{name}?host={quote(host)}&port={PORT}"
    with psycopg.connect(url) as connection:
        connection.execute((PEERS / "schema.sql").read_text())
    return url


def _polygons(folder: Path, ours: Target) -> Path:
    """Write the polygons of the boundary set in which ours places samples."""
    path = folder / "polygons"
    if not path.exists():
        query = "select unit_id, geometry from boundaries where set_id = %s"
        with psycopg.connect(ours.database) as connection:
            rows = connection.execute(query, [ours.boundary_set]).fetchall()
        path.write_bytes(pickle.dumps([(unit, bytes(polygon)) for unit, polygon in rows]))
    return path

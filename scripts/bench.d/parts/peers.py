"""The service of `peers/`, run beside ours on the same PostgreSQL."""

import hashlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from backend.server.postgres.embedded import PORT, EmbeddedPostgres
from backend.server.postgres.roles import OWNER
from backend.witness.keys import host_key
from parts.load import Target
from parts.site import ROOT, START_S, free_port, superuser

PEERS = ROOT / "scripts/bench.d/peers"
VENV = ROOT / "var/bench-peers"
LOCK = PEERS / "requirements.txt"
UVICORN = ("-m", "uvicorn", "--workers", "2", "--no-access-log", "service:app", "--port")


@contextmanager
def peer(folder: Path, ours: Target) -> Iterator[Target]:
    """Start it with a database of its own in the PostgreSQL of ours."""
    python, port, log_path = _install(), free_port(), folder / "peer.log"
    database = _new_database(folder)
    key = host_key(folder).public_bytes.hex()
    environment = {
        "DATABASE": database, "POLYGONS": str(_polygons(folder, ours)),
        "HOST": str(uuid4()), "HOST_KEY": key,
    }  # fmt: skip
    with log_path.open("w") as log:
        process = subprocess.Popen(
            [python, *UVICORN, str(port)],
            cwd=PEERS, env=os.environ | environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _wait(process, port, log_path)
            yield replace(ours, port=port, web=process.pid, database=database, own=False)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _install() -> Path:
    """Make the environment of the service, where the one that is there has other packages."""
    made, wanted = VENV / "made-of", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    python = VENV / "bin/python"
    if not made.exists() or made.read_text() != wanted:
        print("Installing the packages of the service", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
        subprocess.run([*pip, "-r", LOCK], check=True)
        made.write_text(wanted)
    return python


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.2)
    raise SystemExit(f"The service does not start:\n{log.read_text()[-2_000:]}")


def _new_database(folder: Path) -> str:
    """Create a database with the tables of the service; its URL."""
    postgres = EmbeddedPostgres(folder)
    with superuser(folder) as connection:
        statement = "create database peer owner {} template template0"
        connection.execute(sql.SQL(statement).format(sql.Identifier(OWNER)))
    found = urlsplit(postgres.owner_url)
    url = f"postgresql://{found.username}:{found.password}@/peer?host={quote(str(postgres.socket_dir))}&port={PORT}"
    with psycopg.connect(url) as connection:
        connection.execute((PEERS / "schema.sql").read_text())
    return url


def _polygons(folder: Path, ours: Target) -> Path:
    """Write the polygons of the boundary set in which ours places samples."""
    path = folder / "polygons"
    query = """
        select unit_id, code, geometry from boundaries join units on units.id = unit_id
        where set_id = %s order by code
    """
    with psycopg.connect(ours.database) as connection:
        rows = connection.execute(query, [ours.boundary_set]).fetchall()
    path.write_bytes(pickle.dumps([(unit, code, bytes(polygon)) for unit, code, polygon in rows]))
    return path

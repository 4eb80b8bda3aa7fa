"""Locks of a machine that vanishes: its sessions end by keepalives, not by Linux's two hours."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.machines import listening_server, machines

ROOT = Path(__file__).parents[3]
# One lock in a transaction of the session, one in a statement of the autocommit pool.
HOLDER = """
import sys, time
from wsgi import app
from sqlalchemy import text
from backend.database.extensions import db, extension

with app.app_context(), extension("connections").connection() as connection:
    db.session.execute(text("select pg_advisory_xact_lock(1)"))
    connection.execute("select pg_advisory_lock(2)")
    print("locked", flush=True)
    time.sleep(600)
"""
MAX_WAIT_S = 60


@pytest.mark.long
def test_locks_of_a_vanished_machine_are_free_within_a_minute(
    prepared: Callable[[Path], None], tmp_path: Path
) -> None:
    (tmp_path / "database").mkdir()
    prepared(tmp_path / "database")
    with (
        machines(1) as [machine],
        listening_server(tmp_path / "database", machine.gateway) as server,
        server.connect("dosong") as connection,
    ):
        if not machine.prefix:
            pytest.skip("network namespaces are refused here")
        own = {"SECRET_KEY": "key of tests " * 4, "VAR_DIR": str(tmp_path / "machine")}
        with subprocess.Popen(
            [*machine.prefix, sys.executable, "-c", HOLDER],
            cwd=ROOT, env={**os.environ, **server.settings(), **own}, stdout=subprocess.PIPE,
        ) as holder:  # fmt: skip
            assert holder.stdout and holder.stdout.readline() == b"locked\n"
            assert not connection.execute("select pg_try_advisory_lock(1)").fetchone()[0]
            machine.pull_cable()
            vanished = time.monotonic()
            connection.execute(f"set lock_timeout = '{MAX_WAIT_S}s'")
            for lock in (1, 2):
                connection.execute("select pg_advisory_lock(%s)", [lock])
            assert 5 < time.monotonic() - vanished < MAX_WAIT_S
            holder.kill()

"""PgBouncer in front of the tests' database, with the settings for operators."""

import io
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg

from backend.server.postgres import programs
from backend.server.postgres.embedded import PORT as DATABASE_PORT
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.server.postgres.roles import APP, DATABASE, OWNER, url

PORT, START_S = 6432, 30.0
# Fewer than a test's threads. Round robin gives each transaction another connection, so that a
# dependence on the state of a session fails at once.
CONNECTIONS = 6
EXAMPLE = Path(__file__).parents[2] / "config/deploy/pgbouncer.ini"


class Pooler:
    """A running pooler; its files are beside the database's socket."""

    def __init__(
        self, postgres: EmbeddedPostgres, connections: int = CONNECTIONS, prepared: int = 200
    ) -> None:
        self.postgres, self.folder = postgres, postgres.socket_dir
        self.settings = ConfigParser()
        self.settings.read(EXAMPLE)
        self.settings["databases"][DATABASE] = (
            f"host={self.folder} port={DATABASE_PORT} dbname={DATABASE}"
        )
        changed = {
            "listen_addr": "",
            "unix_socket_dir": str(self.folder),
            "unix_socket_mode": "0700",
            "auth_file": str(self.folder / "pooler-users"),
            "logfile": str(self.folder / "pooler.log"),
            "server_round_robin": "1",
            "default_pool_size": str(connections),
            "max_prepared_statements": str(prepared),
        }
        self.settings["pgbouncer"].update(changed)

    @property
    def app_url(self) -> str:
        return url(APP, self.postgres.passwords.of(APP), self.folder, PORT)

    def __enter__(self) -> Self:
        users = "".join(f'"{role}" "{self.postgres.passwords.of(role)}"\n' for role in (APP, OWNER))
        self._write("pooler-users", users)
        settings = io.StringIO()
        self.settings.write(settings)
        ini = self._write("pooler.ini", settings.getvalue())
        program = shutil.which(os.environ["PGBOUNCER"])
        assert program, "PGBOUNCER names no program"
        # Like PostgreSQL it refuses to run as root.
        command = [*programs.prefix(self.postgres.account, ()), program, "-q", str(ini)]
        self.process = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_S
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log()
            time.sleep(0.05)
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()

    def answers(self) -> bool:
        try:
            psycopg.connect(self.app_url.replace("+psycopg", ""), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def log(self) -> str:
        """Return the log."""
        return (self.folder / "pooler.log").read_text(errors="replace")

    def _write(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.write_text(content)
        path.chmod(0o600)
        os.chown(path, self.postgres.account.uid, self.postgres.account.gid)
        return path


@contextmanager
def settings_for(postgres: EmbeddedPostgres) -> Iterator[dict[str, Any]]:
    """Yield database settings: through a pooler where PGBOUNCER is set."""
    if "PGBOUNCER" not in os.environ:
        yield {}
        return
    with Pooler(postgres) as pooler:
        yield {"DATABASE_URL": pooler.app_url}

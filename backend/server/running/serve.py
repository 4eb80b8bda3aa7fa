"""Start the database and the web server, watch over both, end both."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from backend.server.postgres.embedded import EmbeddedPostgres, PostgresError
from backend.server.running.instance import AlreadyRunning, Instance
from backend.server.running.periodic_command import TILES, TILES_EVERY_S, Chore
from backend.server.running.processes import ROOT, ServeError, Server, Servers, bound
from backend.server.running.reload import ask, given
from config import settings
from config.counters import fresh_folder

TICK_S = 0.1
WATCH_S = 2.0  # a database that died is noticed within this time
BEGAN = time.monotonic()


def main(arguments: list[str]) -> int:
    """Serve until SIGINT or SIGTERM; the exit status is 0 after one of these, else 1."""
    parser = argparse.ArgumentParser(prog="scripts/serve", description="Serve Đo Sóng.")
    parser.add_argument("--demo", action="store_true", help="load the demo months first")
    parser.add_argument(
        "--reload", action="store_true",
        help="let new processes take over from those that serve in this VAR_DIR, without a pause, "
        "with the code and the settings of now",
    )  # fmt: skip
    asked = parser.parse_args(arguments)
    try:
        values = settings.read()
        if asked.reload:
            ask(values)
        else:
            Serve(values, asked.demo).run()
        return 0
    except (ServeError, PostgresError, settings.SettingError) as error:
        print(f"Error: {error}", file=sys.stderr)
    except AlreadyRunning as error:
        print(f"Error: it is already running here ({error}).", file=sys.stderr)
    except OSError as error:
        print(f"Error: {error.strerror}: {error.filename}", file=sys.stderr)
    return 1


class Serve:
    """One run: the lock, the database, the servers."""

    def __init__(self, values: Mapping[str, Any], demo: bool) -> None:
        self.values, self.demo = values, demo
        self.var_dir = Path(values["VAR_DIR"])
        embedded = values["DATABASE_URL"] is None
        self.postgres = EmbeddedPostgres(self.var_dir) if embedded else None
        self.instance = Instance(self.var_dir)
        self.servers = Servers([])
        self.chores: tuple[Chore, ...] = ()
        self.counters = ""
        self.given: Mapping[str, str] = os.environ
        self.next: Mapping[str, str] = os.environ
        self.at_terminal = os.isatty(0)
        self.stopping = self.reloading = False
        self.reloads = 0

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        bind, port = self.values["BIND"], self.values["PORT"]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self) -> None:
        """Start everything, watch, and end it in the reverse order."""
        self.instance.acquire()
        self.servers = Servers(self._bind())
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGHUP, self._reload)
        try:
            self.counters = fresh_folder(self.var_dir)
            environment = self._start_database()
            if not self.stopping:
                self.servers.start(environment)
                self._tell()
                self.chores = (
                    Chore(environment),
                    Chore(environment, TILES, TILES_EVERY_S, "tiles"),
                )
                self._wait_until_ready()
                self._watch()
        finally:
            for chore in self.chores:
                chore.end()
            self.servers.end()
            if self.postgres is not None:
                self.postgres.stop()
            self.instance.release()
        print("Stopped.", flush=True)

    def _stop(self, number: int, frame: object) -> None:
        first, self.stopping = not self.stopping, True
        if first:
            print("\nStopping …", flush=True)

    def _reload(self, number: int, frame: object) -> None:
        if self.at_terminal and not os.isatty(0):  # whose window was closed
            self.stopping = True
        self.reloading = True

    def _bind(self) -> list[Server]:
        """The web server, and the speed test's where it has a port of its own."""
        bind, port, speed = (self.values[name] for name in ("BIND", "PORT", "SPEED_PORT"))
        demo = ["--demo"] if self.demo else []
        servers = [Server("web", ("backend.server.gunicorn.web", *demo), bound(bind, port))]
        if speed:
            served = (
                "-c",
                str(ROOT / "config" / "speed.py"),
                "backend.server.gunicorn.speed:speed_app()",
            )
            servers.append(Server("speed", ("gunicorn", *served), bound(bind, speed)))
        return servers

    def _start_database(self) -> dict[str, str]:
        """Start it where it is ours; return what the servers are told."""
        if self.postgres is not None:
            print(f"Starting PostgreSQL in {self.postgres.data} …", flush=True)
            self.postgres.start()
        return self._environment(self.given)

    def _environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """What the servers are told: what we were, and where database and counters are."""
        environment = dict(given, VAR_DIR=str(self.var_dir), PROMETHEUS_MULTIPROC_DIR=self.counters)
        if self.postgres is not None:
            environment["DATABASE_URL"] = self.postgres.app_url
            environment["DATABASE_OWNER_URL"] = self.postgres.owner_url
        return environment

    def _tell(self, failed: str = "") -> None:
        """Write who serves: for a reload, and for a next start to end what a killed one left."""
        self.instance.tell(url=self.url, reloads=self.reloads, failed=failed, **self.servers.pids())

    def _wait_until_ready(self) -> None:
        while not answers(self.url):
            if self.stopping:
                return
            self.servers.fail_if_ended()
            time.sleep(TICK_S)
        print(f"\nĐo Sóng is ready after {time.monotonic() - BEGAN:.1f} s: {self.url}")
        print(f"The API, to try it: {self.url}/docs\nCtrl-C ends it.", flush=True)

    def _watch(self) -> None:
        looked = time.monotonic()
        while not self.stopping:
            self._see_to_reloading()
            self.servers.fail_if_ended()
            for chore in self.chores:
                chore.look()
            if self.postgres is not None and time.monotonic() - looked > WATCH_S:
                revive(self.postgres)
                looked = time.monotonic()
            time.sleep(TICK_S)

    def _see_to_reloading(self) -> None:
        """Begin what was asked for, one at a time; look after processes that start and leave."""
        if self.reloading and not self.servers.coming:
            self.reloading = False
            self._begin_reloading()
        went = self.servers.look()
        if went is not None:
            self._end_reloading("" if went else "the new processes have ended; see the log.")

    def _begin_reloading(self) -> None:
        try:
            self.next = given(self.given, self.values)
            self.servers.replace(self._environment(self.next))
        except (ServeError, settings.SettingError, OSError, ValueError) as error:
            self._end_reloading(str(error))
            return
        print("Starting new processes beside those that serve …", flush=True)
        self._tell()

    def _end_reloading(self, failed: str) -> None:
        self.reloads += 1
        if failed:
            print(f"Error: {failed} The old processes go on.", file=sys.stderr, flush=True)
        else:
            self.given = self.next
            for chore in self.chores:
                chore.environment = self._environment(self.given)
            print("The new processes serve; the old ones end.", flush=True)
        self._tell(failed)


def answers(url: str) -> bool:
    """Whether the web server takes requests."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def revive(postgres: EmbeddedPostgres) -> None:
    """Start a database that has died; where that fails, say so and let the next round try."""
    try:
        if not postgres.running():
            print("PostgreSQL has died; starting it again", file=sys.stderr, flush=True)
            postgres.start()
    except PostgresError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)

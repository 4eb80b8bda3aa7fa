"""Start the database and the web server, watch over both, end both."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from backend.server.chore import TILES, TILES_EVERY_S, Chore
from backend.server.instance import AlreadyRunning, Instance
from backend.server.postgres import EmbeddedPostgres, PostgresError
from config import settings
from config.counters import fresh_folder

ROOT = Path(__file__).parents[2]
TICK_S = 0.1
WATCH_S = 2.0  # a database that died is noticed within this time
WEB_TIMEOUT_S = 30  # longer than gunicorn's graceful_timeout
BEGAN = time.monotonic()


class ServeError(RuntimeError):
    """Why nothing is served; the message says what to do about it."""


def main(arguments: list[str]) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; the exit status is 0 after one of these, else 1."""
    parser = argparse.ArgumentParser(prog="scripts/serve", description="Serve Đo Sóng.")
    parser.add_argument("--demo", action="store_true", help="load the demo months first")
    demo = parser.parse_args(arguments).demo
    try:
        values = settings.read()
        Serve(values, demo).run()
        return 0
    except (ServeError, PostgresError, settings.SettingError) as error:
        print(f"Error: {error}", file=sys.stderr)
    except AlreadyRunning as error:
        print(f"Error: it is already running here ({error}).", file=sys.stderr)
    except OSError as error:
        print(f"Error: {error.strerror}: {error.filename}", file=sys.stderr)
    return 1


class Serve:
    """One run: the lock, the database, the web server."""

    def __init__(self, values: Mapping[str, Any], demo: bool) -> None:
        self.var_dir = Path(values["VAR_DIR"])
        self.bind, self.port = str(values["BIND"]), int(values["PORT"])
        self.speed_port = int(values["SPEED_PORT"])
        self.demo = demo
        embedded = values["DATABASE_URL"] is None
        self.postgres = EmbeddedPostgres(self.var_dir) if embedded else None
        self.instance = Instance(self.var_dir)
        self.stopping = False

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def run(self) -> None:
        """Start everything, watch, and end it in the reverse order."""
        self.instance.acquire()
        check_port(self.bind, self.port)
        if self.speed_port:
            check_port(self.bind, self.speed_port)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._stop)
        started: list[subprocess.Popen[bytes]] = []
        chores: tuple[Chore, ...] = ()
        try:
            environment = self._start_database()
            if not self.stopping:
                started = self._start_servers(environment)
                chores = Chore(environment), Chore(environment, TILES, TILES_EVERY_S, "tiles")
                self._wait_until_ready(started[0])
                self._watch(started, chores)
        finally:
            for chore in chores:
                chore.end()
            for server in started:
                end(server)
            if self.postgres is not None:
                self.postgres.stop()
            self.instance.release()
        print("Stopped.", flush=True)

    def _stop(self, number: int, frame: object) -> None:
        first, self.stopping = not self.stopping, True
        if first:
            print("\nStopping …", flush=True)

    def _start_database(self) -> dict[str, str]:
        """What the web server is told about the database, once it runs."""
        environment = dict(os.environ, VAR_DIR=str(self.var_dir))
        if self.postgres is None:
            return environment
        print(f"Starting PostgreSQL in {self.postgres.data} …", flush=True)
        self.postgres.start()
        environment["DATABASE_URL"] = self.postgres.app_url
        environment["DATABASE_OWNER_URL"] = self.postgres.owner_url
        return environment

    def _start_servers(self, environment: Mapping[str, str]) -> list[subprocess.Popen[bytes]]:
        """The web server, and the speed test's where it has a port of its own."""
        folder = fresh_folder(self.var_dir)
        sharing = {**environment, "PROMETHEUS_MULTIPROC_DIR": folder}
        web = run(sharing, "backend.server.web", *(["--demo"] if self.demo else []))
        self.instance.tell(web=web.pid, url=self.url)
        if not self.speed_port:
            return [web]
        served = ("-c", str(ROOT / "config" / "speed.py"), "backend.server.speed:speed_app()")
        speed = run(environment, "gunicorn", *served)
        self.instance.tell(web=web.pid, speed=speed.pid, url=self.url)
        return [web, speed]

    def _wait_until_ready(self, web: subprocess.Popen[bytes]) -> None:
        while not answers(self.url):
            if self.stopping:
                return
            fail_if_ended(web)
            time.sleep(TICK_S)
        print(f"\nĐo Sóng is ready after {time.monotonic() - BEGAN:.1f} s: {self.url}")
        print(f"The API, to try it: {self.url}/docs\nCtrl-C ends it.", flush=True)

    def _watch(self, started: Sequence[subprocess.Popen[bytes]], chores: tuple[Chore, ...]) -> None:
        looked = time.monotonic()
        while not self.stopping:
            for server in started:
                fail_if_ended(server)
            for chore in chores:
                chore.look()
            if self.postgres is not None and time.monotonic() - looked > WATCH_S:
                revive(self.postgres)
                looked = time.monotonic()
            time.sleep(TICK_S)


def run(environment: Mapping[str, str], module: str, *words: str) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own: Ctrl-C reaches us alone, and we end it in order."""
    command = [sys.executable, "-m", module, *words]
    return subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    )


def check_port(bind: str, port: int) -> None:
    """Raise ServeError where gunicorn could not listen."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
            probe.listen()
        except OSError as error:
            raise ServeError(
                f"{bind}, port {port}, cannot be listened on ({error.strerror}). End the program "
                f"that uses it, or choose another: PORT={port + 1} ./scripts/serve"
            ) from error


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


def fail_if_ended(web: subprocess.Popen[bytes]) -> None:
    """Raise ServeError where the web server has ended by itself."""
    if web.poll() is not None:
        raise ServeError(f"the web server has ended (status {web.returncode}); see above.")


def revive(postgres: EmbeddedPostgres) -> None:
    """Start a database that has died; where that fails, say so and let the next round try."""
    try:
        if not postgres.running():
            print("PostgreSQL has died; starting it again", file=sys.stderr, flush=True)
            postgres.start()
    except PostgresError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)


def end(web: subprocess.Popen[bytes]) -> None:
    """Let running requests finish, then end the web server."""
    web.terminate()
    try:
        web.wait(WEB_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(web.pid, signal.SIGKILL)
        web.wait()

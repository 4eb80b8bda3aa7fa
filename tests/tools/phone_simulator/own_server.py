"""A server for a trial that can be killed at any moment."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Self

from tests.support.nginx import free_port

ROOT = Path(__file__).parents[3]
READY_S = 300.0  # the first start creates a database
STOP_S = 60.0
LOG_TAIL_LINES = 25
# Only variables that programs need to start: no settings of a real installation.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "BOUNDARIES_DIR")


class ServerError(RuntimeError):
    """The server does not start."""


class OwnServer:
    """`scripts/serve` on a temporary VAR_DIR and a free port."""

    def __init__(self, below: Path | None = None, **settings: str) -> None:
        """Write to a folder `below`, by default a temporary one."""
        self._settings = settings
        self._folder = tempfile.TemporaryDirectory(
            prefix="phone-", dir=below, ignore_cleanup_errors=True
        )
        self.var = Path(self._folder.name) / "var"
        self._log = Path(self._folder.name) / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.kills = 0

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    def flask(self, *arguments: str, stdin: str = "") -> None:
        """Run a flask command on the server's database."""
        places = {"VAR_DIR": str(self.var), "PORT": str(self.port)}
        subprocess.run(
            [ROOT / "scripts" / "flask", *arguments],
            env=os.environ | places, input=stdin.encode(), check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def count_claims(self) -> None:
        """Let samples without tickets count from now on."""
        reason = "Samples of this trial have no tickets."
        self.flask("measurements", "counts-from", "claimed", "--reason", reason)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it is ready."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [ROOT / "scripts" / "serve"],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._wait_until_ready(self._process)

    def environment(self) -> dict[str, str]:
        """Return the environment of its processes and of commands."""
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        places = {"VAR_DIR": str(self.var), "PORT": str(self.port), "BIND": "127.0.0.1"}
        return inherited | places | self._settings

    def kill(self, database: bool = False) -> None:
        """Send SIGKILL to all its processes, as in a power failure; the data stay."""
        groups = {self._process.pid} if self._process else set()
        groups |= {pid for pid in (self.web_pid(),) if pid}
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        if database and (pid := self.database_pid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._process:
            self._process.wait()
        self._wait_until_port_is_free()
        self.kills += 1

    def _wait_until_port_is_free(self) -> None:
        """Wait until the killed web server, which is no child of ours, is gone."""
        deadline = time.monotonic() + STOP_S
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)):
                    return
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server and its database, and remove the folder."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill(database=True)
        self._folder.cleanup()

    def web_pid(self) -> int | None:
        """Return the web server's process, if it leads a process group."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            pid = int(json.loads((self.var / "serve.lock").read_text())["web"])
            return pid if os.getpgid(pid) == pid else None
        return None

    def database_pid(self) -> int | None:
        """Return the parent process of the database."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = self.var / "postgres" / "postmaster.pid"
            return int(pid.read_text().splitlines()[0])
        return None

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise ServerError(f"the server ended:\n{self.tail()}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/readyz", timeout=2).close()
                return
            time.sleep(0.5)
        raise ServerError(f"the server is not ready after {READY_S:.0f} s:\n{self.tail()}")

    def tail(self) -> str:
        """Return the errors behind answers of 500 and the last lines, without those of requests."""
        lines = self._log.read_text(errors="replace").splitlines()
        kept = [line for line in lines if '"event":"request"' not in line]
        broken = [line for line in kept[:-LOG_TAIL_LINES] if '"event":"broken"' in line]
        return "\n".join(broken + kept[-LOG_TAIL_LINES:])

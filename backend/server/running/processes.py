"""The servers of one run: each process is replaced while it serves, its socket stays ours."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.gunicorn_ready import READY_FD, TOLD

ROOT = Path(__file__).parents[3]
END_TIMEOUT_S = 30  # longer than gunicorn's graceful_timeout


class ServeError(RuntimeError):
    """Why nothing is served; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Server:
    """What is run on one socket: a module and its words."""

    name: str
    words: Sequence[str]
    listener: socket.socket

    def run(self, environment: Mapping[str, str]) -> Process:
        """Start a process, in a session of its own: Ctrl-C reaches us alone."""
        reading, writing = os.pipe()
        command = [sys.executable, "-m", *self.words, "--bind", f"fd://{self.listener.fileno()}"]
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=ROOT,
            env={**environment, READY_FD: str(writing)},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(self.listener.fileno(), writing),
        )
        os.close(writing)
        return Process(process, reading)


@dataclass(slots=True)
class Process:
    """A server's process, and the pipe by which it tells that a worker of it takes requests."""

    process: subprocess.Popen[bytes]
    reading: int
    serves: bool = False
    deadline: float = float("inf")

    def look(self) -> bool:
        """Whether it has told so by now."""
        if not self.serves and select.select([self.reading], [], [], 0)[0]:
            self.serves = os.read(self.reading, len(TOLD)) == TOLD
        return self.serves

    @property
    def status(self) -> int | None:
        """With what it has ended; None while it runs."""
        return self.process.poll()

    def leave(self) -> None:
        """Ask it to finish the requests it has, then to end."""
        self.process.terminate()
        self.deadline = time.monotonic() + END_TIMEOUT_S

    def gone(self) -> bool:
        """Whether it has ended; one that takes too long is killed."""
        if self.status is None and time.monotonic() > self.deadline:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self.status is None:
            return False
        os.close(self.reading)
        return True


class Servers:
    """All of them: started together, replaced together, ended together."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self.servers = servers
        self.present: list[Process] = []
        self.coming: list[Process] = []
        self.leaving: list[Process] = []

    def start(self, environment: Mapping[str, str]) -> None:
        """Run them for the first time."""
        self.present = [server.run(environment) for server in self.servers]

    def replace(self, environment: Mapping[str, str]) -> None:
        """Run new ones beside those that serve; these leave once the new ones serve."""
        self.coming = [server.run(environment) for server in self.servers]

    def look(self) -> bool | None:
        """Look after those that start and leave; whether a replacement went well, else None."""
        self.leaving = [one for one in self.leaving if not one.gone()]
        if not self.coming:
            return None
        if any(one.status is not None for one in self.coming):
            self._dismiss(self.coming)
            self.coming = []
            return False
        serving = [one.look() for one in self.coming]
        if not all(serving):
            return None
        self._dismiss(self.present)
        self.present, self.coming = self.coming, []
        return True

    def _dismiss(self, processes: Iterable[Process]) -> None:
        for one in processes:
            one.leave()
            self.leaving.append(one)

    def fail_if_ended(self) -> None:
        """Raise ServeError where one that serves has ended by itself."""
        for server, one in zip(self.servers, self.present, strict=True):
            if one.status is not None:
                raise ServeError(
                    f"the {server.name} server has ended (status {one.status}); see above."
                )

    def pids(self) -> dict[str, int]:
        """Who serves and who comes, by name."""
        told = {}
        for prefix, processes in (("", self.present), ("next_", self.coming)):
            for server, one in zip(self.servers, processes, strict=False):
                told[prefix + server.name] = one.process.pid
        return told

    def end(self) -> None:
        """Let running requests finish, then end all."""
        self._dismiss([*self.present, *self.coming])
        self.present, self.coming = [], []
        while self.leaving:
            time.sleep(0.02)
            self.look()


def bound(bind: str, port: int) -> socket.socket:
    """A socket that its server will listen on; ServeError where it could not."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((bind, port))
            probe.listen()  # two may be bound where none listens yet
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bind, port))
        return listener
    except OSError as error:
        raise ServeError(
            f"{bind}, port {port}, cannot be listened on ({error.strerror}). End the program "
            f"that uses it, or choose another: PORT={port + 1} ./scripts/serve"
        ) from error

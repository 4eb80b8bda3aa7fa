"""The server processes of `serve`, replaced without a pause: `serve` keeps their sockets."""

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

from config.workers import READY, READY_FD

ROOT = Path(__file__).parents[3]
END_TIMEOUT_S = 30  # longer than gunicorn's graceful_timeout


class ServeError(RuntimeError):
    """The server cannot start; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """A module with arguments that serves on one socket."""

    name: str
    arguments: Sequence[str]
    listener: socket.socket

    def run(self, environment: Mapping[str, str], inherited: Sequence[int] = ()) -> Process:
        """Start a process in its own session: Ctrl-C reaches only `serve`.

        It inherits these file descriptors.
        """
        reading, writing = os.pipe()
        address = f"fd://{self.listener.fileno()}"
        command = [sys.executable, "-m", *self.arguments, "--bind", address]
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=ROOT,
            env={**environment, READY_FD: str(writing)},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(self.listener.fileno(), writing, *inherited),
        )
        os.close(writing)
        return Process(process, reading)


@dataclass(slots=True)
class Process:
    """A server process, and the pipe by which a worker signals that it takes requests."""

    process: subprocess.Popen[bytes]
    reading: int
    ready: bool = False
    deadline: float = float("inf")

    def is_ready(self) -> bool:
        """Return whether a worker has signalled."""
        if not self.ready and select.select([self.reading], [], [], 0)[0]:
            self.ready = os.read(self.reading, len(READY)) == READY
        return self.ready

    @property
    def status(self) -> int | None:
        """The exit status; None while it runs."""
        return self.process.poll()

    def terminate(self) -> None:
        """Let it finish its requests and end."""
        self.process.terminate()
        self.deadline = time.monotonic() + END_TIMEOUT_S

    def has_ended(self) -> bool:
        """Return whether it has ended; kill it after the timeout."""
        if self.status is None and time.monotonic() > self.deadline:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self.status is None:
            return False
        os.close(self.reading)
        return True


class Servers:
    """All servers, started, replaced and ended together."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self.servers = servers
        self.current: list[Process] = []
        self.starting: list[Process] = []
        self.ending: list[Process] = []

    def start(self, environment: Mapping[str, str], inherited: Sequence[int] = ()) -> None:
        """Start all servers, which inherit these file descriptors."""
        self.current = [server.run(environment, inherited) for server in self.servers]

    def replace(self, environment: Mapping[str, str]) -> None:
        """Start new processes; the current ones end once the new ones are ready."""
        self.starting = [server.run(environment) for server in self.servers]

    def check(self) -> bool | None:
        """Check processes that start and end; return whether a replacement succeeded, else None."""
        self.ending = [one for one in self.ending if not one.has_ended()]
        if not self.starting:
            return None
        if any(one.status is not None for one in self.starting):
            self._terminate(self.starting)
            self.starting = []
            return False
        if not all(one.is_ready() for one in self.starting):
            return None
        self._terminate(self.current)
        self.current, self.starting = self.starting, []
        return True

    def _terminate(self, processes: Iterable[Process]) -> None:
        for one in processes:
            one.terminate()
            self.ending.append(one)

    def fail_if_ended(self) -> None:
        """Raise ServeError if a current process has ended."""
        for server, one in zip(self.servers, self.current, strict=True):
            if one.status is not None:
                raise ServeError(
                    f"the {server.name} server has ended (status {one.status}); see above."
                )

    def pids(self) -> dict[str, int]:
        """Return the process ids of current and starting servers by name."""
        ids = {}
        for prefix, processes in (("", self.current), ("next_", self.starting)):
            for server, one in zip(self.servers, processes, strict=False):
                ids[prefix + server.name] = one.process.pid
        return ids

    def end(self) -> None:
        """End all processes after their running requests."""
        self._terminate([*self.current, *self.starting])
        self.current, self.starting = [], []
        while self.ending:
            time.sleep(0.02)
            self.check()


def bind_socket(bind: str, port: int) -> socket.socket:
    """Bind the socket of a server; ServeError where the port is not free."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((bind, port))
            probe.listen()  # two sockets may be bound while none listens
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bind, port))
        return listener
    except OSError as error:
        raise ServeError(
            f"{bind}, port {port}, cannot be listened on ({error.strerror}). End the program "
            f"that uses it, or choose another: PORT={port + 1} ./scripts/serve"
        ) from error

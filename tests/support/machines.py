"""Other machines of a test: network namespaces, and a database that they reach.

Where namespaces are refused (they need root), machines are addresses of this machine's loopback.
"""

import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import psycopg
import pytest

from backend.server.postgres import embedded
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.server.postgres.roles import APP, DATABASE, OWNER, SUPERUSER


@dataclass(frozen=True)
class Machine:
    """A network namespace joined to this machine by a cable, or an address of its loopback."""

    name: str
    address: str
    gateway: str  # this machine's address, as the other one reaches it
    prefix: tuple[str, ...] = ()  # of commands that run there

    def pull_cable(self) -> None:
        """Let the machine vanish: it answers nothing and says no goodbye."""
        _ip("link", "set", f"{self.name}-here", "down")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def machines(number: int) -> Iterator[list[Machine]]:
    """Yield machines, in network namespaces where this process may make them."""
    process = os.getpid()
    names = [f"{letter}-{process}" for letter in ascii_lowercase[:number]]
    there = [
        Machine(name, f"10.231.{n}.2", f"10.231.{n}.1", ("ip", "netns", "exec", name))
        for n, name in enumerate(names, process % 60 * 4)
    ]
    try:
        for machine in there:
            _join(machine)
    except (OSError, subprocess.CalledProcessError):
        _remove(there)
        print("Network namespaces are refused here: workers have addresses of the loopback.")
        there = [Machine(name, f"127.0.0.{n}", "127.0.0.1") for n, name in enumerate(names, 2)]
    try:
        yield there
    finally:
        _remove(there)


def _remove(there: Sequence[Machine]) -> None:
    for machine in there:
        for words in (
            ("netns", "delete", machine.name),
            ("link", "delete", f"{machine.name}-here"),
        ):
            with suppress(OSError, subprocess.CalledProcessError):
                _ip(*words)


def _join(machine: Machine) -> None:
    here, there = f"{machine.name}-here", f"{machine.name}-there"
    _ip("netns", "add", machine.name)
    _ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", machine.name)
    _ip("address", "add", f"{machine.gateway}/30", "dev", here)
    _ip("link", "set", here, "up")
    inside = ("-n", machine.name)
    _ip(*inside, "address", "add", f"{machine.address}/30", "dev", there)
    _ip(*inside, "link", "set", there, "up")
    _ip(*inside, "link", "set", "lo", "up")
    _ip(*inside, "route", "add", "default", "via", machine.gateway)


def free_port(address: str = "127.0.0.1") -> int:
    """Return a port of an address that nobody uses."""
    with socket.create_server((address, 0)) as listening:
        return int(listening.getsockname()[1])


@dataclass(frozen=True)
class Server:
    """A database server that listens on the addresses of this machine."""

    postgres: EmbeddedPostgres
    address: str
    port: int

    def settings(self, database: str = DATABASE) -> dict[str, str]:
        """Return the settings of an installation with this database."""
        urls = {"DATABASE_URL": APP, "DATABASE_OWNER_URL": OWNER}
        return {name: self.url(role, database) for name, role in urls.items()}

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return the URL of a database for a role."""
        password = self.postgres.passwords.of(role)
        return f"postgresql+psycopg://{role}:{password}@{self.address}:{self.port}/{database}"

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """Connect as the superuser."""
        address = self.url(SUPERUSER, database).replace("+psycopg", "")
        return psycopg.connect(address, autocommit=True)

    def copy(self, source: str, *names: str) -> None:
        """Copy a database that nobody uses."""
        with self.connect("postgres") as connection:
            for name in names:
                connection.execute(f"create database {name} template {source} owner {OWNER}")


@contextmanager
def listening_server(var_dir: Path, address: str) -> Iterator[Server]:
    """Start the server of a folder; it listens on an address and on the loopback."""
    port = free_port()
    rules = var_dir / "postgres/pg_hba.conf"
    rules.write_text(f"host all all all scram-sha-256\n{rules.read_text()}")
    postgres = EmbeddedPostgres(var_dir, fsync=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "PORT", port)
        patch.setitem(embedded.SETTINGS, "listen_addresses", f"127.0.0.1,{address}")
        postgres.start()
    try:
        yield Server(postgres, address, port)
    finally:
        postgres.stop()

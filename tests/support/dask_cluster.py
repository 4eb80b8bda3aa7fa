"""The processes of a Dask cluster, and commands that use it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.machines import Machine, Server, free_port

ROOT = Path(__file__).parents[2]
# Where scripts/test-long installs requirements-cluster.txt: not into .venv.
PACKAGES = os.environ.get("CLUSTER_PACKAGES")


def make_certificate(folder: Path) -> dict[str, str]:
    """Make the key and certificate of docs/batch.md; return Dask's settings of them."""
    command = next(
        line for line in (ROOT / "docs/batch.md").read_text("utf-8").splitlines()
        if line.startswith("openssl req")
    )  # fmt: skip
    subprocess.run(command, shell=True, check=True, cwd=folder, capture_output=True)
    files = {"CA_FILE": "cluster.pem"}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        files |= {f"{role}__CERT": "cluster.pem", f"{role}__KEY": "cluster.key"}
    return {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(folder / files[name]) for name in files}


def environment(settings: Mapping[str, str], folder: Path = ROOT) -> dict[str, str]:
    """Return the environment of a process with Dask."""
    return {**os.environ, "PYTHONPATH": f"{folder}:{PACKAGES}", "PYTHONUNBUFFERED": "1", **settings}


@contextmanager
def process(
    words: Sequence[str], settings: Mapping[str, str], log: Path, folder: Path = ROOT
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of Python in a group of its own, which ends with it."""
    with log.open("wb") as file, subprocess.Popen(
        [*words], cwd=folder, env=environment(settings, folder), stdout=file, stderr=file,
        start_new_session=True,
    ) as started:  # fmt: skip
        try:
            yield started
        finally:
            if started.poll() is None:
                os.killpg(started.pid, signal.SIGKILL)


@contextmanager
def scheduler(
    address: str, settings: Mapping[str, str], log: Path, folder: Path = ROOT
) -> Iterator[None]:
    """Run a scheduler at an address."""
    words = [sys.executable, "-m", "dask", "scheduler", "--host", address, "--no-dashboard"]
    with process(words, settings, log, folder):
        yield


@contextmanager
def worker(
    machine: Machine, address: str, settings: Mapping[str, str], log: Path, folder: Path = ROOT
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker of one thread, with its nanny, on a machine."""
    words = [
        *machine.prefix, sys.executable, "-m", "dask", "worker", address, "--host", machine.address,
        "--nthreads", "1", "--preload", "wsgi", "--no-dashboard",
    ]  # fmt: skip
    with process(words, {**settings, "PGAPPNAME": machine.name}, log, folder) as started:
        yield started


@dataclass(frozen=True)
class Site:
    """A database server, two other machines, and the settings of clusters of them."""

    server: Server
    machines: list[Machine]
    tls: dict[str, str]
    folder: Path

    def settings(self, database: str, name: str = "command") -> dict[str, str]:
        """Return the settings of a machine, with a VAR_DIR of its own."""
        own = {"SECRET_KEY": "key of tests " * 4, "VAR_DIR": str(self.folder / name)}
        return {**self.tls, **self.server.settings(database), **own}

    @contextmanager
    def cluster(self, database: str) -> Iterator[tuple[str, dict[str, subprocess.Popen[bytes]]]]:
        """Run a scheduler and a worker on each machine; yield its address and the workers."""
        with ExitStack() as stack:
            address = stack.enter_context(self.scheduler(database))
            workers = {}
            for machine in self.machines:
                settings = self.settings(database, machine.name)
                log = self.folder / f"{database}-{machine.name}.log"
                workers[machine.name] = stack.enter_context(worker(machine, address, settings, log))
            yield address, workers

    @contextmanager
    def scheduler(self, name: str, folder: Path = ROOT) -> Iterator[str]:
        """Run a scheduler; yield its address."""
        gateway = self.machines[0].gateway
        address = f"tls://{gateway}:{free_port(gateway)}"
        with scheduler(address, self.tls, self.folder / f"{name}-scheduler.log", folder):
            yield address


def start(*words: str, settings: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a command of the program."""
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", *words],
        cwd=ROOT, env=environment(settings),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(*words: str, settings: Mapping[str, str]) -> str:
    """Run a command of the program to its end; return what it says."""
    with start(*words, settings=settings) as command:
        out, errors = command.communicate()
    assert command.returncode == 0, (words, out, errors)
    return out


def refusal(*words: str, settings: Mapping[str, str]) -> str:
    """Run a command that is refused; return its sentence."""
    with start(*words, settings=settings) as command:
        _, errors = command.communicate()
    assert command.returncode == 1, (words, errors)
    assert "Traceback" not in errors
    return errors

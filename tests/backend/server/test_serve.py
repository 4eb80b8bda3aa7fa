"""`scripts/serve`, the real thing: started, refused a second time, disturbed, ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from backend.server.postgres.embedded import EmbeddedPostgres
from backend.server.postgres.programs import pid_of
from backend.server.running import serve
from tests.support.nginx import free_port
from tests.support.posting_clients import posting_phones

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
START_TIMEOUT_S = 120  # the first one loads units and boundaries


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


class Run:
    """One `serve` with its output in a file."""

    def __init__(self, var_dir: Path, port: int, log: str = "serve.log") -> None:
        self.var_dir, self.port = var_dir, port
        self.output = var_dir.parent / log
        self.speed_port = free_port()
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
        environment = kept | {"VAR_DIR": str(var_dir), "PORT": str(port), "WEB_CONCURRENCY": "1"}
        self.environment = environment | {"SPEED_PORT": str(self.speed_port)}
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "backend.server"],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def told(self) -> dict[str, Any]:
        """What its lock tells of who serves."""
        told: dict[str, Any] = json.loads((self.var_dir / "serve.lock").read_text() or "{}")
        return told

    def reload(self, **settings: str) -> subprocess.CompletedProcess[str]:
        """Ask it for new processes, with settings that it did not have."""
        command = [sys.executable, "-m", "backend.server", "--reload"]
        environment = self.environment | settings
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )

    def status(self, path: str, port: int | None = None) -> int:
        with urlopen(f"http://127.0.0.1:{port or self.port}{path}", timeout=10) as answer:
            return int(answer.status)

    def text(self, path: str) -> str:
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_until(self, condition: Callable[[], bool], timeout: float = START_TIMEOUT_S) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, self.said()
            assert self.process.poll() is None, self.said()
            time.sleep(0.05)

    def ready(self) -> bool:
        return "is ready" in self.said()

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture(scope="module")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve") / "thư mục"


@pytest.fixture(scope="module")
def run(var_dir: Path) -> Iterator[Run]:
    run = Run(var_dir, free_port())
    try:
        run.wait_until(run.ready)
        yield run
    finally:
        if run.process.poll() is None:
            run.end()


@pytest.mark.slow
def test_it_serves_and_tells_where(run: Run) -> None:
    assert run.status("/healthz") == 200
    assert run.status("/readyz") == 200
    assert f"http://127.0.0.1:{run.port}/docs" in run.said()
    assert run.status("/docs") == 200


def test_the_speed_test_has_a_process_of_its_own(run: Run) -> None:
    assert run.status("/do/down?bytes=100000", run.speed_port) == 200
    assert run.status("/do/down?bytes=100000") == 200
    with pytest.raises(OSError, match="404"):
        run.status("/docs", run.speed_port)


def test_a_second_one_in_the_same_folder_is_refused(run: Run) -> None:
    second = Run(run.var_dir, free_port(), log="second.log")
    assert second.process.wait(30) == 1
    assert f"already running here (process {run.process.pid}, http://127.0.0.1" in second.said()
    assert run.status("/healthz") == 200


def test_a_taken_port_is_an_error(run: Run, tmp_path: Path) -> None:
    other = Run(tmp_path / "var", run.port)
    assert other.process.wait(30) == 1
    assert f"port {run.port}, cannot be listened on" in other.said()
    assert not (tmp_path / "var" / "postgres").exists()


@pytest.mark.slow
def test_a_database_that_died_is_started_again(run: Run) -> None:
    data = run.var_dir.resolve() / "postgres"
    dead = pid_of(data)
    assert dead is not None
    os.kill(dead, signal.SIGKILL)
    run.wait_until(lambda: pid_of(data) not in (None, dead), 30)
    run.wait_until(EmbeddedPostgres(run.var_dir).running, 30)
    assert "PostgreSQL has died" in run.said()


@pytest.mark.slow
def test_new_processes_take_over_and_no_request_fails(run: Run) -> None:
    before, said = run.told(), len(run.said())
    with posting_phones(run.port) as answered:
        run.process.send_signal(signal.SIGHUP)
        run.wait_until(lambda: run.told().get("reloads") == 1, 60)
        assert set(answered) == {201}
        at_once = answered[201]
        run.wait_until(lambda: answered[201] > at_once + 20, 30)
        run.wait_until(lambda: not alive(before["web"]) and not alive(before["speed"]), 30)
    assert set(answered) == {201}
    print(f"{answered[201]} posts, none failed")
    assert run.told()["web"] != before["web"]
    assert run.status("/do/down?bytes=100000", run.speed_port) == 200
    assert "the old ones end" in run.said()[said:]


@pytest.mark.slow
def test_a_reload_brings_what_the_command_wrote_into_the_file(run: Run) -> None:
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(run.var_dir)}
    for name in ("Sở TT&TT", "Sở KH&CN 'mới'"):
        words = [ROOT / "scripts/settings", f"OPERATOR_NAME={name}"]
        subprocess.run(words, env=environment, check=True, capture_output=True)
        assert run.reload().returncode == 0
        assert json.loads(run.text("/api/v1/consent"))["operator"]["name"] == name
    subprocess.run([*words[:1], "OPERATOR_NAME="], env=environment, check=True, capture_output=True)


@pytest.mark.slow
def test_a_reload_brings_settings_and_what_cannot_serve_changes_nothing(
    run: Run, tmp_path: Path
) -> None:
    assert run.reload(OPERATOR_NAME="Sở KH&CN").returncode == 0
    assert json.loads(run.text("/api/v1/consent"))["operator"]["name"] == "Sở KH&CN"
    assert not (run.var_dir / "settings.next").exists()
    serving = run.told()["web"]
    (tmp_path / "sets.toml").write_text("not one")
    for settings, reason in (
        ({"MINIMUM_N": "many"}, "MINIMUM_N='many'"),
        ({"PORT": str(free_port())}, "PORT cannot change while it serves"),
        ({"BOUNDARIES_DIR": str(tmp_path)}, "the new processes have ended"),
    ):
        done = run.reload(**settings)
        assert (done.returncode, reason in done.stderr) == (1, True), done.stderr
    assert run.told()["web"] == serving
    assert run.status("/readyz") == 200


def test_nothing_to_reload_is_said(run: Run, tmp_path: Path) -> None:
    done = run.reload(VAR_DIR=str(tmp_path / "var"))
    assert (done.returncode, "nothing serves in" in done.stderr) == (1, True)


@pytest.mark.slow
def test_a_command_uses_the_same_database(run: Run) -> None:
    command = [sys.executable, "-m", "backend.server.running.flask_command", "units", "list"]
    environment = os.environ | {"VAR_DIR": str(run.var_dir)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert EmbeddedPostgres(run.var_dir).running()


@pytest.mark.slow
def test_what_a_killed_one_left_is_taken_over_and_both_end(run: Run) -> None:
    left = json.loads((run.var_dir / "serve.lock").read_text())
    run.end(signal.SIGKILL)
    began = time.monotonic()
    again = Run(run.var_dir, run.port, log="again.log")
    again.wait_until(again.ready, 60)
    print(f"second start ready after {time.monotonic() - began:.1f} s")
    for server in ("web", "speed"):
        assert f"left running (process {left[server]})" in again.said()
    assert again.status("/healthz") == 200
    server = EmbeddedPostgres(run.var_dir)
    assert again.end(signal.SIGINT) == 0
    assert again.said().endswith("Stopped.\n")
    assert pid_of(server.data) is None
    assert "database system is shut down" in server.log.read_text().splitlines()[-1]
    with pytest.raises(OSError, match="refused"):
        again.status("/healthz")


def test_a_wrong_setting_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("PORT", "eighty")
    assert serve.main([]) == 1
    assert "PORT='eighty'" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "file" / "var"))
    assert serve.main([]) == 1
    assert str(tmp_path / "file" / "var") in capsys.readouterr().err


def test_one_that_is_ended_while_it_starts_does_not_say_that_it_is_ready(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    values = {"VAR_DIR": tmp_path, "DATABASE_URL": "", "BIND": "127.0.0.1", "PORT": 1}
    starting = serve.Serve(values, demo=False)

    def answers(url: str) -> bool:
        starting.stopping = True
        return True

    monkeypatch.setattr(serve, "answers", answers)
    starting._wait_until_ready()
    assert capsys.readouterr().out == ""

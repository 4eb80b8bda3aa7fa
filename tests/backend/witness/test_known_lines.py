"""The witness over lines of known speed, directly and through nginx, and what buffers hide."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from backend.witness.keys import host_key, installation_key, own_host_id
from backend.witness.statements import Ticket, Witness, sign, verify_witness
from tests.support.live_server import wait_for_host
from tests.support.nginx import free_port, running_nginx
from tests.support.traffic_shaper import Shape, shaped_server

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
SECRET = "s" * 64
WITHIN = 0.1
# Others on the same machine disturb what takes milliseconds; they do not so often.
ATTEMPTS = 6
LINES = [Shape(10, 2, 10), Shape(50, 10, 30), Shape(200, 50, 50)]


def client() -> Any:
    """The reference client as a module."""
    spec = spec_from_file_location("measure", ROOT / "docs" / "clients" / "measure.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("host")


@pytest.fixture(scope="module")
def speed_process(var_dir: Path) -> Iterator[str]:
    """The process of SPEED_PORT, without a database."""
    port = free_port()
    environment = os.environ | {
        "VAR_DIR": str(var_dir), "SECRET_KEY": SECRET, "SPEED_PORT": str(port),
        "PYTHONPATH": str(ROOT), "TRUSTED_PROXIES": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "config" / "speed.py"),
               "backend.server.gunicorn.speed:speed_app()"]  # fmt: skip
    with subprocess.Popen(command, env=environment, cwd=ROOT) as server:
        try:
            wait_for_host(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.fixture(scope="module", params=["direct", "nginx"])
def host(
    request: pytest.FixtureRequest, speed_process: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if request.param == "direct":
        yield speed_process
    elif shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    else:
        upstream = speed_process.removeprefix("http://")
        with running_nginx(tmp_path_factory.mktemp("nginx"), speed=upstream) as port:
            yield f"http://127.0.0.1:{port}"


def new_ticket(profile: str = "full") -> str:
    key, now = installation_key(SECRET), datetime.now(UTC)
    ticket = Ticket(
        uuid4(), key.kid, "s", own_host_id(SECRET), profile, now, now + timedelta(hours=1)
    )
    return sign(ticket, key)


def measured(url: str, var_dir: Path, profile: str = "full") -> tuple[Witness, dict[str, float]]:
    """Measure with the reference client; return what the host and what the client saw."""
    measure = client()
    server = measure.Server(url)
    with closing(server.line):
        test = measure.Measurement(server, new_ticket(profile), profile)
        values = test.run()
        witness, _ = test.end(dict(values))
        return verify_witness(witness, host_key(var_dir).public_bytes), values


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.down_mbps}-{line.up_mbps}")
def test_the_witness_matches_the_line(host: str, var_dir: Path, line: Shape) -> None:
    for _ in range(ATTEMPTS):
        with shaped_server(host, line) as far:
            witness, values = measured(far, var_dir)
        print(line, witness.down, witness.up, witness.rtt_ms, values)
        assert witness.down.complete
        assert witness.up.complete
        seen = (witness.down.mbps or 0, witness.up.mbps or 0)
        truth = (line.down_mbps, line.up_mbps)
        exact = all(
            one == pytest.approx(other, rel=WITHIN) for one, other in zip(seen, truth, strict=True)
        )
        if exact and (witness.rtt_ms or 0) >= line.round_trip_ms * 0.9:
            return
    raise AssertionError(f"{witness} on {line}")


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES[:2], ids=lambda line: f"{line.down_mbps}-{line.up_mbps}")
def test_the_small_profile_is_complete(host: str, var_dir: Path, line: Shape) -> None:
    with shaped_server(host, line) as far:
        witness, values = measured(far, var_dir, "small")
    print(line, witness.down, witness.up, witness.rtt_ms, values)
    assert witness.down.complete
    assert witness.up.complete


def begun(url: str) -> tuple[Any, str]:
    server = client().Server(url)
    return server, server.json("POST", "/do/tests", {"ticket": new_ticket()})["test"]


def ended(server: Any, test: str, var_dir: Path) -> Witness:
    with closing(server.line):
        token = server.json("POST", f"/do/tests/end?test={test}", {})["witness"]
    return verify_witness(token, host_key(var_dir).public_bytes)


def raw_download(url: str, test: str, size: int) -> socket.socket:
    """Send the request of a download and read nothing."""
    name, port = url.removeprefix("http://").split(":")
    line = socket.create_connection((name, int(port)))
    head = f"GET /do/down?bytes={size}&test={test} HTTP/1.1\r\nHost: {name}\r\n\r\n"
    line.sendall(head.encode())
    return line


def test_a_client_that_never_reads_has_received_nothing(host: str, var_dir: Path) -> None:
    server, test = begun(host)
    with raw_download(host, test, 2_000_000):
        time.sleep(0.5)
        witness = ended(server, test, var_dir)
    assert (witness.down.bytes, witness.down.complete) == (0, False)


@pytest.mark.slow
def test_a_client_that_reads_slowly_then_in_a_burst_gains_nothing(host: str, var_dir: Path) -> None:
    """Buffers of kernel and proxy are full when it begins to read; the time runs from the start."""
    server, test = begun(host)
    size = 2_000_000
    with raw_download(host, test, size) as line:
        time.sleep(1)
        content = b""
        while len(content.partition(b"\r\n\r\n")[2]) < size:
            content += line.recv(1_000_000)
        nonce = content[-32:].decode()
        server.send("POST", f"/do/down/end?test={test}&nonce={nonce}", b"")
    witness = ended(server, test, var_dir)
    assert (witness.down.bytes, witness.down.complete) == (size, True)  # it took its time
    # The pause began a little before the clock of the host.
    assert (witness.down.mbps or 0) <= size * 8 / 1e6 / 0.95

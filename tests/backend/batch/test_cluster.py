"""--cluster: what is refused before any part is sent, and the order of parts and results."""

import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

from backend.batch import cluster
from backend.batch.cluster import ClusterError, Installation
from backend.database.extensions import db

WITH_HOST = "postgresql+psycopg://dosong@db.example.vn/dosong"


@pytest.mark.parametrize(
    "address",
    ["10.0.0.5:8786", "tls://10.0.0.5", "tls://:8786", "tcp://localhost:port", "inproc://1/2/3"],
)
def test_an_address_has_a_host_and_a_port(address: str) -> None:
    with pytest.raises(ClusterError, match="is no address of a scheduler"):
        cluster.check_address(address)


def test_without_tls_only_this_machine_is_asked() -> None:
    for address in ("tcp://127.0.0.1:8786", "tcp://[::1]:8786", "tls://10.0.0.5:8786"):
        cluster.check_address(address)
    for address in ("tcp://10.0.0.5:8786", "tcp://scheduler:8786"):
        with pytest.raises(ClusterError, match="without TLS, all who reach"):
            cluster.check_address(address)


def test_workers_cannot_reach_an_embedded_database(app: Flask) -> None:
    cluster.check_database(WITH_HOST)
    words = ["measurements", "reassign", "--cluster", "tls://127.0.0.1:1"]
    result = app.test_cli_runner().invoke(args=words)
    assert result.exit_code == 1 and "The embedded database has none" in result.output


def test_dask_is_installed_by_hand(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setitem(app.config, "DATABASE_URL", WITH_HOST)
    words = ["measurements", "rejudge", "--month", "2024-11", "--cluster", "tls://127.0.0.1:1"]
    result = app.test_cli_runner().invoke(args=words)
    assert result.exit_code == 1 and "-r requirements-cluster.txt" in result.output


def test_a_cluster_has_workers_of_its_own(app: Flask) -> None:
    words = ["coverage", "refresh", "--cluster", "tls://127.0.0.1:1", "--workers", "2"]
    result = app.test_cli_runner().invoke(args=words)
    assert result.exit_code == 2 and "--workers or --cluster" in result.output


def test_a_worker_has_the_code_key_and_database_of_the_command(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with app.app_context():
        mine = cluster.this_installation()
        assert mine.difference(cluster.this_installation()) is None
        monkeypatch.setitem(app.config, "SECRET_KEY", "k" * 32)
        other = cluster.this_installation()
        assert mine.difference(other) == "another SECRET_KEY"
        db.session.rollback()
    assert mine.difference(replace(mine, database="")) == "another database"
    (tmp_path / "backend").mkdir()
    for name in ("wsgi.py", "requirements.txt", "backend/new.py"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(cluster, "ROOT", tmp_path)
    cluster.code_digest.cache_clear()
    with app.app_context():
        changed = cluster.this_installation()
    cluster.code_digest.cache_clear()
    assert mine.difference(changed) == "other code"


@dataclass
class FakeClient:
    """Dask's client with two workers of one thread, which run a part when its result is wanted."""

    sent: list[int] = field(default_factory=list)

    def nthreads(self) -> dict[str, int]:
        return {"tls://10.0.0.5:1": 1, "tls://10.0.0.6:1": 1}

    def submit(
        self, run: Callable[..., object], same: Installation, packed: bytes, key: str
    ) -> SimpleNamespace:
        assert run is cluster.run_part
        work, part = pickle.loads(packed)
        self.sent.append(part)
        return SimpleNamespace(result=lambda: work(part))


@pytest.fixture
def fake_cluster(monkeypatch: pytest.MonkeyPatch) -> cluster.Cluster:
    """A cluster without Dask."""
    errors = {"CancelledError": InterruptedError, "KilledWorker": InterruptedError}
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(**errors))
    monkeypatch.setitem(sys.modules, "distributed.protocol", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "distributed.protocol.pickle", pickle)
    made = cluster.Cluster("tls://10.0.0.5:8786")
    made._client, made._installation = FakeClient(), Installation("", "", "")
    return made


def test_three_parts_a_thread_are_sent_at_once(fake_cluster: cluster.Cluster) -> None:
    results = fake_cluster.map(abs, range(-9, 0))
    sent = fake_cluster._client.sent
    assert sent == [*range(-9, -3)]
    assert [next(results), next(results)] == [9, 8]
    assert sent == [*range(-9, -1)]
    assert [*results] == [7, 6, 5, 4, 3, 2, 1]
    assert [*fake_cluster.map(abs, [])] == []


def test_numbers_are_at_least_so_many_after_a_loss(fake_cluster: cluster.Cluster) -> None:
    def lose(*parts: str) -> None:
        event = {"action": "remove-worker", "processing-tasks": parts, "lost-computed-tasks": ()}
        fake_cluster._note_loss((0.0, event))

    fake_cluster._note_loss((0.0, {"action": "add-worker"}))
    lose()
    lose("part-of-another-command")
    assert not fake_cluster.repeated
    lose("part-of-another-command", f"{fake_cluster._key}-1")
    assert fake_cluster.repeated

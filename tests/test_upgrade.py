"""scripts/upgrade: an installation of an earlier version in another folder, and back."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from backend.database.extensions import db
from backend.database.migrations import latest_migration
from backend.measurements.privacy.tombstones import TOMBSTONES, Tombstones
from backend.server.postgres.embedded import EmbeddedPostgres
from tests.support.clock import FakeClock
from tests.support.database import application
from tests.support.factories import post, register, sample

ROOT = Path(__file__).parents[1]
MIGRATIONS = "backend/migrations/versions"
LATEST = latest_migration(str(ROOT / "backend/migrations"))
# A migration of a later version, made for these tests.
LATER = f"""
from alembic import op

revision = "9999"
down_revision = "{LATEST}"


def upgrade() -> None:
    op.execute("alter table devices add column later integer not null default 7")
"""
PARTS = (".venv", "backend", "config", "geo", "requirements.txt", "requirements-dev.txt", "scripts")


def installation(folder: Path) -> Path:
    """A folder with this version and no data yet."""
    folder.mkdir()
    for name in (*PARTS, "wsgi.py"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return installation(tmp_path / "new")


@pytest.fixture
def later(new: Path) -> Path:
    """An installation of a later version, which has one more migration."""
    folder = new / MIGRATIONS
    for part in reversed(folder.relative_to(new).parents[:-1]):
        unfold(new / part)
    unfold(folder)
    (new / "wsgi.py").unlink()  # Flask imports from the folder to which a link leads
    shutil.copy(ROOT / "wsgi.py", new)
    (folder / "9999_later.py").write_text(LATER)
    return new


def unfold(folder: Path) -> None:
    """Make a folder of links of a link to a folder."""
    linked = folder.resolve()
    folder.unlink()
    folder.mkdir()
    for path in linked.iterdir():
        (folder / path.name).symlink_to(path)


@pytest.fixture
def former(tmp_path: Path, prepared: Callable[[Path], None]) -> Iterator[Path]:
    """This version with a phone that sent two samples, one of them counted, and another phone."""
    folder = installation(tmp_path / "former")
    (folder / "var").mkdir()
    prepared(folder / "var")
    with EmbeddedPostgres(folder / "var") as server:
        app = application(server, clock=FakeClock())
        client = app.test_client()
        days = ("2024-11-16T15:00:00+07:00", "2024-11-16T15:10:00+07:00")
        answer = post(client, register(client), *map(sample, days))
        assert [result["counted"] for result in answer.json["results"]] == [True, False]
        register(client)
        with app.app_context():
            db.engine.dispose()
    yield folder
    for left in tmp_path.glob("*/var"):
        shutil.rmtree(EmbeddedPostgres(left).socket_dir, ignore_errors=True)


def withdraw(var_dir: Path, device: UUID) -> None:
    """Note the withdrawal of a device, as the server does in the list outside the database."""
    key = (var_dir / "secret_key").read_text()
    Tombstones(var_dir / TOMBSTONES, key).add(device, datetime.now(UTC))


def url(server: EmbeddedPostgres) -> str:
    return server.owner_url.replace("+psycopg", "")


def ask(folder: Path, *statements: str) -> list[Any]:
    """Return what each statement finds, in one row, in the database of an installation."""
    with EmbeddedPostgres(folder / "var") as server, psycopg.connect(url(server)) as connection:
        return [connection.execute(statement).fetchone() for statement in statements]


def run(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    command = [str(folder / "scripts/upgrade"), *map(str, words)]
    return subprocess.run(command, env=kept, capture_output=True, text=True)


@pytest.mark.long
def test_an_earlier_installation_is_upgraded_and_goes_back(former: Path, later: Path) -> None:
    new = later
    samples = "select count(*), count(*) filter (where counted) from measurements"
    version = "select version_num from alembic_version"
    without_samples = "select id from devices where id not in (select device_id from measurements)"
    before, (leaving,) = ask(former, samples, without_samples)
    assert before == (2, 1)
    done = run(new, former)
    assert done.returncode == 0, done.stderr
    assert f"{new}/scripts/upgrade --back {former}" in done.stdout
    assert not (former / "var").exists()
    after, revision, deleted = ask(new, samples, version, "delete from devices returning later")
    assert (after, revision, deleted) == (before, ("9999",), (7,))

    done = run(new, "--back", former, "--key", "/dev/null")
    assert done.returncode == 1
    assert "Not gone back" in done.stderr
    assert not (former / "var").exists()
    assert not (new / "var/postgres.newer").exists()

    withdraw(new / "var", leaving)
    done = run(new, "--back", former)
    assert done.returncode == 0, done.stderr
    assert "Withdrawn again, as they had after the backup: 1 devices." in done.stdout
    assert not (new / "var").exists()
    assert ask(former, samples, version) == [before, (LATEST,)]
    assert ask(
        former,
        "select count(*), bool_or(id = any (select device_id from measurements)) from devices",
    ) == [(1, True)]
    assert (former / "var/postgres.newer").is_dir()
    assert "postgres.newer first" in run(new, former).stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["backup", "flask", "restore"])
def test_scripts_import_their_own_version(new: Path, tmp_path: Path, name: str) -> None:
    """Where they are typed in the folder of another version."""
    (tmp_path / "other/backend").mkdir(parents=True)
    (tmp_path / "other/backend/__init__.py").write_text("raise SystemExit('another version')")
    url = "postgresql+psycopg://127.0.0.1:9/none"  # --help connects to none
    done = subprocess.run(
        [new / "scripts" / name, "--help"], cwd=tmp_path / "other", capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def idle(tmp_path: Path) -> Path:
    folder = installation(tmp_path / "idle")
    (folder / "var").mkdir()
    return folder


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Name the folder of the other version"),
        (("/",), "Name the folder of the other version"),
        (("{idle}",), "It is running: stop the server first."),
        (("--back", "{idle}"), "There are no data in {new}/var."),
    ],
)
def test_what_cannot_be_upgraded_is_said(
    idle: Path, new: Path, words: tuple[str, ...], sentence: str
) -> None:
    with (idle / "var/serve.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run(new, *(word.format(idle=idle) for word in words))
    assert done.returncode == 1
    assert sentence.format(new=new) in done.stderr


def test_data_of_the_other_folder_are_not_replaced(idle: Path, new: Path) -> None:
    (new / "var").mkdir()
    assert f"{new}/var has data already" in run(new, idle).stderr
    shutil.rmtree(idle / "var")
    assert "No upgrade by scripts/upgrade is noted" in run(new, "--back", idle).stderr

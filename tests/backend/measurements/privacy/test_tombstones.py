"""The list of withdrawals: its copy on another disk, and the time until which it is complete."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.measurements.privacy import tombstones
from backend.measurements.privacy.tombstones import TOMBSTONES, Tombstones, tombstones_of
from tests.support.devices import ME
from tests.support.factories import register

AT = datetime(2026, 12, 2, 7, 0, tzinfo=UTC)
COMMAND = ("privacy", "copy-withdrawals")


@pytest.fixture
def other_disk(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A BACKUP_DIR that is on another disk than VAR_DIR."""
    app.config["VAR_DIR"], app.config["BACKUP_DIR"] = tmp_path / "var", tmp_path / "backups"
    for folder in ("var", "backups"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(tombstones, "_device", str)
    return tmp_path / "backups"


def test_a_withdrawal_is_listed_on_both_disks(
    app: Flask, client: FlaskClient, other_disk: Path
) -> None:
    assert client.delete(ME, headers=register(client)).status_code == 200
    assert app.test_cli_runner().invoke(args=COMMAND).exit_code == 0
    here, there = app.config["VAR_DIR"] / TOMBSTONES, other_disk / TOMBSTONES
    assert here.read_text() == there.read_text()
    assert [len(line) for line in here.read_text().splitlines()] == [85, 20]
    assert {path.stat().st_mode & 0o777 for path in (here, there)} == {0o600}


def test_a_copy_that_cannot_be_written_refuses_nobody_and_is_completed_later(
    app: Flask, client: FlaskClient, other_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = register(client)
    copy = other_disk / TOMBSTONES
    copy.mkdir()  # as on a disk that is full, gone or not ours
    assert client.delete(ME, headers=headers).status_code == 200
    assert "withdrawal not copied" in capsys.readouterr().out
    failed = app.test_cli_runner().invoke(args=COMMAND)
    assert failed.exit_code == 1 and f"{copy}: Is a directory" in failed.output
    copy.rmdir()
    assert app.test_cli_runner().invoke(args=COMMAND).exit_code == 0
    assert copy.read_text() == (app.config["VAR_DIR"] / TOMBSTONES).read_text()


def test_on_the_same_disk_there_is_no_copy(app: Flask, tmp_path: Path) -> None:
    app.config["VAR_DIR"] = tmp_path
    for backups in (None, tmp_path / "backups", tmp_path.parent / "not/there"):
        app.config["BACKUP_DIR"] = backups
        assert tombstones_of(app.config).copy is None


def test_a_line_that_was_cut_spoils_no_other(tmp_path: Path) -> None:
    """As the machine lost its power while it was written."""
    known = Tombstones(tmp_path / TOMBSTONES, "key")
    first, second = uuid4(), uuid4()
    known.add(first, AT)
    with known.path.open("a") as file:
        file.write("2026-12-02T07:0")
    known.add(second, AT + timedelta(hours=1))
    assert known.among([first, second, uuid4()]) == {first: AT, second: AT + timedelta(hours=1)}
    known.mark_complete(AT + timedelta(hours=2))
    lines = known.path.read_text().splitlines()
    assert tombstones.complete_until(lines) == AT + timedelta(hours=2)
    assert tombstones.complete_until([]) is None

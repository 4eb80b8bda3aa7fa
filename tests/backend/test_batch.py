"""--workers and --scheduler: the same results, whoever does the parts."""

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend import batch
from backend.errors import FieldError, Problem, invalid
from backend.extensions import db
from backend.measurements import archive_files, comparing, revising
from tests.conftest import Hands
from tests.factories import location, post, register, sample

MONTH = "2024-11"
SPAN = date(2024, 11, 1), date(2024, 11, 30)
DECEMBER = datetime(2024, 12, 5, tzinfo=UTC)


@pytest.fixture
def shared(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Workers read the settings of this test from their environment, and have parts to share."""
    app.config["ARCHIVE_DIR"] = tmp_path / "archive"
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "VAR_DIR", "SECRET_KEY", "ARCHIVE_DIR"):
        monkeypatch.setenv(name, str(app.config[name]))
    monkeypatch.setattr(archive_files, "ROW_GROUP", 2)
    monkeypatch.setattr(revising, "DEVICES_A_LOT", 1)
    return tmp_path


@pytest.fixture
def misplaced(app: Flask, client: FlaskClient, clock: Hands, shared: Path) -> None:
    """Rows of three devices and of none, all of them in a commune of Hà Nội; archived so."""
    for _ in range(3):
        mine = register(client)
        times = [f"2024-11-{day}T09:00:00+07:00" for day in (12, 13, 14)]
        post(client, mine, *(sample(at) for at in times), sample(location=location(latitude=18.0)))
    with app.app_context():
        wrong = "(select id from units where system = '2024' and code = '00001')"
        for table in ("measurements", "count_deltas"):
            db.session.execute(text(f"update {table} set unit_id = {wrong}"))
        db.session.commit()
    clock.now = DECEMBER
    run(app, "measurements", "archive", MONTH)


def run(app: Flask, *words: str) -> str:
    result = app.test_cli_runner().invoke(args=list(words))
    assert result.exit_code == 0, result.output
    return str(result.output)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()
    }  # fmt: skip


def everything(app: Flask) -> list[str]:
    """What follows from a revision: rows, counts and figures, as the database spells them."""
    with app.app_context():
        asked = [
            "select m::text from measurements m order by id",
            "select concat(unit_id, day, network, fate, sum(n)) from count_deltas"
            " group by unit_id, day, network, fate order by 1",
        ]
        return [row for one in asked for row in db.session.execute(text(one)).scalars()]


@pytest.mark.usefixtures("misplaced")
def test_two_processes_find_and_do_what_one_does(app: Flask, shared: Path) -> None:
    alone, both = shared / "alone", shared / "both"
    with app.app_context(), batch.Workforce(workers=2) as force:
        found = [
            comparing.compare_places([MONTH], folder, silently, crew)
            for folder, crew in ((alone, batch.ALONE), (both, force))
        ]
        assert found == [comparing.Comparison(rows=12, differ=12, moved=12)] * 2
        assert digests(both) == digests(alone) and len(digests(alone)) == 6
        done = revising.reassign(*SPAN, False, silently, force)
        assert (done.moved, done.rejudged) == (12, 0)
        again = list(force.each(revising.revise_lot, []))
        with pytest.raises(Problem) as problem:
            list(force.each(refuse, [1, 2]))
    assert again == [] and problem.value.errors == (FieldError("month", "not_one_of"),)
    once = everything(app)
    assert "moved to another commune: 0" in run(app, "measurements", "reassign")
    assert everything(app) == once
    assert "differences: 0" in run(app, "measurements", "recount")


def silently(done: int, of: int) -> None:
    """Whoever waits is no terminal."""


def refuse(part: int) -> None:
    """A part that cannot be done says so to whoever asked for it."""
    raise invalid("month", "not_one_of")


@pytest.mark.parametrize("address", ["tcp://203.0.113.7:8786", "tls://203.0.113.7:8786"])
def test_a_scheduler_is_met_with_certificates_or_not_at_all(app: Flask, address: str) -> None:
    words = ["measurements", "reassign", "--scheduler", address]
    result = app.test_cli_runner().invoke(args=words)
    assert result.exit_code == 2
    assert "runs programs on its workers" in result.output and "BATCH_TLS_CA" in result.output

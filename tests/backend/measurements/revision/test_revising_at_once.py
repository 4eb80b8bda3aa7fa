"""Revisions at the same time as others, or as a release."""

import json
import threading
import time
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import Engine, text

from backend.database.extensions import db
from backend.database.locks import ONE, RELEASE_LOCK
from backend.measurements.recording.counting import differences
from backend.measurements.revision.service import Decision, decide_on_device
from tests.support.factories import sample

WAITS = text("select count(*) from pg_locks where not granted")


def imported(app: Flask, tmp_path: Path) -> UUID:
    """Import a counted row without a device; return its id."""
    row, path = sample(), tmp_path / "rows.ndjson"
    path.write_text(json.dumps(row))
    words = ["measurements", "import", str(path), "--format", "ndjson", "--count", "máy của Sở"]
    assert app.test_cli_runner().invoke(args=words).exit_code == 0
    return UUID(row["id"])


def exclude(row: UUID) -> None:
    decide_on_device(None, [row], Decision("trong xưởng"))


def test_rows_of_no_device_are_taken_out_once(app: Flask, owner: Engine, tmp_path: Path) -> None:
    row = imported(app, tmp_path)

    def another() -> None:
        with app.app_context():
            exclude(row)
            db.session.commit()

    second = threading.Thread(target=another)
    with app.app_context(), owner.connect() as watcher:
        exclude(row)
        second.start()
        deadline = time.monotonic() + 10
        while not watcher.execute(WAITS).scalar() and time.monotonic() < deadline:
            time.sleep(0.01)
        db.session.commit()
        second.join()
        assert differences() == []
        assert db.session.execute(text("select count(*) from exclusions")).scalar_one() == 1


def test_rows_of_no_device_do_not_wait_for_a_release(
    app: Flask, owner: Engine, tmp_path: Path
) -> None:
    row = imported(app, tmp_path)
    with app.app_context(), owner.begin() as release:
        release.execute(ONE, {"key": RELEASE_LOCK})
        db.session.execute(text("set local lock_timeout = '1s'"))
        exclude(row)
        db.session.commit()
        assert db.session.execute(text("select count(*) from exclusions")).scalar_one() == 1

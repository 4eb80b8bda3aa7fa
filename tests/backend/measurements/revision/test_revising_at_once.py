"""Two who revise the same rows at once: counts change once."""

import json
import threading
import time
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import Engine, text

from backend.database.extensions import db
from backend.measurements.recording.counting import differences
from backend.measurements.recording.service import JudgingSettings
from backend.measurements.revision.service import Decision, decide_on_device
from tests.support.factories import sample

WAITS = text("select count(*) from pg_locks where not granted")


def test_rows_of_no_device_are_taken_out_once(app: Flask, owner: Engine, tmp_path: Any) -> None:
    one, path = sample(), tmp_path / "rows.ndjson"
    path.write_text(json.dumps(one))
    words = ["measurements", "import", str(path), "--format", "ndjson", "--count", "máy của Sở"]
    assert app.test_cli_runner().invoke(args=words).exit_code == 0

    def exclude() -> None:
        decide_on_device(None, [UUID(one["id"])], Decision("trong xưởng"), JudgingSettings())

    def another() -> None:
        with app.app_context():
            exclude()
            db.session.commit()

    second = threading.Thread(target=another)
    with app.app_context(), owner.connect() as watcher:
        exclude()
        second.start()
        deadline = time.monotonic() + 10
        while not watcher.execute(WAITS).scalar() and time.monotonic() < deadline:
            time.sleep(0.01)
        db.session.commit()
        second.join()
        assert differences() == []
        assert db.session.execute(text("select count(*) from exclusions")).scalar_one() == 1

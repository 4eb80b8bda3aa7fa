"""What is stored as JSON names the columns of its table and no other: a typo would be lost."""

from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.database.extensions import db
from backend.devices import consent
from backend.devices import service as devices
from backend.devices.service import Agreement, Registration
from backend.measurements.recording import service
from backend.measurements.recording.incoming import LOADED, ReceiptContext
from backend.measurements.recording.models import Measurement, Receipt
from tests.support.factories import post, register, sample


def test_rows_and_receipts_name_the_columns(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, set[str]] = {}
    really = service.store

    def store(run: Any, gate: Any, receipts: list[Any], rows: list[Any], *others: Any) -> None:
        seen.update(receipts=set(receipts[0]), rows=set(rows[0]))
        really(run, gate, receipts, rows, *others)

    monkeypatch.setattr(service, "store", store)
    whole = sample(**dict.fromkeys(LOADED, 50))  # others may be left out
    assert post(client, register(client), whole).status_code == 201
    assert seen["rows"] == set(Measurement.__table__.columns.keys())
    assert seen["receipts"] | {"note_id"} == set(Receipt.__table__.columns.keys())


def test_samples_of_a_device_whose_token_was_never_used_belong_to_it(app: Flask) -> None:
    """Imports and the demo record for a device by its id."""
    with app.app_context():
        agreement = Agreement(consent.CURRENT, datetime.fromisoformat("2024-11-15T12:00:00+07:00"))
        secret = app.config["SECRET_KEY"]
        phone, _ = devices.register(
            Registration(agreement), secret=secret, now=agreement.accepted_at, address=""
        )
        receipt = ReceiptContext(datetime.fromisoformat("2024-11-16T12:00:00+07:00"))
        context = service.RecordingContext(app.extensions["locator"], secret, 600)
        tests = [sample("2024-11-16T09:00:00+07:00"), sample("2024-11-16T09:01:00+07:00")]
        service.record(phone["id"], tests, receipt, context)
        rows = db.session.scalars(select(Measurement).order_by(Measurement.measured_at)).all()
    assert [row.device_id for row in rows] == [phone["id"]] * 2
    assert "repeat" in rows[1].reasons

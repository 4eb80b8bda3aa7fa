"""What is stored as JSON names the columns of its table and no other: a typo would be lost."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from backend.measurements.recording import service
from backend.measurements.recording.incoming import LOADED
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
    assert seen["receipts"] == set(Receipt.__table__.columns.keys())

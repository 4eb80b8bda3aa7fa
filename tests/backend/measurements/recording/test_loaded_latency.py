"""Latency and stability of the line under load, which a sample may state."""

import json
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from backend.database.extensions import db
from backend.measurements.recording.incoming import LOADED
from backend.measurements.recording.intake import digest
from backend.measurements.recording.models import Measurement
from tests.support.factories import post, register, sample
from tests.support.people import person, unit_id

FIGURES = dict(zip(LOADED, (180.5, 240.0, 71.2, 64.0), strict=True))


def stored(app: Flask) -> list[dict[str, Any]]:
    with app.app_context():
        rows = db.session.query(Measurement).order_by(Measurement.measured_at)
        return [{name: getattr(row, name) for name in LOADED} for row in rows]


def test_they_are_stored_and_in_every_list_of_samples(app: Flask, client: FlaskClient) -> None:
    phone = register(client)
    sent = sample(**FIGURES)
    assert post(client, phone, sent).json["counted"]
    assert stored(app) == [FIGURES]
    own = client.get(f"/api/v1/measurements/{sent['id']}", headers=phone).json
    exported = json.loads(client.get("/api/v1/devices/me/export", headers=phone).text)
    official = person(app, "official", unit_id(app, "19", level="province"))
    url = "/api/v1/units/19/measurements?month=2024-11"
    [listed] = client.get(url, headers=official).json["items"]
    for found in (own, exported["measurements"][0], listed):
        assert {name: found[name] for name in LOADED} == FIGURES


def test_a_sample_without_them_or_with_null_has_none(app: Flask, client: FlaskClient) -> None:
    nulls = sample("2024-11-15T15:12:33+07:00", **dict.fromkeys(LOADED))
    failed = sample("2024-11-15T20:12:33+07:00", status="failed", ping_download_ms=900)
    answer = post(client, register(client), sample(), nulls, failed)
    assert answer.json["accepted"] == 3
    assert [one["ping_download_ms"] for one in stored(app)] == [None, None, 900]
    assert [one["download_stability_percent"] for one in stored(app)] == [None] * 3


def test_they_do_not_decide_whether_a_sample_counts(client: FlaskClient) -> None:
    worst = {"ping_download_ms": 60_000, "ping_upload_ms": 0, "download_stability_percent": 0}
    answer = post(client, register(client), sample(**worst)).json
    assert answer["counted"] and answer["marks"] == []


def test_the_digest_of_a_body_is_that_of_its_content() -> None:
    body = sample() | {"id": "any"}
    assert digest(body, "key").hex().startswith("9ad23e872cd585d4")
    assert digest(body | FIGURES, "key") != digest(body, "key")


def test_the_same_body_again_is_a_duplicate_with_other_figures_a_conflict(
    client: FlaskClient,
) -> None:
    phone, sent = register(client), sample(**FIGURES)
    changed = sent | {"ping_upload_ms": 30}
    outcomes = [post(client, phone, one).json["outcome"] for one in (sent, sent, changed)]
    assert outcomes == ["accepted", "duplicate", "conflict"]

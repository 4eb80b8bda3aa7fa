"""New devices over the API: those that measure once, and registrations by commune and day."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from backend.coverage.signals import rules
from backend.coverage.signals.rules import ONCE_DEVICES
from backend.database.extensions import db
from backend.measurements.recording.models import Measurement
from backend.memberships.models import Membership
from backend.units.models import Unit
from tests.support.factories import HERE, location, post, register, sample
from tests.support.people import (
    add_membership,
)
from tests.support.signals import FAR, NINE, SINCE, Cast


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


class Stall:
    """New phones that measure at one place of a commune, once each."""

    def __init__(self, cast: Cast, app: Flask) -> None:
        self.cast, self.app = cast, app
        app.extensions["clock"].now = NINE
        self.phones = [register(cast.client, timedelta()) for _ in range(ONCE_DEVICES)]
        app.extensions["clock"].now = NINE + timedelta(hours=6)
        for n, phone in enumerate(self.phones):
            self.measure(phone, n + 1, HERE["latitude"])

    def measure(self, phone: dict[str, str], minute: int, latitude: float) -> None:
        at = (NINE + timedelta(minutes=minute)).isoformat()
        body = sample(at, download_mbps=20.5 + minute, location=location(latitude=latitude))
        assert post(self.cast.client, phone, body).status_code == 201

    def make_guests(self) -> None:
        cast = self.cast
        for phone in self.phones:
            until = NINE + timedelta(days=1)
            guest = add_membership(self.app, phone, cast.campaign, cast.team, SINCE, until)
            with self.app.app_context():
                theirs = update(Membership).where(Membership.volunteer_id == guest)
                db.session.execute(theirs.values(guest_of=cast.volunteer))
                db.session.commit()

    def signs(self) -> list[str]:
        with self.app.app_context():
            latest = select(Measurement.unit_id).where(Measurement.latitude == HERE["latitude"])
            code = db.session.scalar(select(Unit.code).where(Unit.id.in_(latest)))
        url = f"/api/v1/units/{code}/signals?month=2024-11"
        self.cast.search()
        items = self.cast.client.get(url, headers=self.cast.official).json["items"]
        return [item["kind"] for item in items if item["kind"] == "new_devices_once"]


def test_phones_that_measured_once_are_told_in_their_commune(cast: Cast, app: Flask) -> None:
    assert Stall(cast, app).signs() == ["new_devices_once"]


def test_who_measures_in_another_commune_too_did_not_measure_once(cast: Cast, app: Flask) -> None:
    stall = Stall(cast, app)
    for n, phone in enumerate(stall.phones):
        stall.measure(phone, 200 + n, HERE["latitude"] + 4 * FAR)
    assert stall.signs() == []


def test_guests_are_helped_once_and_no_sign(cast: Cast, app: Flask) -> None:
    stall = Stall(cast, app)
    stall.make_guests()
    assert stall.signs() == []


def test_most_samples_of_guests_are_told_until_members_have_more(
    cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MIN_GUESTS", ONCE_DEVICES)
    stall, tomorrow = Stall(cast, app), NINE + timedelta(days=1)
    stall.make_guests()
    [one] = cast.of_unit(query="&kind=guest_share").json["items"]
    assert one["evidence"]["devices"] == ONCE_DEVICES == len(one["devices"])
    assert "10 mẫu trong 10 mẫu" in one["message"]
    app.extensions["clock"].now = tomorrow + timedelta(hours=6)
    for n, phone in enumerate(stall.phones):
        add_membership(app, phone, cast.campaign, cast.team, tomorrow)
        stall.measure(phone, 24 * 60 + n, HERE["latitude"])
    assert cast.of_unit(query="&kind=guest_share").json["items"] == []

"""A campaign and a volunteer with a mock position, for tests of signals."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.coverage.signals.rules import MIN_MOCK
from backend.coverage.signals.scans import Place, search
from backend.database.extensions import db
from tests.support.daily_counts import add_counts
from tests.support.factories import HERE, location, post, register, sample
from tests.support.people import (
    add_membership,
    campaign,
    organisation,
    person,
    team,
    unit_id,
)

SINCE = datetime(2024, 11, 1, tzinfo=UTC)
NINE = datetime(2024, 11, 15, 2, 0, tzinfo=UTC)
FAR = 0.05  # degrees: some 5 km
SIGNALS = "/api/v1/signals"


class Cast:
    """A campaign in Thái Nguyên whose first volunteer measures with a mock position."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        union = self.organisation = organisation(app)
        self.team = team(app, union)
        self.province = unit_id(app, "19", level="province")
        self.campaign = campaign(app, union, self.province)
        self.organiser = person(app, "organiser", union)
        self.official = person(app, "official", self.province)
        self.phone = self.add_volunteer()
        self.mock(self.phone, MIN_MOCK)

    def add_volunteer(self) -> dict[str, str]:
        """Register the device of another volunteer; return its headers."""
        phone = register(self.client)
        self.volunteer = add_membership(self.app, phone, self.campaign, self.team, SINCE)
        return phone

    def mock(self, phone: dict[str, str], n: int, first: int = 0) -> None:
        samples = [
            sample(
                (NINE + timedelta(minutes=10 * k)).isoformat(),
                download_mbps=40.0 + k,
                location=location(is_mock=True, latitude=HERE["latitude"] + k / 500),
            )
            for k in range(first, first + n)
        ]
        assert post(self.client, phone, *samples).status_code in (200, 201, 207)

    def search(self) -> None:
        """Search the province and the campaign, as the jobs of their pages do."""
        places = Place("2024-11", self.province), Place("2024-11", None, self.campaign)
        with self.app.app_context():
            for place in places:
                assert search(place, self.app.config["SECRET_KEY"], self.app.extensions["clock"]())

    def of_campaign(self, query: str = "", headers: Any = None) -> Any:
        """Read the campaign's signals after a search."""
        self.search()
        url = f"/api/v1/campaigns/{self.campaign}/signals?month=2024-11{query}"
        return self.client.get(url, headers=headers or self.organiser)

    def of_unit(self, code: str = "19", query: str = "", headers: Any = None) -> Any:
        """Read a unit's signals after a search."""
        self.search()
        url = f"/api/v1/units/{code}/signals?month=2024-11&level=province{query}"
        return self.client.get(url, headers=headers or self.official)

    def decide(self, one: int, headers: Any = None, **body: Any) -> Any:
        decision = {"signals": [{"id": one}]} | body
        return self.client.patch(SIGNALS, json=decision, headers=headers or self.organiser)


# Phones and their samples in one commune, `step` apart: many rows in one statement. Speeds and
# places differ.
ROWS = text("""
    with phones as (
        insert into devices (id, token_hash, withdrawal_hash, registered_at, consent_version)
        select md5(:name || n)::uuid, sha256((:name || n)::bytea),
            sha256(('w' || :name || n)::bytea), :registered_at, '1'
        from generate_series(1, :phones) n
    ), made as (
        select gen_random_uuid() as id, md5(:name || n)::uuid as device_id, t.at,
            (t.at at time zone 'Asia/Ho_Chi_Minh')::date as day, n, k,
            n % 3 * cast(:spread as float) as east
        from generate_series(1, :phones) n cross join generate_series(0, :each - 1) k
        cross join lateral (select :begin + k * :step + n * cast(:every as interval)) t (at)
    ), added as (
        insert into measurements (id, device_id, received_at, measured_at, day, network, kind,
            source, status, operator, download_mbps, upload_mbps, ping_ms, latitude, longitude,
            accuracy_m, unit_id, own_reasons, reasons, marks, valid, counted, rules, assurance)
        select id, device_id, coalesce(:received_at, at), at, day, :network, :network, 'app',
            'finished', 'Viettel', 10 + (n * 7919 + k) % 9000 / 100.0,
            5 + (k * 31 + n) % 997 / 10.0, 20 + (n + k * 7) % 499 / 10.0,
            21.59 + k % 40 / 1000.0 + n / 1e6, 105.84 + k / 40 % 40 / 1000.0 + k / 1e6 + east,
            12, :unit,
            '{}', cast(:reasons as text[]), '{}', true,
            cardinality(cast(:reasons as text[])) = 0, 2, 'witnessed'
        from made
    ), used as (
        insert into tickets (id, device_id, number, host_id, profile, issued_at, expires_at,
            used_by, used_at, prefix, outside)
        select gen_random_uuid(), device_id, k + 1, cast(:host as uuid), 'small', at, at, id,
            coalesce(:received_at, at), cast(:prefix as bytea), cast(:outside as boolean)
        from made where cast(:prefix as bytea) is not null
    )
    select cast(:unit as int) as unit_id, day, cast(:network as text) as network,
        coalesce((cast(:reasons as text[]))[1], 'counted_witnessed') as category, count(*) as n
    from made group by day
""")


def add_rows(unit: int, name: str, phones: int, each: int, **changes: Any) -> None:
    """Store `each` counted samples of so many phones; commit."""
    values = {
        "unit": unit,
        "name": name,
        "phones": phones,
        "each": each,
        "begin": SINCE,
        "step": timedelta(minutes=7),
        "registered_at": SINCE - timedelta(days=30),
        "received_at": None,
        "reasons": [],
        "prefix": None,
        "outside": None,
        "host": UUID(int=1),
        "network": "mobile",
        "spread": 0.0,
        "every": "61 seconds",
    }
    add_counts(db.session.execute(ROWS, values | changes).mappings().all())
    db.session.commit()

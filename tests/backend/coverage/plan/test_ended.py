"""GET /api/v1/memberships/ended: the end of a campaign on its members' phones."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from backend.campaigns.models import Campaign
from backend.database.extensions import db
from backend.devices.service import authenticate
from backend.memberships.volunteers import volunteer_of
from tests.support.clock import FakeClock
from tests.support.contributions import add_measurement
from tests.support.factories import register
from tests.support.joining import URL, Cast, join
from tests.support.people import campaign, unit_id

ENDED = f"{URL}/ended"


@pytest.mark.parametrize(
    ("state", "days", "name", "leaves", "told"),
    [
        ("open", 0, "Lan", False, False),
        ("closed", 0, "Lan", False, True),
        ("closed", 0, None, True, True),
        ("open", 20, None, False, True),  # its last day has passed
        ("closed", 90, "Lan", False, False),
    ],
)
def test_a_phone_tells_what_its_person_gave(
    app: Flask,
    client: FlaskClient,
    clock: FakeClock,
    state: str,
    days: int,
    name: str | None,
    leaves: bool,
    told: bool,
) -> None:
    cast, phone, other = (
        Cast(app, unit_id(app, "19", level="province")),
        *map(register, [client] * 2),
    )
    shown = {"name": name, "agreed": True} if name else None
    made = join(client, phone, cast.code_one, display_name=shown).json
    join(client, other, cast.code_one)
    dates = {"first_day": date(2024, 12, 1), "last_day": date(2025, 12, 31)}
    later = campaign(app, cast.organisation, name="Đợt sau", **dates)
    code = cast.code(cast.one, later)
    with app.app_context():
        device = authenticate(phone["Authorization"].split()[1], clock.now).id
        mine, here = volunteer_of(device), unit_id(app, "05443")
        for volunteer in (mine, mine, None):
            add_measurement(cast.campaign, cast.one, unit=here, volunteer=volunteer)
        db.session.execute(update(Campaign).filter_by(id=cast.campaign).values(state=state))
        db.session.commit()
    if leaves:
        client.delete(f"{URL}/{made['id']}", headers=phone)
    clock.now += timedelta(days=days)
    expected: dict[str, Any] = {
        "campaign": made["campaign"],
        "team": made["team"],
        "counted": 2,
        "certificate": f"/api/v1/campaigns/{cast.campaign}/certificate" if name else None,
        "next": None if leaves else {"id": later, "name": "Đợt sau", "code": code},
    }
    answer = client.get(ENDED, headers=phone).json["items"]
    assert len(answer) == told
    if told:
        unit = answer[0].pop("unit")
        assert answer == [expected]
        assert unit | {"counted": 3, "target": 300, "shortfall": 297} == unit
        assert unit["name"] == "Phường Trưng Vương"
        assert client.get(answer[0]["certificate"] or ENDED, headers=phone).status_code == 200
        # Who measured nothing is thanked too, without a commune or a certificate.
        theirs = client.get(ENDED, headers=other).json["items"][0]
        assert (theirs["counted"], theirs["unit"], theirs["certificate"]) == (0, None, None)
    assert client.get(ENDED, headers=register(client)).json == {"items": []}

"""Certificates of a campaign that is over: who gets one, and what it says."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import update

from backend.campaigns.models import Campaign
from backend.coverage.contributions.certificates import certificates, draw_certificates
from backend.coverage.contributions.query import CampaignAccess
from backend.database.extensions import db
from backend.devices.service import authenticate
from backend.memberships.volunteers import volunteer_of
from tests.support.clock import FakeClock
from tests.support.contributions import add_measurement, volunteers
from tests.support.factories import register
from tests.support.joining import Cast, join
from tests.support.people import unit_id


def set_state(app: Flask, campaign: int, state: str) -> None:
    with app.app_context():
        db.session.execute(update(Campaign).filter_by(id=campaign).values(state=state))
        db.session.commit()


def own(app: Flask, phone: dict[str, str], clock: FakeClock) -> int:
    with app.app_context():
        device = authenticate(phone["Authorization"].split()[1], clock.now).id
        return volunteer_of(device) or 0


@pytest.mark.parametrize(
    ("state", "name", "counted", "status"),
    [("closed", "Lan", 2, 200), ("archived", "Lan", 1, 200), ("open", "Lan", 2, 404),
     ("closed", None, 2, 404), ("closed", "Lan", 0, 404)],
)  # fmt: skip
def test_a_phone_gets_the_own_certificate(
    app: Flask,
    client: FlaskClient,
    clock: FakeClock,
    state: str,
    name: str | None,
    counted: int,
    status: int,
) -> None:
    cast, phone, other = Cast(app), register(client), register(client)
    for one, chosen in ((phone, name), (other, "Hoa")):
        shown = {"name": chosen, "agreed": True} if chosen else None
        assert join(client, one, cast.code_one, display_name=shown).status_code == 201
    volunteer, here = own(app, phone, clock), unit_id(app, "05443")
    with app.app_context():
        for _ in range(counted):
            add_measurement(cast.campaign, cast.one, unit=here, volunteer=volunteer)
        db.session.commit()
    set_state(app, cast.campaign, state)
    url = f"/api/v1/campaigns/{cast.campaign}/certificate"
    answer = client.get(url, headers=phone)
    assert answer.status_code == status
    assert client.get(url, headers=other).status_code == 404  # nothing measured
    if status == 200:
        assert answer.headers["Cache-Control"] == "no-store"
        with Image.open(io.BytesIO(answer.data)) as picture:
            assert picture.size == (1240, 1754)


def test_only_teams_and_members_with_a_name_get_one(app: Flask, client: FlaskClient) -> None:
    cast, here = Cast(app), unit_id(app, "05443")
    lan, nameless, unmeasured = volunteers(app, "Lan & Bình", None, "Cúc")
    with app.app_context():
        for person, category in ((lan, "counted"), (lan, "counted"), (nameless, "counted"),
                                 (unmeasured, "repeat")):  # fmt: skip
            add_measurement(cast.campaign, cast.one, unit=here, volunteer=person, category=category)
        db.session.commit()
        campaign = db.session.get_one(Campaign, cast.campaign)
        found = certificates(CampaignAccess(campaign, None))
        said: list[Any] = [(one["name"], one["team"], one["counted"]) for one in found]
        assert said == [("Đội 1", None, 3), ("Lan & Bình", "Đội 1", 2)]
        assert certificates(CampaignAccess(campaign, (cast.two,))) == []
        team, member = draw_certificates(campaign, found, campaign.last_day)
    for words in ("Lan &amp; Bình", "thành viên Đội 1", ">2<", campaign.name):
        assert words in member
    assert "thành viên" not in team


def test_a_campaign_closed_early_is_thanked_for_the_days_that_happened(app: Flask) -> None:
    cast, here = Cast(app), unit_id(app, "05443")
    with app.app_context():
        add_measurement(cast.campaign, cast.one, unit=here)
        db.session.commit()
        campaign = db.session.get_one(Campaign, cast.campaign)
        found = certificates(CampaignAccess(campaign, None))
        [running] = draw_certificates(campaign, found, campaign.last_day)
        campaign.state = "closed"
        [closed] = draw_certificates(campaign, found, campaign.last_day)
    assert (last_day_on(running), last_day_on(closed)) == ("30/11/2024", "05/11/2024")


def last_day_on(certificate: str) -> str:
    """Return the day after "đến ngày" in the first sentence of a certificate."""
    text = " ".join(re.findall(r">([^<>]+)<", certificate))
    [day] = re.findall(r"đến ngày (\S+),", text)
    return str(day)

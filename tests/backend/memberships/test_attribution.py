"""Earnings are a function of what is there: memberships, terms, corrections; never of its order."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.recording import counting, earning_sums
from backend.memberships import attribution
from tests.support.clock import FakeClock
from tests.support.factories import location, network, post, register, sample
from tests.support.people import add_membership, campaign, organisation, person, team, unit_id

START = datetime(2024, 11, 10, 0, 0, tzinfo=UTC)
HOURS = 60
HANOI = {"latitude": 21.0285, "longitude": 105.8542, "accuracy_m": 10.0}

moments = st.integers(0, HOURS * 60)
spans = st.lists(
    st.tuples(st.integers(0, 6), st.integers(6, 48), st.booleans()), min_size=1, max_size=4
)
# Mostly what a volunteer does; the rest is what must not be earned.
PLACES = ["here", "here", "here", "here", "hanoi", "nowhere"]
mostly, seldom = st.sampled_from([True, True, True, False]), st.sampled_from([False] * 6 + [True])
samples = st.lists(
    st.tuples(moments, st.sampled_from(PLACES), mostly, seldom), min_size=4, max_size=14
)


def made(spot: tuple[int, str, bool, bool]) -> dict[str, Any]:
    minutes, place, mobile, failed = spot
    where = {"here": location(), "hanoi": HANOI, "nowhere": None}[place]
    kind = network() if mobile else network(kind="wifi")
    at = (START + timedelta(minutes=minutes)).isoformat()
    status = "failed" if failed else "finished"
    return sample(at, location=where, network=kind, status=status)


def naive(
    rows: list[Any],
    stays: list[tuple[datetime, datetime, int]],
    terms: dict[str, Any],
    corrected: dict[str, int | None],
) -> dict[str, tuple[int, str]]:
    """Attribute by the words of the issue, sample by sample, with nothing of the product's code."""
    found: dict[str, tuple[int, str]] = {}
    per_day: dict[Any, int] = {}
    for row in sorted(rows, key=lambda row: (row.measured_at, row.id)):
        local = (row.measured_at + timedelta(hours=7)).date()
        if not terms["first_day"] <= local <= terms["last_day"]:
            continue
        if row.network not in terms["networks"] or row.province not in (None, terms["province"]):
            continue
        teams = [who for since, until, who in stays if since <= row.measured_at < until]
        team_id = teams[0] if teams else None
        if str(row.id) in corrected:
            team_id = corrected[str(row.id)]
        if team_id is None:
            continue
        fate = row.reasons[0] if row.reasons else "counted"
        if fate == "counted":
            per_day[local] = per_day.get(local, 0) + 1
            if terms["cap"] is not None and per_day[local] > terms["cap"]:
                fate = "over_cap"
        found[str(row.id)] = (team_id, fate)
    return found


@pytest.mark.slow
@settings(
    max_examples=20,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would post for minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(spots=samples, spans=spans, cap=st.sampled_from([None, 1, 1, 2]), data=st.data())
def test_earnings_equal_a_recount_from_scratch(
    app: Flask, client: FlaskClient, clock: FakeClock, spots: Any, spans: Any, cap: Any, data: Any
) -> None:
    clock.now = START + timedelta(days=8)
    of = organisation(app, uuid.uuid4().hex)
    teams = [team(app, of, name) for name in ("A", "B")]
    province = unit_id(app, "19", level="province")
    days = {"first_day": START.date(), "last_day": START.date() + timedelta(days=1)}
    both = [campaign(app, of, province, cap=cap, **days), campaign(app, of, province)]
    phone, organiser = register(client), person(app, "organiser", of)
    stays = _stays(app, phone, both, teams, spans)
    bodies = [made(spot) for spot in spots]
    arrivals = data.draw(st.permutations([*bodies, bodies[0]]))
    while arrivals:
        size = data.draw(st.integers(1, len(arrivals)))
        assert post(client, phone, *arrivals[:size]).status_code in (200, 201)
        arrivals = arrivals[size:]
    corrected: dict[str, int | None] = {}
    for body in data.draw(st.lists(st.sampled_from(bodies), max_size=3)):
        to = data.draw(st.sampled_from([*teams, None]))
        asked = {"measurements": [body["id"]], "team_id": to, "reason": "sửa"}
        url = f"/api/v1/campaigns/{both[0]}/corrections"
        answer = client.post(url, json=asked, headers=organiser)
        assert answer.status_code in (200, 404)  # none of the campaign's, nor of its members
        if answer.status_code == 200:
            corrected[body["id"]] = to
    with app.app_context():
        query = text("""
            select m.id, m.measured_at, m.network, m.reasons, u.province_id as province
            from measurements m left join units u on u.id = m.unit_id where m.id = any(:ids)
        """)
        ids = [uuid.UUID(body["id"]) for body in bodies]
        rows = list(db.session.execute(query, {"ids": ids}))
        held = list(
            db.session.execute(
                text("select * from earnings where measurement_id = any(:ids)"), {"ids": ids}
            )
        )
        assert earning_sums.differences() == counting.differences() == []
    shared = {"networks": ["mobile"], "province": province}
    terms = [{**shared, **days, "cap": cap}, {**shared, **NOVEMBER, "cap": None}]
    for number, campaign_id in enumerate(both):
        found = {
            str(row.measurement_id): (row.team_id, row.category)
            for row in held
            if row.campaign_id == campaign_id
        }
        assert found == naive(rows, stays, terms[number], corrected if number == 0 else {})


NOVEMBER = {
    "first_day": datetime(2024, 11, 1, tzinfo=UTC).date(),
    "last_day": datetime(2024, 11, 30, tzinfo=UTC).date(),
}


def _stays(
    app: Flask, phone: dict[str, str], campaigns: list[int], teams: list[int], spans: Any
) -> list[tuple[datetime, datetime, int]]:
    """Memberships one after the other, the same in both campaigns."""
    stays, at = [], START
    for gap, length, first in spans:
        since = at + timedelta(hours=gap)
        at = since + timedelta(hours=length)
        stays.append((since, at, teams[0] if first else teams[1]))
        for campaign_id in campaigns:
            add_membership(app, phone, campaign_id, stays[-1][2], since, at)
    return stays


def test_a_moment_belongs_to_one_stay_alone() -> None:
    begin, change = START, START + timedelta(hours=1)
    first = attribution.Stay(1, 7, 10, 100, False, begin, change)
    second = attribution.Stay(2, 7, 11, 100, False, change, None)
    at = attribution.stay_at([first, second], 7, change)
    assert at == second
    assert attribution.stay_at([first, second], 7, begin) == first
    assert attribution.stay_at([first, second], 8, begin) is None
    assert attribution.stay_at([first, second], 7, begin - timedelta(seconds=1)) is None

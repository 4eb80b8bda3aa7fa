"""The public sees communes as of the last full hour, and nobody who measured there alone."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.accounts.access import PUBLIC
from backend.clock import local_day
from backend.coverage.figures.public_counts import MIN_PHONES
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.plan.nearby import public_counts
from backend.database.extensions import db
from backend.units.models import Unit
from tests.support.clock import FakeClock
from tests.support.factories import location, post, register, sample
from tests.support.people import (
    account,
    add_membership,
    campaign,
    organisation,
    person,
    sign_in,
    team,
    unit_id,
)

MONTH = "2024-11"
COMMUNES = {"month": MONTH, "parent": "19", "fields": "code,received,counted,today,teams"}
QUERIES = (
    "", "?month=2024-11", "?month=2024-11&network=mobile", "?month=2024-11&parent=19",
    "?month=2024-11&level=commune&format=csv", "?month=2024-11&unit={code}", "?unit={code}",
    "?latitude={latitude}&longitude={longitude}",
    "?$filter=Month eq '2024-11' and Level eq 'commune' and ProvinceCode eq '19'",
)  # fmt: skip


class Province:
    """Communes of Thái Nguyên, each with a place inside, and phones that measure there."""

    def __init__(self, app: Flask, client: FlaskClient, clock: FakeClock) -> None:
        self.app, self.client, self.clock = app, client, clock
        app.extensions["hourly_counts"] = True
        with app.app_context():
            province = unit_id(app, "19", level="province")
            of_province = Unit.level == "commune", Unit.province_id == province
            rows = db.session.execute(
                select(Unit.code, Unit.latitude, Unit.longitude).where(*of_province)
            ).all()
        self.places: dict[str, dict[str, Any]] = {}
        for row in rows:
            at = {"latitude": row.latitude, "longitude": row.longitude}
            found = client.post("/api/v1/units/locate", json=at).json["unit"]
            if found and found["code"] == row.code:
                self.places[row.code] = at
            if len(self.places) == 5:
                break

    def measure(self, code: str, phone: dict[str, str] | None = None) -> None:
        """Send a sample that counts, of a phone that nobody knows by default."""
        self.clock.now += timedelta(minutes=1)
        body = sample(self.clock.now.isoformat(), location=location(**self.places[code]))
        answer = post(self.client, phone or register(self.client), body)
        assert answer.json["counted"] and answer.json["unit"]["code"] == code, answer.text

    def copy(self) -> str:
        return self.app.test_cli_runner().invoke(args=["coverage", "copy-counts"]).output

    def until(self, hour: int, day: int = 21) -> None:
        """Wait until a full hour of a day in Vietnam, and copy what is due."""
        self.clock.now = datetime(2024, 11, day, hour, tzinfo=UTC) - timedelta(hours=7)
        self.copy()

    def seen(self, headers: dict[str, str] | None = None, **query: str) -> Any:
        answer = self.client.get("/api/v1/coverage", query_string=COMMUNES | query, headers=headers)
        return answer.headers["ETag"], answer.json

    def counted(self, **query: str) -> dict[str, int]:
        return {one["code"]: one["counted"] for one in self.seen(**query)[1]["items"]}


@pytest.fixture
def province(app: Flask, client: FlaskClient, clock: FakeClock) -> Province:
    made = Province(app, client, clock)
    made.until(9)
    return made


def test_a_person_who_measures_alone_is_not_followed(province: Province) -> None:
    victim, visited = register(province.client), list(province.places)[:4]
    seen = province.seen()
    for code in visited:
        province.measure(code, victim)
        assert province.seen() == seen  # with its tag
    for hour in range(10, 24):
        province.until(hour)
        assert province.seen() == seen
    province.until(0, day=22)  # all at once
    assert province.counted() == dict.fromkeys(province.counted(), 0) | dict.fromkeys(visited, 1)


def test_everybody_reads_the_same_count_with_its_time(province: Province, app: Flask) -> None:
    """Two phones, the leader's page, the public page, its embedded form and picture agree."""
    code, client = next(iter(province.places)), province.client
    phones = [register(client) for _ in range(MIN_PHONES)]
    for phone in phones:
        province.measure(code, phone)
    province.until(10)
    run_by = organisation(app)
    running = campaign(app, run_by, unit_id(app, code))
    mine = team(app, run_by, home_unit_id=unit_id(app, code))
    add_membership(app, phones[0], running, mine, province.clock.now - timedelta(days=2))
    province.clock.now += timedelta(hours=4)
    province.measure(code, phones[0])
    at = {**province.places[code], "network": "mobile"}
    answers = [client.get("/api/v1/next", query_string=at, headers=one).json for one in phones]
    assert [one["unit"]["counted"] for one in answers] == [MIN_PHONES] * MIN_PHONES
    assert {one["unit"]["as_of"] for one in answers} == {"2024-11-21T03:00:00+00:00"}
    assert [one["unit"]["own_since"] for one in answers] == [1, 0, 0]
    query = {"month": MONTH, "unit": code}
    [item] = client.get("/api/v1/coverage", query_string=query).json["items"]
    assert (item["counted"], item["as_of"]) == (MIN_PHONES, "2024-11-21T03:00:00+00:00")
    for page in ("", "/widget", "/wall"):
        text = client.get(f"/unit/{code}{page}?month={MONTH}&lang=vi").text
        assert re.search("Tính đến 10:00|theo số liệu Đo Sóng lúc 10:00", text, re.I), page
    account(app, "leader@example.vn", "team_leader", mine)
    sign_in(client, "leader@example.vn")
    leader = client.get(f"/campaigns/{running}/teams/{mine}?lang=vi").text
    assert f"{MIN_PHONES}/300 mẫu" in leader and "(tính đến 10:00) · đội từ 10:00: +1" in leader
    official = person(app, "official", unit_id(app, "19", level="province"))
    [exact] = client.get("/api/v1/coverage", query_string=query, headers=official).json["items"]
    assert (exact["counted"], exact["as_of"]) == (MIN_PHONES + 1, None)


def test_a_leader_follows_nobody_through_a_teams_communes(province: Province, app: Flask) -> None:
    """A team's rows by commune are of the full hour, and new where enough of its phones are."""
    client, run_by = province.client, organisation(app)
    running = campaign(app, run_by, unit_id(app, "19", level="province"))
    mine, other = team(app, run_by, "Đội A"), team(app, run_by, "Đội B")
    phones = [register(client) for _ in range(MIN_PHONES + 1)]
    for phone, joined in zip(phones, (mine, mine, mine, other), strict=True):
        add_membership(app, phone, running, joined, province.clock.now - timedelta(days=2))
    readers = {
        "leader": person(app, "team_leader", mine), "organiser": person(app, "organiser", run_by),
        "admin": person(app, "admin"),
    }  # fmt: skip
    address = f"/api/v1/campaigns/{running}/contributions"

    def read(who: str, **query: str) -> Any:
        return client.get(address, query_string={"by": "unit"} | query, headers=readers[who]).json

    def rows(who: str, **query: str) -> dict[str, tuple[int, int, str | None]]:
        return {
            one["id"]: (one["counted"], one["active_days"], one["last_day"])
            for one in read(who, **query)["items"]
        }

    first, second, *_others = province.places
    province.until(9, day=20)
    province.measure(first, phones[0])
    province.until(9)
    yesterday, both = (1, 1, "2024-11-20"), (2, 2, "2024-11-21")
    assert read("leader")["as_of"] == "2024-11-21T02:00:00+00:00"
    for code in (first, second):
        province.measure(code, phones[0])
    for query in (
        {},
        {"month": MONTH},
        {"from": "2024-11-20"},
        {"network": "mobile"},
        {"limit": "1"},
    ):
        for who in ("leader", "organiser"):
            assert rows(who, **query) == {first: yesterday}, (who, query)
    assert read("leader")["total"]["counted"] == 3
    assert read("leader")["total"]["last_day"] == "2024-11-21"
    assert rows("leader", **{"from": "2024-11-21"}) == {}
    assert rows("admin")[first] == both and read("admin")["as_of"] is None
    for phone in (phones[1], phones[3]):  # three phones, two of the team
        province.measure(first, phone)
    assert rows("leader") == rows("organiser") == {first: yesterday}
    province.measure(first, phones[2])
    assert rows("leader") == {first: (4, 2, "2024-11-21")} == rows("organiser")
    province.until(10)
    assert rows("leader") == {first: (4, 2, "2024-11-21"), second: (1, 1, "2024-11-21")}
    assert rows("organiser")[first] == (5, 2, "2024-11-21")


def test_the_time_of_a_count_tells_nothing_of_what_it_leaves_out(province: Province) -> None:
    lone, empty = list(province.places)[:2]
    province.until(0, day=21)
    province.measure(lone)
    for hour in (1, 2):
        province.until(hour)
    times = {one["code"]: one["as_of"] for one in province.seen()[1]["items"]}
    assert times[lone] == times[empty] == "2024-11-20T17:00:00+00:00"  # midnight in Vietnam


def test_provinces_and_the_official_see_every_sample_at_once(
    province: Province, app: Flask
) -> None:
    official = person(app, "official", unit_id(app, "19", level="province"))
    code = next(iter(province.places))
    province.measure(code)
    for place in ({}, {"unit": "19"}):
        asked = {"month": MONTH, "level": "province"} | place
        answer = province.client.get("/api/v1/coverage", query_string=asked).json
        assert answer["summary"]["counted"] == 1
        assert [one["counted"] for one in answer["items"] if one["code"] == "19"] == [1]
    tag, exact = province.seen(official)
    assert {one["code"]: one["counted"] for one in exact["items"]}[code] == 1
    assert tag != province.seen()[0]
    far = person(app, "official", unit_id(app, "01", level="province"), name="far@example.vn")
    assert province.seen(far) == province.seen()


@pytest.mark.parametrize("phones", [MIN_PHONES - 1, MIN_PHONES])
def test_enough_phones_show_at_the_full_hour(province: Province, phones: int) -> None:
    code, lone = list(province.places)[:2]
    for _ in range(phones):
        province.measure(code)
    province.measure(lone)
    assert province.copy() == "copied in this hour before\n"
    province.until(10)
    assert province.counted()[code] == (phones if phones == MIN_PHONES else 0)
    assert province.counted()[lone] == 0
    # Those who came before are no company for the next.
    province.measure(code)
    province.until(11)
    assert province.counted()[code] == (0 if phones < MIN_PHONES else phones)
    province.until(0, day=22)
    assert (province.counted()[code], province.counted()[lone]) == (phones + 1, 1)


def test_a_withdrawal_shows_at_midnight(province: Province) -> None:
    code, phone = next(iter(province.places)), register(province.client)
    province.measure(code, phone)
    province.until(0, day=22)
    assert province.counted()[code] == 1
    province.client.delete("/api/v1/devices/me", headers=phone)
    province.until(1, day=22)
    assert province.counted()[code] == 1
    province.until(0, day=23)
    assert province.counted()[code] == 0


class Walk:
    """Every address that a phone or anybody else reads, each answer once."""

    def __init__(self, province: Province) -> None:
        self.province, self.client = province, province.app.test_client(use_cookies=False)
        self.headers = register(province.client)
        found: dict[tuple[str, bytes], str] = {}
        for rule, address in self._all():
            status, body, _ = self._get(address)
            if status == 200:
                found.setdefault((rule, body), address)
        self.addresses = list(found.values())

    def _all(self) -> Iterator[tuple[str, str]]:
        code, at = next(iter(self.province.places.items()))
        values = {"code": code, "kind": "months", "month": MONTH, "system": "2024"}
        values |= {name: str(value) for name, value in at.items()}
        addresses = self.province.app.url_map.bind("localhost")
        for rule in self.province.app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()) or rule.rule.startswith("/metrics"):
                continue
            form = next((one for one in ("slide", "csv") if one in rule.rule), "svg")
            for name in (f"{MONTH}-mobile", "Coverage"):
                filled = values | {"name": name, "form": form}
                if rule.arguments <= filled.keys():
                    used = {argument: filled[argument] for argument in rule.arguments}
                    path = addresses.build(rule.endpoint, used)
                    for query in QUERIES:
                        yield rule.rule, path + query.format(**filled)

    def _get(self, address: str) -> tuple[int, bytes, str | None]:
        answer = self.client.get(address, headers=self.headers, buffered=True)
        if answer.status_code == 401:  # no endpoint of phones
            answer = self.client.get(address, buffered=True)
        return answer.status_code, answer.data, answer.headers.get("ETag")

    def answers(self) -> dict[str, Any]:
        return {address: self._get(address) for address in self.addresses}


def test_the_counts_around_a_phone_are_those_of_coverage(province: Province) -> None:
    one, other, *_ = province.places
    for _ in range(MIN_PHONES):
        province.measure(one)
    province.until(10)
    province.measure(other)  # alone since the full hour
    with province.app.app_context():
        now = province.clock.now
        found = public_counts(local_day(now), "mobile", {"01", "19"})
        expected = {}
        for code in ("01", "19"):
            query = CoverageQuery(f"{now:%Y-%m}", "commune", "mobile", code, reader=PUBLIC)
            for item in coverage(query, now)["items"]:
                expected[item["code"]] = {
                    "counted": item["counted"],
                    "target": item["target"],
                    "shortfall": item["shortfall"],
                    "vnnic": None,  # our count steers
                    "as_of": item["as_of"],
                }
        assert found == expected
        assert found[one]["counted"] == MIN_PHONES and found[other]["counted"] == 0


# Paths that show the country by province; with a filter of communes they are walked too.
EXACT = {"/", "/api/v1/vnnic", "/api/v1/odata/Coverage"}
OF_COMMUNES = {
    "/api/v1/alerts", "/api/v1/coverage", "/api/v1/next", "/api/v1/odata/Coverage",
    "/api/v1/units/{code}/history", "/map/figures",
    "/ogc/collections/2024-11-mobile/items/{code}", "/table.csv", "/unit/{code}",
    "/unit/{code}/picture.png", "/unit/{code}/widget",
}  # fmt: skip


@pytest.mark.slow
def test_no_answer_about_communes_changes_within_the_hour(province: Province) -> None:
    code, other = list(province.places)[:2]
    province.measure(other)
    province.until(0, day=22)
    walk = Walk(province)
    before, at = walk.answers(), province.clock.now
    province.measure(code)
    province.clock.now = at
    within = walk.answers()
    changed = {one for one in before if before[one] != within[one]}
    assert {one.partition("?")[0] for one in changed} == EXACT
    assert not any("commune" in one for one in changed)
    province.app.test_cli_runner().invoke(args=["coverage", "copy-counts", "--everything"])
    copied = walk.answers()
    shown = {one.partition("?")[0] for one in within if within[one] != copied[one]}
    assert {path.format(code=code) for path in OF_COMMUNES} <= shown, shown

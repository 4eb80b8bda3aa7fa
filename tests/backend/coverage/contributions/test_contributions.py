"""What each team contributed: figures that add up, for those who may see them."""

import csv
import io
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import text

from backend.coverage.targets.models import Target
from backend.database.extensions import db, owner_session
from backend.http.paging import encode_cursor
from tests.backend.coverage.contributions.test_needed import TARGET, target  # noqa: F401 # a fixture
from tests.support.contributions import NOON, add_measurement, change_team, minutes, volunteers
from tests.support.factories import post, register, sample
from tests.support.people import add_membership, campaign, organisation, person, team, unit_id

DAY = timedelta(days=1)
ADDITIVE = ("received", "valid", "counted", "guests", "unlocated", "needed")


class Cast:
    """Two organisations, three teams, two volunteers and a guest in one campaign of November."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        self.union, self.digital = organisation(app), organisation(app, "Tổ công nghệ số")
        self.first, self.second = (team(app, self.union, name) for name in ("Đội A", "Đội B"))
        self.third = team(app, self.digital, "Tổ 3")
        self.campaign = campaign(app, self.union, unit_id(app, "19", level="province"))
        self.an, self.nameless, self.guest = volunteers(app, "An", None, None)
        self.here, self.there = unit_id(app, "05443"), unit_id(app, "05446")
        self.organiser = person(app, "organiser", self.union)
        self.leader = person(app, "team_leader", self.first)

    def fill(self) -> None:
        with self.app.app_context():
            mine = {"volunteer": self.an}
            for n in range(3):
                add_measurement(self.campaign, self.first, NOON + n * DAY, self.here, **mine)
            add_measurement(self.campaign, self.first, NOON, self.there, category="repeat", **mine)
            add_measurement(
                self.campaign, self.first, NOON, None, category="outside_communes", **mine
            )
            add_measurement(self.campaign, self.first, NOON, self.there, category="over_cap",
                volunteer=self.nameless)  # fmt: skip
            add_measurement(
                self.campaign, self.second, NOON, self.here, volunteer=self.guest, guest=True
            )
            add_measurement(self.campaign, self.third, NOON + DAY, self.there, network="fixed")
            moved = add_measurement(
                self.campaign, self.second, NOON, self.here, volunteer=self.nameless
            )
            change_team(moved, self.third)
            add_measurement(self.campaign, None, NOON, self.here)  # of nobody
            db.session.commit()

    def ask(self, query: str = "", who: dict[str, str] | None = None) -> Any:
        url = f"/api/v1/campaigns/{self.campaign}/contributions?{query}"
        return self.client.get(url, headers=self.organiser if who is None else who)

    def rows(self, query: str = "", who: dict[str, str] | None = None) -> dict[str, Any]:
        answer = self.ask(query, who)
        assert answer.status_code == 200, answer.text
        return {row["name"]: row for row in answer.json["items"]}


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


def test_a_team_with_all_its_figures(cast: Cast) -> None:
    cast.fill()
    assert cast.rows()["Đội A"] == {
        "id": str(cast.first), "name": "Đội A", "team": None, "received": 6, "valid": 5,
        "counted": 3, "guests": 0, "residents": 0, "with_ispeed": 0, "unlocated": 1, "needed": 3,
        "helped": 0, "devices": 0, "active_days": 3, "last_day": "2024-11-07",
        "reasons": {"outside_communes": 1, "over_cap": 1, "repeat": 1},
        "by_assurance": {"witnessed": 0, "ticketed": 0, "claimed": 3},
    }  # fmt: skip
    assert cast.rows()["Đội B"]["guests"] == cast.rows()["Đội B"]["counted"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("who", ["organiser", "leader"])
@pytest.mark.parametrize("span", ["", "month=2024-11", "from=2024-11-05&to=2024-11-05",
                                  "from=2024-11-06&network=mobile"])  # fmt: skip
def test_rows_add_up_to_the_whole_by_whatever(cast: Cast, span: str, who: str) -> None:
    cast.fill()
    totals = []
    for by in ("team", "member", "unit", "day", "organisation"):
        answer = cast.ask(f"by={by}&{span}", getattr(cast, who)).json
        totals.append(answer["total"])
        for name in ADDITIVE:
            found = sum(row[name] for row in answer["items"])
            assert found == answer["total"][name], (by, name)
        for row in (*answer["items"], answer["total"]):
            assert sum(row["by_assurance"].values()) == row["counted"]
        lost = sum(sum(row["reasons"].values()) for row in answer["items"])
        assert lost == answer["total"]["received"] - answer["total"]["counted"]
        assert max(row["last_day"] for row in answer["items"]) == answer["total"]["last_day"]
    assert all(one == totals[0] for one in totals) and totals[0]["received"] > 0


KEYS = {
    "team": lambda row: (str(row.team_id), None),
    "member": lambda row: (row.volunteer_id and str(row.volunteer_id), row.team),
    "unit": lambda row: (row.code, None),
    "day": lambda row: (str(row.day), None),
    "organisation": lambda row: (str(row.organisation_id), None),
}


@pytest.mark.slow
@pytest.mark.parametrize("span", ["2024-11-01 2024-12-31", "2024-11-03 2024-11-30",
                                  "2024-11-05 2024-11-05", "2024-12-01 2024-12-31"])  # fmt: skip
def test_figures_are_those_of_the_earnings(cast: Cast, target: int, span: str) -> None:  # noqa: F811
    """Sums, days and helped communes, of targets of units too, from every source."""
    _fill_at_random(cast, random.Random(span))
    first, last = span.split()
    for who, teams in ((cast.organiser, None), (cast.leader, {cast.first})):
        rows = [row for row in _earnings(cast, first, last) if not teams or row.team_id in teams]
        for by, key in KEYS.items():
            answer = cast.ask(f"by={by}&from={first}&to={last}&format=json", who).json
            groups: dict[Any, list[Any]] = {}
            for row in rows:
                groups.setdefault(key(row), []).append(row)
            found = {(item["id"], item["team"]): item for item in answer["items"]}
            assert len(found) == len(answer["items"]) and found.keys() == groups.keys()
            for name, item in [*found.items(), ("total", answer["total"])]:
                wanted = _summed(rows if name == "total" else groups[name])
                assert {each: item[each] for each in wanted} == wanted, (by, name)


def _fill_at_random(cast: Cast, rng: random.Random) -> None:
    """Samples of two months in three communes: with a target of their own, exempt, general."""
    own, exempt = cast.here, cast.there
    units = [own, exempt, unit_id(cast.app, "05449")]
    row = {"level": "commune", "network": "mobile", "basis": "counted", "source": "a test"}
    with cast.app.app_context():
        db.session.execute(text("update campaigns set last_day = '2024-12-31'"))
        with owner_session() as owner:
            for unit, threshold in ((own, TARGET // 2), (exempt, None)):
                since = date(2024, 11, 2)
                owner.add(Target(**row, unit_id=unit, threshold=threshold, valid_from=since))
        for _ in range(120):
            category = rng.choice(["counted"] * 6 + ["repeat", "over_cap", "failed_test"])
            unit = rng.choice([*units, *units, None])
            add_measurement(
                cast.campaign,
                rng.choice([None, cast.first, cast.first, cast.second, cast.third]),
                NOON + rng.choice([-2, 0, 0, 1, 9, 30, 31]) * DAY,
                unit,
                category=category if unit else "outside_communes",
                network=rng.choice(["mobile", "mobile", "fixed"]),
                volunteer=rng.choice([cast.an, cast.nameless, None]),
                guest=rng.random() < 0.2,
            )
        db.session.commit()


def _earnings(cast: Cast, first: str, last: str) -> Sequence[Any]:
    """Return the earnings of some days, each with whether its commune reached the target."""
    statement = text("""
        select e.*, t.name as team, t.organisation_id, u.code, r.reached
        from earnings e join teams t on t.id = e.team_id left join units u on u.id = e.unit_id
        left join lateral (
            select count(*) >= case when u.code = '05443' and e.network = 'mobile' then :own
                when u.code = '05446' and e.network = 'mobile' then null else :target end as reached
            from measurements m where m.counted and m.unit_id = e.unit_id
                and m.network = e.network
                and date_trunc('month', m.day) = date_trunc('month', e.day)
        ) r on true
        where e.day between :first and :last
    """)
    values = {"first": first, "last": last, "target": TARGET, "own": TARGET // 2}
    with cast.app.app_context():
        return db.session.execute(statement, values).all()


def _summed(rows: Sequence[Any]) -> dict[str, Any]:
    counted = [row for row in rows if row.category == "counted"]
    lost = Counter(row.category for row in rows if row.category != "counted")
    needed = [row for row in rows if row.needed]
    places = {(f"{row.day:%Y-%m}", row.network, row.unit_id) for row in needed if row.reached}
    return {
        "received": len(rows),
        "valid": len(rows) - lost["failed_test"] - lost["outside_communes"],
        "counted": len(counted),
        "guests": sum(row.guest for row in counted),
        "unlocated": lost["outside_communes"],
        "needed": len(needed),
        "helped": len(places),
        "active_days": len({row.day for row in rows}),
        "last_day": str(max(row.day for row in rows)),
        "reasons": dict(lost),
    }


@pytest.mark.parametrize(("day", "helped"), [("2024-11-05", 1), ("2024-11-06", 0)])
def test_communes_are_helped_on_the_days_of_needed_samples(
    cast: Cast,
    target: int,  # noqa: F811
    day: str,
    helped: int,
) -> None:
    with cast.app.app_context():
        for n in range(TARGET + 2):
            at = NOON + DAY * (n // TARGET)
            add_measurement(cast.campaign, cast.first, at, cast.here, volunteer=cast.an)
        db.session.commit()
    for by in KEYS:
        answer = cast.ask(f"by={by}&from={day}&to={day}").json
        assert [row["helped"] for row in (*answer["items"], answer["total"])] == [helped] * 2, by


def test_members_by_their_name_or_a_number(cast: Cast) -> None:
    cast.fill()
    rows = cast.rows("by=member", cast.leader)
    assert set(rows) == {"An", f"Thành viên {cast.nameless}"}
    assert {row["team"] for row in rows.values()} == {"Đội A"}
    assert rows["An"]["active_days"] == 3
    everybody = cast.rows("by=member")
    assert everybody["Không rõ người đo"]["id"] is None
    english = cast.rows("by=member", cast.leader | {"Accept-Language": "en"})
    assert f"Member {cast.nameless}" in english


def test_units_days_and_organisations(cast: Cast) -> None:
    cast.fill()
    units = cast.rows("by=unit")
    assert units["Không xác định được xã, phường"]["received"] == 1
    assert {row["id"] for row in units.values()} == {"05443", "05446", None}
    days = cast.rows("by=day")
    assert list(days) == ["2024-11-05", "2024-11-06", "2024-11-07"]
    assert days["2024-11-06"]["counted"] == 2 and days["2024-11-06"]["active_days"] == 1
    organisations = cast.rows("by=organisation")
    assert organisations["Tổ công nghệ số"]["counted"] == 2
    assert organisations["Tỉnh Đoàn Thái Nguyên"]["counted"] == 4


def test_a_leader_sees_the_own_team_alone(cast: Cast) -> None:
    cast.fill()
    answer = cast.ask("", cast.leader).json
    assert [row["name"] for row in answer["items"]] == ["Đội A"]
    assert answer["total"]["received"] == 6
    assert cast.ask(f"team={cast.second}", cast.leader).status_code == 403
    assert [r["name"] for r in cast.ask(f"team={cast.second}").json["items"]] == ["Đội B"]


def test_the_leader_of_a_team_that_takes_no_part_sees_nothing(cast: Cast) -> None:
    elsewhere = person(cast.app, "team_leader", team(cast.app, cast.union, "Đội khác"))
    assert cast.ask("", elsewhere).status_code == 403


def test_phones_of_those_who_measured_and_withdrawn_ones_are_not_told(
    cast: Cast, client: FlaskClient
) -> None:
    phone, idle = register(client), register(client)
    since = datetime(2024, 11, 1, tzinfo=UTC)
    for one in (phone, idle):
        add_membership(cast.app, one, cast.campaign, cast.first, since, None)
    post(client, phone, sample())
    assert cast.rows()["Đội A"]["devices"] == 1
    for query in ("", "by=member", "by=organisation", "from=2024-11-10&to=2024-11-20"):
        assert [row["devices"] for row in cast.rows(query).values()] == [1]
    assert [row["devices"] for row in cast.rows("by=unit").values()] == [None]
    cast.app.extensions["clock"].now += timedelta(days=8)
    assert client.delete("/api/v1/devices/me", headers=phone).status_code < 300
    left = cast.rows()["Đội A"]
    assert (left["devices"], left["received"], left["active_days"]) == (0, 1, 1)


def test_the_same_figures_are_sent_once(cast: Cast) -> None:
    cast.fill()
    tag = cast.ask().headers["ETag"]
    assert tag.startswith("W/")
    again = cast.ask("", cast.organiser | {"If-None-Match": tag})
    assert again.status_code == 304 and not again.data
    with cast.app.app_context():
        add_measurement(cast.campaign, cast.first, NOON + minutes(1), cast.here)
        db.session.commit()
    fresh = cast.ask("", cast.organiser | {"If-None-Match": tag})
    assert fresh.status_code == 200 and fresh.headers["ETag"] != tag


def test_pages_follow_each_other(cast: Cast) -> None:
    cast.fill()
    for by in ("team", "member", "unit", "day"):
        whole = cast.ask(f"by={by}").json
        pages, cursor = [], ""
        while cursor is not None:
            page = cast.ask(f"by={by}&limit=1{cursor and '&cursor='}{cursor}").json
            assert len(page["items"]) == 1 and page["total"] == whole["total"]
            pages += page["items"]
            cursor = page["next_cursor"]
        assert pages == whole["items"]


def test_files_hold_the_same_figures(cast: Cast) -> None:
    cast.fill()
    with cast.app.app_context():
        db.session.execute(text("update teams set name = '=1+1' where id = :id"),
                           {"id": cast.second})  # fmt: skip
        db.session.commit()
    answer = cast.ask().json
    table = cast.ask("format=csv").get_data(as_text=True).removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [int(r["counted"]) for r in rows] == [
        *(item["counted"] for item in answer["items"]), answer["total"]["counted"]
    ]  # fmt: skip
    assert "'=1+1" in [row["name"] for row in rows]
    sheet = load_workbook(io.BytesIO(cast.ask("format=xlsx").data)).active
    cells = list(sheet.values)
    assert cells[0][5] == "Được tính" and [row[5] for row in cells[1:]] == [
        int(row["counted"]) for row in rows
    ]
    assert cells[2][1] == "=1+1" and sheet["B3"].data_type == "s"
    assert cells[1][15] == datetime(2024, 11, 7)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2024-11-09&to=2024-11-08", "no_days"),
        ("from=2024-12-01&month=2024-11", "no_days"),
        ("team=" + "9" * 20, "out_of_range"),
        (f"cursor={encode_cursor(2**63, 1)}", "not_cursor"),
    ],
)
def test_what_cannot_be_asked(cast: Cast, query: str, code: str) -> None:
    answer = cast.ask(query)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["code"] == code


def test_it_says_on_what_it_rests(cast: Cast) -> None:
    answer = cast.ask("month=2024-11").json
    assert answer["boundaries"] == {"set": "approximate-2024", "quality": "approximate"}
    assert answer["demo"] is False and answer["items"] == []
    assert answer["first_day"] == str(date(2024, 11, 1)) and answer["last_day"] == "2024-11-30"

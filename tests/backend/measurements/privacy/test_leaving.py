"""The four acts of leaving: their figures before the decision, and what they do to all counts."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from backend.database.extensions import db
from backend.devices.models import Device
from backend.measurements.privacy.retention import LEAVING_WITHIN
from backend.measurements.privacy.tombstones import TOMBSTONES, Tombstones
from backend.measurements.privacy.withdrawal import withdraw_again
from backend.measurements.recording import rules
from backend.measurements.recording.counting import differences
from backend.measurements.recording.earning_sums import differences as team_differences
from backend.measurements.recording.models import Measurement, member_months
from tests.support.clock import FakeClock
from tests.support.devices import CONSENT, DEVICES, ME, bearer
from tests.support.factories import move_registration, post, register, sample
from tests.support.joining import URL, Cast, Headers, join
from tests.support.people import account, person, sign_in, unit_id

EFFECTS, POSITIONS = f"{ME}/withdrawal", f"{ME}/positions"
WEEK = timedelta(days=7)
Figures = tuple[int, int, int]


class Volunteer:
    """A member with three counted samples of eleven days ago, and two of this hour."""

    def __init__(self, app: Flask, client: FlaskClient, clock: FakeClock) -> None:
        self.app, self.client, self.clock = app, client, clock
        self.cast = Cast(app, unit_id(app, "19", level="province"))
        self.leader = person(app, "team_leader", self.cast.one)
        made = client.post(DEVICES, json={"consent": CONSENT}).json
        move_registration(client, made["id"])
        self.code, self.headers = made["withdrawal_code"], bearer(made["token"])
        clock.now -= timedelta(days=11)
        named = {"name": "Lan", "agreed": True}
        joined = join(client, self.headers, self.cast.code_one, display_name=named)
        self.membership = joined.json["id"]
        self.measure(3)
        clock.now += timedelta(days=11)
        self.measure(2)

    def measure(self, n: int) -> None:
        for place in range(n):
            self.clock.now += timedelta(minutes=5)
            at = self.clock.now - timedelta(minutes=1)
            spot = {"latitude": 21.5942 + place / 500, "longitude": 105.8482, "accuracy_m": 12.0}
            answer = post(self.client, self.headers, sample(at.isoformat(), location=spot))
            assert answer.json["counted"], answer.json

    def effects(self) -> dict[str, Any]:
        return dict(self.client.get(EFFECTS, headers=self.headers).json)

    def figures(self) -> Figures:
        """Counted of the team, counted of the communes, samples that the phone lists."""
        url = f"/api/v1/campaigns/{self.cast.campaign}/contributions?by=team"
        team = self.client.get(url, headers=self.leader).json["total"]["counted"]
        with self.app.app_context():
            communes = db.session.scalar(text("select coalesce(sum(counted), 0) from unit_months"))
            assert differences() == team_differences() == []
        listed = self.client.get("/api/v1/measurements", headers=self.headers)
        return team, communes, len(listed.json.get("items", []))

    def members(self) -> tuple[list[str], int]:
        url = f"/api/v1/teams/{self.cast.one}/members?campaign={self.cast.campaign}"
        page = self.client.get(url, headers=self.leader).json
        return [one["name"] for one in page["items"]], page["withdrawn"]

    def positions(self) -> list[bool]:
        with self.app.app_context():
            rows = db.session.scalars(select(Measurement).order_by(Measurement.measured_at))
            return [row.latitude is not None for row in rows]


@pytest.fixture
def volunteer(app: Flask, client: FlaskClient, clock: FakeClock, tmp_path: Path) -> Volunteer:
    app.config["VAR_DIR"] = tmp_path
    return Volunteer(app, client, clock)


def expire(app: Flask) -> None:
    assert app.test_cli_runner().invoke(args=["privacy", "expire"]).exit_code == 0


def test_figures_are_told_before_the_decision(client: FlaskClient, volunteer: Volunteer) -> None:
    told = volunteer.effects()
    [team] = told["teams"]
    assert (team["team"]["name"], team["counted"], team["recent"]) == ("Đội 1", 5, 2)
    until = volunteer.clock.now + WEEK
    assert {name: told[name] for name in told.keys() - {"teams"}} == {
        "display_name": "Lan", "recent": 2, "recent_counted": 2, "older": 3,
        "positions_now": 3, "positions_later": 2, "positions_until": until.isoformat(),
        "without_positions_since": None,
    }  # fmt: skip
    assert volunteer.figures() == (5, 5, 5)  # to ask changes nothing
    body = {"withdrawal_code": volunteer.code.lower()}
    assert client.post("/api/v1/withdrawals/effects", json=body).json == told
    unknown = client.post("/api/v1/withdrawals/effects", json={"withdrawal_code": "ACDE-FGHJ-KMNP"})
    assert (unknown.status_code, unknown.json["code"]) == (404, "withdrawal_code_unknown")


# Another volunteer of the phone in the same team.
FORMER = text("""
    with one as (
        insert into volunteers (display_name) values ('Hoa') returning id
    ), linked as (
        insert into device_links (device_id, volunteer_id, period)
        select l.device_id, one.id, tstzrange('2024-09-01', '2024-10-01') from device_links l, one
    )
    insert into memberships (volunteer_id, campaign_id, team_id, period)
    select one.id, m.campaign_id, m.team_id, tstzrange('2024-09-01', '2024-10-01')
    from memberships m, one
""")


def test_a_phone_with_an_empty_month_of_a_former_volunteer_can_withdraw(
    app: Flask, client: FlaskClient, volunteer: Volunteer
) -> None:
    """The samples of that volunteer were all corrected away before the month was archived."""
    with app.app_context():
        db.session.execute(FORMER)
        for member in db.session.execute(text("select * from memberships")).all():
            days, n = ([date(2024, 9, 3), date(2024, 9, 2)], 2) if member.id == 1 else ([], 0)
            sums = dict.fromkeys((one.name for one in member_months.columns), 0)
            of = {"campaign_id": member.campaign_id, "team_id": member.team_id}
            of |= {"volunteer_id": member.volunteer_id, "month": "2024-09", "network": "mobile"}
            three = {"days": days, "received": n, "valid": n, "counted": n, "claimed": n}
            db.session.execute(member_months.insert().values(sums | of | three))
        db.session.commit()
    assert client.delete(ME, headers=volunteer.headers).status_code == 200
    with app.app_context():
        kept = "select volunteer_id, days, counted from member_months where month = '2024-09'"
        [row] = db.session.execute(text(kept)).all()
        assert (row.volunteer_id, [day.day for day in row.days], row.counted) == (0, [2, 3], 2)


@pytest.mark.parametrize(
    ("act", "figures", "members"),
    [
        ("leave", (5, 5, 5), ([], 0)),
        ("hide", (5, 5, 5), (["Thành viên 1"], 0)),
        ("positions", (5, 5, 5), (["Lan"], 0)),
        ("all", (3, 3, 0), ([], 1)),
    ],
)
def test_each_act_changes_what_it_says(
    client: FlaskClient,
    volunteer: Volunteer,
    act: str,
    figures: Figures,
    members: tuple[list[str], int],
) -> None:
    told, headers = volunteer.effects(), volunteer.headers
    assert (volunteer.figures(), volunteer.members()) == ((5, 5, 5), (["Lan"], 0))
    answer = {
        "leave": lambda: client.delete(f"{URL}/{volunteer.membership}", headers=headers),
        "hide": lambda: client.patch(
            "/api/v1/volunteers/me", json={"display_name": None}, headers=headers
        ),
        "positions": lambda: client.delete(POSITIONS, headers=headers),
        "all": lambda: client.delete(ME, headers=headers),
    }[act]()
    assert answer.status_code == 200
    assert (volunteer.figures(), volunteer.members()) == (figures, members)
    if act == "all":
        assert figures[0] == 5 - told["teams"][0]["recent"]
        assert figures[1] == 5 - told["recent_counted"]
        assert answer.json["removed"]["measurements"] == told["recent"]
        assert answer.json["kept"]["anonymous_measurements"] == told["older"]


def test_positions_go_a_week_after_receipt_and_counts_stay(
    app: Flask, client: FlaskClient, clock: FakeClock, volunteer: Volunteer
) -> None:
    asked = client.delete(POSITIONS, headers=volunteer.headers).json
    assert volunteer.positions() == [False] * 3 + [True] * 2
    assert (asked["positions_now"], asked["positions_later"]) == (0, 2)
    assert asked["without_positions_since"] == clock.now.isoformat()
    clock.now += timedelta(days=2)
    volunteer.measure(1)  # the wish holds for later samples too
    again = client.delete(POSITIONS, headers=volunteer.headers).json
    assert again["without_positions_since"] == asked["without_positions_since"]
    for days, left in ((4, 3), (2, 1), (2, 0)):
        clock.now += timedelta(days=days)
        expire(app)
        assert sum(volunteer.positions()) == left
    assert volunteer.figures() == (6, 6, 6)
    with app.app_context():
        rows = db.session.scalars(select(Measurement)).all()
        assert {(one.raw, one.longitude, one.accuracy_m, one.candidates) for one in rows} == {
            (None,) * 4
        }


def test_places_that_are_gone_free_no_repeats() -> None:
    """Who keeps a witnessed test back until the place of the first is gone comes too late."""
    assert LEAVING_WITHIN > rules.MAX_WAIT + rules.REPEAT_WINDOW + rules.MAX_FUTURE


def test_an_exclusion_and_the_number_outlive_a_hidden_name(
    app: Flask, client: FlaskClient, volunteer: Volunteer
) -> None:
    with app.app_context():
        ids = db.session.scalars(select(Measurement.id).order_by(Measurement.measured_at)).all()
    excluded = app.test_cli_runner().invoke(
        args=["measurements", "exclude", str(ids[-1]), "--reason", "giả"]
    )
    assert excluded.exit_code == 0, excluded.output
    client.patch("/api/v1/volunteers/me", json={"display_name": None}, headers=volunteer.headers)
    assert volunteer.figures() == (4, 4, 5)
    assert volunteer.members() == (["Thành viên 1"], 0)
    rejoined = join(client, volunteer.headers, volunteer.cast.code_one)
    assert rejoined.status_code == 200
    assert volunteer.figures() == (4, 4, 5)


def test_to_leave_and_join_again_resets_no_cap(app: Flask, volunteer: Volunteer) -> None:
    app.config["DAILY_CAP"] = 2
    client, headers = volunteer.client, volunteer.headers
    client.delete(f"{URL}/{volunteer.membership}", headers=headers)
    assert join(client, headers, volunteer.cast.code_one).status_code == 201
    at = (volunteer.clock.now - timedelta(seconds=20)).isoformat()
    place = {"latitude": 21.62, "longitude": 105.8482, "accuracy_m": 12.0}
    answer = post(client, headers, sample(at, location=place)).json
    assert [one["code"] for one in answer["reasons"]] == ["daily_cap"]


def test_a_person_is_counted_as_withdrawn_once(client: FlaskClient, volunteer: Volunteer) -> None:
    """A second withdrawal, by token or code, finds nothing."""
    join(client, volunteer.headers, volunteer.cast.code_two, transfer=True)
    assert client.delete(ME, headers=volunteer.headers).status_code == 200
    assert client.delete(ME, headers=volunteer.headers).status_code == 401
    body = {"withdrawal_code": volunteer.code}
    assert client.post("/api/v1/withdrawals", json=body).status_code == 404
    assert client.post("/api/v1/withdrawals/effects", json=body).status_code == 404
    for path in (EFFECTS, ME):
        assert client.get(path, headers=volunteer.headers).status_code == 401
    assert volunteer.members() == ([], 1)  # of the team that they had left before, too
    account(volunteer.app, "truong@x.vn", "team_leader", volunteer.cast.two)
    sign_in(client, "truong@x.vn")
    page = client.get(f"/campaigns/{volunteer.cast.campaign}/teams/{volunteer.cast.two}").text
    assert "1 người đã rút" in page
    with volunteer.app.app_context():
        counted = "select team_id, people from withdrawn_members order by 1"
        rows = [tuple(row) for row in db.session.execute(text(counted))]
    assert rows == [(volunteer.cast.one, 1), (volunteer.cast.two, 1)]


def test_a_team_keeps_the_number_of_residents_who_withdraw(
    client: FlaskClient, volunteer: Volunteer
) -> None:
    """Those whose samples stay with the team; the samples of the last days leave it."""
    older, recent = (_guest(volunteer, timedelta(days=days)) for days in (10, 0))
    url = f"/api/v1/campaigns/{volunteer.cast.campaign}/contributions"

    def residents() -> tuple[int, int]:
        total = client.get(url, headers=volunteer.leader).json["total"]
        return total["residents"], total["guests"]

    assert residents() == (2, 2)
    for guest in (older, recent):
        assert client.delete(ME, headers=guest).status_code == 200
    assert residents() == (1, 1)
    with volunteer.app.app_context():
        kept = "select month, team_id, people from withdrawn_residents"
        [row] = db.session.execute(text(kept))
        assert tuple(row) == (f"{volunteer.clock.now - timedelta(days=10):%Y-%m}",
                              volunteer.cast.one, 1)  # fmt: skip
        assert team_differences() == []


def test_a_resident_of_an_archived_month_stays_in_its_number(
    client: FlaskClient, volunteer: Volunteer
) -> None:
    """Of such a month there are sums alone, and no earnings of single samples."""
    guest = _guest(volunteer, timedelta(days=10))
    month = f"{volunteer.clock.now - timedelta(days=10):%Y-%m}"
    with volunteer.app.app_context():
        db.session.execute(text("delete from earnings where guest"))
        values = {"month": month, "now": volunteer.clock.now}
        db.session.execute(text("insert into archived_months values (:month, :now)"), values)
        db.session.commit()
    assert client.delete(ME, headers=guest).status_code == 200
    with volunteer.app.app_context():
        kept = db.session.execute(text("select month, people from withdrawn_residents")).all()
        assert [tuple(row) for row in kept] == [(month, 1)]
        of_nobody = "select guests from member_months where volunteer_id = 0 and month = :month"
        assert db.session.scalar(text(of_nobody), {"month": month}) == 1


def _guest(volunteer: Volunteer, ago: timedelta) -> Headers:
    """A resident who measured once as a guest of the volunteer, some days ago."""
    client, clock = volunteer.client, volunteer.clock
    clock.now -= ago
    shown = {"kind": "guest", "campaign_id": volunteer.cast.campaign}
    made = client.post("/api/v1/passes", json=shown, headers=volunteer.headers).json
    phone: Headers = register(client)
    used = client.post("/api/v1/passes/use", json={"code": made["code"]}, headers=phone)
    assert used.status_code == 201, used.text
    clock.now += timedelta(minutes=5)
    at = (clock.now - timedelta(minutes=1)).isoformat()
    spot = {"latitude": 21.5942, "longitude": 105.8482, "accuracy_m": 12.0}
    assert post(client, phone, sample(at, location=spot)).json["counted"]
    clock.now += ago
    return phone


def test_a_restored_backup_forgets_positions_again(
    app: Flask, client: FlaskClient, clock: FakeClock, volunteer: Volunteer
) -> None:
    client.delete(POSITIONS, headers=volunteer.headers)
    clock.now += WEEK + timedelta(hours=1)
    with app.app_context():  # as a backup from before the wish has it
        db.session.execute(update(Device).values(without_positions_since=None))
        db.session.commit()
        tombstones = Tombstones(app.config["VAR_DIR"] / TOMBSTONES, app.config["SECRET_KEY"])
        assert withdraw_again(tombstones, clock.now) == 0
    assert volunteer.positions() == [False] * 5
    headers: Headers = volunteer.headers
    assert client.get(EFFECTS, headers=headers).json["without_positions_since"]

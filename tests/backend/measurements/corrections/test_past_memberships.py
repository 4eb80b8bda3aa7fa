"""Memberships that lie in the past: shown with what they move, then written, all or nothing."""

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import Workbook
from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.corrections.service import PREVIEWS_PER_HOUR
from backend.measurements.recording.earnings import differences as team_differences
from backend.memberships.models import Membership
from backend.tables.spreadsheets import XLSX
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.joining import Cast as JoiningCast
from tests.support.joining import join
from tests.support.people import (
    LATER,
    LONG_AGO,
    add_membership,
    audit_entries,
    campaign,
    organisation,
    person,
    team,
    unit_id,
)

HEADER = "Số tình nguyện viên,Đội,Từ,Đến"


class Cast:
    """A volunteer of the first team until 10 November, who measured on the 12th and 13th."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        self.union = organisation(app)
        self.one, self.two = team(app, self.union, "Đội 1"), team(app, self.union, "Đội 2")
        self.campaign = campaign(app, self.union, unit_id(app, "19", level="province"))
        self.organiser = person(app, "organiser", self.union)
        self.phone = register(client)
        self.member = add_membership(app, self.phone, self.campaign, self.one, LONG_AGO, LATER)
        days = ("08", "12", "13")
        post(client, self.phone, *[sample(f"2024-11-{day}T09:00:00+07:00") for day in days])

    def send(self, *rows: str, dry_run: bool = False, headers: Any = None) -> Any:
        table = "\n".join([HEADER, *rows]).encode()
        return self.upload(table, "text/csv", dry_run=dry_run, headers=headers)

    def upload(self, raw: bytes, kind: str, *, dry_run: bool, headers: Any = None) -> Any:
        url = f"/api/v1/campaigns/{self.campaign}/memberships/import"
        return self.client.post(
            url,
            data=raw,
            content_type=kind,
            query_string={"dry_run": str(dry_run).lower()},
            headers=headers or self.organiser,
        )

    def earned(self) -> dict[int, int]:
        url = f"/api/v1/campaigns/{self.campaign}/contributions?by=team&month=2024-11"
        items = self.client.get(url, headers=self.organiser).json["items"]
        return {int(one["id"]): one["counted"] for one in items if one["counted"]}

    def memberships(self) -> int:
        with self.app.app_context():
            return db.session.query(Membership).count()


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


def codes(answer: Any) -> list[tuple[str, str]]:
    rows = answer.json["rows"]
    return [(error["field"], error["code"]) for row in rows for error in row["errors"]]


def test_a_dry_run_shows_what_would_move_and_writes_nothing(cast: Cast) -> None:
    found = cast.send(f"{cast.member},Đội 2,2024-11-12,12/11/2024", dry_run=True).json
    assert found["totals"] == {"rows": 1, "create": 1, "unchanged": 0, "error": 0}
    [row] = found["rows"]
    assert (row["team_id"], row["number"]) == (cast.two, cast.member)
    assert datetime.fromisoformat(row["since"]) == datetime(2024, 11, 11, 17, tzinfo=UTC)
    assert datetime.fromisoformat(row["until"]) == datetime(2024, 11, 12, 17, tzinfo=UTC)
    assert found["moved"]["changed"] == 1
    assert [one["team_id"] for one in found["moved"]["before"]] == [cast.one]
    assert [one["counted"] for one in found["moved"]["after"]] == [1, 1]
    assert cast.memberships() == 1


def test_what_was_measured_then_is_earned(cast: Cast, app: Flask) -> None:
    assert cast.send(f"{cast.member},đội 2,2024-11-12,2024-11-12").status_code == 200
    found = cast.client.get("/api/v1/memberships", headers=cast.phone).json["items"]
    assert [one["team"]["id"] for one in found] == [cast.two, cast.one]
    assert cast.earned() == {cast.one: 1, cast.two: 1}
    with app.app_context():
        assert not team_differences()
    [(act, details)] = audit_entries(app, f"campaign:{cast.campaign}")
    assert (act, details["changed"], details["totals"]["create"]) == ("membership.import", 1, 1)


def test_the_same_file_again_changes_nothing(cast: Cast) -> None:
    row = f"{cast.member},{cast.two},2024-11-12 08:00,2024-11-12T10:00:00+07:00"
    assert cast.send(row).json["moved"]["changed"] == 1
    again = cast.send(row).json
    assert (again["totals"]["unchanged"], again["moved"]["changed"]) == (1, 0)
    assert cast.memberships() == 2


def test_two_teams_at_one_time_are_both_named(cast: Cast) -> None:
    answer = cast.send(f"{cast.member},Đội 2,2024-11-09,2024-11-12")
    assert (answer.status_code, answer.json["code"]) == (409, "other_team_then")
    assert answer.json["rows"][0]["errors"][0]["candidates"] == ["Đội 1", "Đội 2"]
    within = cast.send(
        f"{cast.member},Đội 1,2024-11-12,2024-11-13", f"{cast.member},Đội 2,2024-11-13,2024-11-13"
    )
    assert within.status_code == 409 and cast.memberships() == 1


def test_an_organiser_cannot_take_whom_they_never_had(cast: Cast, app: Flask) -> None:
    other = organisation(app, "Sở KH&CN")
    elsewhere = campaign(app, other)
    stranger = add_membership(
        app, register(cast.client), elsewhere, team(app, other, "Đội 3"), LONG_AGO
    )
    second = campaign(app, cast.union)
    absent = add_membership(app, register(cast.client), second, cast.one, LONG_AGO)
    for one in (stranger, absent):
        answer = cast.send(f"{one},Đội 1,2024-11-12,2024-11-13", dry_run=True)
        assert codes(answer) == [("number", "volunteer_unknown")] and answer.json["moved"] is None
    assert codes(cast.send(f"{cast.member},Đội 3,2024-11-12,2024-11-13", dry_run=True)) == [
        ("team", "team_unknown")
    ]


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("x,Đội 1,2024-11-12,2024-11-13", [("number", "volunteer_unknown")]),
        ("{member},,2024-11-12,2024-11-13", [("team", "required")]),
        ("{member},Đội 1,,hôm qua", [("since", "required"), ("until", "not_moment")]),
        ("{member},Đội 1,2024-11-13,2024-11-12", [("until", "before_since")]),
        ("{member},Đội 1,2024-11-19,2024-11-20", [("until", "not_past")]),
        (
            "{member},Đội 1,9999-12-31,9999-12-31",
            [("since", "not_moment"), ("until", "not_moment")],
        ),
    ],
)
def test_rows_that_cannot_be(cast: Cast, row: str, wrong: list[tuple[str, str]]) -> None:
    row = row.format(member=cast.member)
    good = f"{cast.member},Đội 1,2024-11-12,2024-11-12"
    assert codes(cast.send(good, row, dry_run=True)) == wrong
    refused = cast.send(good, row)
    assert (refused.status_code, refused.json["code"]) == (422, "import_refused")
    assert codes(refused) == wrong and cast.memberships() == 1


def test_a_workbook_with_dates(cast: Cast) -> None:
    book, out = Workbook(), io.BytesIO()
    book.active.append(["Volunteer", "Team", "From", "To"])
    book.active.append([cast.member, "Đội 2", date(2024, 11, 12), datetime(2024, 11, 13)])
    book.save(out)
    found = cast.upload(out.getvalue(), XLSX, dry_run=False)
    assert found.status_code == 200 and found.json["moved"]["changed"] == 2
    assert cast.earned() == {cast.one: 1, cast.two: 2}


def test_another_table_is_refused(cast: Cast) -> None:
    answer = cast.upload("Tên đội\nĐội 1\n".encode(), "text/csv", dry_run=True)
    assert answer.json["errors"][0]["code"] == "no_header_members"


def test_an_ended_team_had_members_until_it_ended(cast: Cast, clock: FakeClock) -> None:
    seen = {**cast.organiser, "If-Match": '"1"'}
    clock.now = datetime(2024, 11, 13, tzinfo=UTC)
    row = f"{cast.member},Đội 1,2024-11-12,2024-11-12"
    cast.send(row)
    assert cast.client.delete(f"/api/v1/teams/{cast.one}", headers=seen).status_code == 200
    clock.now = datetime(2024, 11, 20, tzinfo=UTC)
    later = cast.send(f"{cast.member},Đội 1,2024-11-14,2024-11-15", dry_run=True)
    assert codes(later) == [("until", "team_ended")]


def test_who_left_is_a_member_again_by_code_only(cast: Cast, app: Flask, clock: FakeClock) -> None:
    joining = JoiningCast(app)  # a second campaign, whose teams have codes
    phone = register(cast.client)
    clock.now = datetime(2024, 11, 12, 1, tzinfo=UTC)
    first = join(cast.client, phone, joining.code_one).json
    clock.now += timedelta(milliseconds=77)
    url = f"/api/v1/memberships/{first['id']}"
    assert cast.client.delete(url, headers=phone).status_code == 200
    clock.now = datetime(2024, 11, 14, 1, tzinfo=UTC)
    assert join(cast.client, phone, joining.code_one).status_code == 201
    with app.app_context():
        member = db.session.query(Membership.volunteer_id).filter_by(id=first["id"]).scalar()
        end = {"campaign": joining.campaign}
        db.session.execute(
            text("""
            update memberships set period = tstzrange(lower(period), '2024-11-15 01:00+00')
            where campaign_id = :campaign and upper_inf(period)
        """),
            end,
        )  # by the organisation, as with a team that ended
        db.session.commit()
    clock.now = datetime(2024, 11, 20, tzinfo=UTC)
    cast.campaign, cast.organiser = joining.campaign, person(app, "organiser", joining.organisation)
    for row, wrong in (
        ("12/11/2024 08:01,12/11/2024 18:00", [("since", "volunteer_left")]),
        ("2024-11-13,2024-11-13", [("since", "volunteer_left")]),
        ("14/11/2024 07:00,14/11/2024 08:00", [("since", "volunteer_left")]),
        ("16/11/2024,16/11/2024", []),
    ):
        answer = cast.send(f"{member},Đội 1,{row}")
        assert (codes(answer), answer.status_code) == (wrong, 422 if wrong else 200)


def test_previews_of_what_moves_are_few_and_audited(cast: Cast, app: Flask) -> None:
    row, wrong = f"{cast.member},Đội 2,2024-11-12,2024-11-12", f"{cast.member},,x,y"
    for _ in range(PREVIEWS_PER_HOUR):
        assert cast.send(row, dry_run=True).status_code == 200
    assert cast.send(row, dry_run=True).status_code == 429
    assert cast.send(wrong, dry_run=True).status_code == 200  # it tells of the list alone
    entries = audit_entries(app, f"campaign:{cast.campaign}")
    assert [act for act, _ in entries] == ["membership.preview"] * PREVIEWS_PER_HOUR
    assert cast.send(row).status_code == 200

"""Exclusion from a commune's counts over the API: previewed, carried out, taken back, audited."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from backend.coverage.exclusions import service as excluding
from backend.coverage.signals.findings import device_number
from backend.database.extensions import db
from backend.measurements.recording.counting import differences
from backend.measurements.recording.earning_sums import differences as team_differences
from backend.measurements.recording.models import Exclusion
from backend.measurements.revision.service import decide_on_device
from tests.support.clock import FakeClock
from tests.support.factories import THERE, location, post, register, sample
from tests.support.people import (
    add_membership,
    audit_entries,
    campaign,
    organisation,
    person,
    team,
    unit_id,
)

URL = "/api/v1/units/19/exclusions"
NOVEMBER = {"month": "2024-11", "reason": "đo trong xưởng"}


class Cast:
    """A volunteer whose three samples count and whose fourth is a repeat; two officials."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        self.province = unit_id(app, "19", level="province")
        self.union = organisation(app)
        self.team = team(app, self.union)
        self.campaign = campaign(app, self.union, self.province)
        self.official = person(app, "official", self.province)
        self.organiser = person(app, "organiser", self.union)
        self.phone = register(client)
        add_membership(app, self.phone, self.campaign, self.team, datetime(2024, 11, 1, tzinfo=UTC))
        self.samples = [
            sample("2024-11-15T09:00:00+07:00"),
            sample("2024-11-15T09:30:00+07:00"),  # a repeat of the first
            sample("2024-11-15T14:00:00+07:00"),
            sample("2024-11-15T09:40:00+07:00", location=location(**THERE)),
        ]
        post(client, self.phone, *self.samples)

    def ids(self, *places: int) -> list[str]:
        return [self.samples[place]["id"] for place in places]

    def exclude(self, headers: Any = None, url: str = URL, **body: Any) -> Any:
        body = NOVEMBER | body
        return self.client.post(url, json=body, headers=headers or self.official)

    def lift(self, act: int, **body: Any) -> Any:
        body = {"reason": "nhầm"} | body
        return self.client.post(f"{URL}/{act}/lift", json=body, headers=self.official)

    def reasons(self, place: int) -> list[str]:
        url = f"/api/v1/measurements/{self.samples[place]['id']}"
        return [one["code"] for one in self.client.get(url, headers=self.phone).json["reasons"]]

    def counted(self) -> int:
        url = "/api/v1/coverage?month=2024-11&level=province"
        items = self.client.get(url).json["items"]
        return int(next(one["counted"] for one in items if one["code"] == "19"))

    def earned(self) -> int:
        url = f"/api/v1/campaigns/{self.campaign}/contributions?month=2024-11"
        return int(self.client.get(url, headers=self.organiser).json["total"]["counted"])

    def number(self) -> int:
        """The device's number in November."""
        device = self.client.get("/api/v1/devices/me", headers=self.phone).json["id"]
        return device_number(UUID(device), "2024-11", self.app.config["SECRET_KEY"])


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


def exact(app: Flask) -> bool:
    with app.app_context():
        return not differences() and not team_differences()


def test_a_preview_tells_what_would_change_and_changes_nothing(cast: Cast) -> None:
    found = cast.exclude(measurements=cast.ids(0), preview=True).json
    assert (found["preview"], found["id"], found["measurements"]) == (True, None, 1)
    # The second one is no repeat any more, so that the count of the commune stays.
    changes = {row["fate"]: row["change"] for row in found["verdicts"]}
    assert changes == {"excluded": 1, "repeat": -1}
    assert [row["counted_after"] - row["counted_before"] for row in found["units"]] == [0]
    assert (cast.reasons(0), cast.reasons(1), cast.counted()) == ([], ["repeat"], 3)
    assert cast.client.get(URL, headers=cast.official).json["items"] == []


def test_the_place_of_a_decision_is_that_of_its_samples(cast: Cast) -> None:
    asked = {"at": "2024-11-15T00:00:00Z"}
    here = cast.client.post("/api/v1/units/locate", json=location() | asked).json["unit"]["name"]
    cast.exclude(measurements=cast.ids(0, 2))  # by the province, of one commune
    cast.exclude(measurements=cast.ids(1, 3))  # of two communes
    several, one = cast.client.get(f"{URL}?month=2024-11", headers=cast.official).json["items"]
    assert (one["unit"]["name"], several["unit"]["name"]) == (here, "Tỉnh Thái Nguyên")


def test_an_exclusion_changes_verdicts_counts_and_earnings(cast: Cast, app: Flask) -> None:
    found = cast.exclude(measurements=cast.ids(0, 2)).json
    assert found["measurements"] == 2 and found["id"] is not None
    assert cast.reasons(0) == ["excluded"] and cast.reasons(1) == []
    assert cast.counted() == cast.earned() == 2 and exact(app)
    assert [row["counted_after"] - row["counted_before"] for row in found["units"]] == [-1]


def test_what_was_taken_out_is_counted_again(cast: Cast, app: Flask) -> None:
    act = cast.exclude(measurements=cast.ids(0, 2)).json["id"]
    preview = cast.lift(act, preview=True).json
    assert {row["fate"]: row["change"] for row in preview["verdicts"]} == {
        "counted": 1, "excluded": -2, "repeat": 1,
    }  # fmt: skip
    assert cast.counted() == 2
    assert cast.lift(act).status_code == 200
    assert cast.reasons(0) == [] and cast.reasons(1) == ["repeat"]
    assert cast.counted() == cast.earned() == 3 and exact(app)
    with app.app_context():
        assert db.session.query(Exclusion).count() == 4  # what was decided stays


def test_a_decision_is_taken_back_once(cast: Cast) -> None:
    act = cast.exclude(measurements=cast.ids(0)).json["id"]
    lift = cast.lift(act).json["id"]
    again = cast.lift(act)
    assert (again.status_code, again.json["code"]) == (409, "already_lifted")
    assert cast.lift(lift).status_code == 404


def test_taking_back_goes_on_where_it_was_cut_off(
    cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = sample("2024-11-16T09:00:00+07:00")
    post(cast.client, register(cast.client), second)
    act = cast.exclude(measurements=[*cast.ids(2), second["id"]]).json["id"]
    assert cast.counted() == 2
    done: list[Any] = []

    def cut_off(*of: Any) -> Any:
        done.append(of)
        if len(done) == 2:
            raise OperationalError("", {}, Exception("the database went away"))
        return decide_on_device(*of)

    with monkeypatch.context() as patch:
        patch.setattr(excluding, "decide_on_device", cut_off)
        assert cast.lift(act).status_code == 503
    assert cast.counted() == 3
    assert cast.lift(act).json["measurements"] == 1
    assert cast.counted() == 4 and exact(app)
    assert cast.lift(act).json["code"] == "already_lifted"


def test_taking_back_leaves_what_another_decision_holds_out(cast: Cast) -> None:
    first = cast.exclude(measurements=cast.ids(0)).json["id"]
    second = cast.exclude(measurements=cast.ids(0, 2)).json
    assert (second["measurements"], second["already"]) == (1, 1)
    cast.lift(second["id"])
    assert cast.reasons(0) == ["excluded"] and cast.reasons(2) == []
    cast.lift(first)
    assert cast.reasons(0) == []


def test_all_of_a_device_by_its_number(cast: Cast, app: Flask) -> None:
    found = cast.exclude(device=cast.number())
    assert found.status_code == 200 and found.json["measurements"] == 4
    assert cast.counted() == cast.earned() == 0 and exact(app)
    unknown = cast.exclude(device=(cast.number() + 1) % 10**8)
    assert unknown.json["errors"][0]["code"] == "device_unknown"


def test_the_list_tells_who_decided_what_and_why(cast: Cast) -> None:
    act = cast.exclude(measurements=cast.ids(0, 2)).json["id"]
    lift = cast.lift(act).json["id"]
    page = cast.client.get(f"{URL}?month=2024-11&limit=1", headers=cast.official).json
    assert [one["id"] for one in page["items"]] == [lift]
    rest = cast.client.get(f"{URL}?month=2024-11&cursor={page['next']}", headers=cast.official)
    [one] = rest.json["items"]
    assert (one["id"], one["reason"], one["lifted_by"]) == (act, "đo trong xưởng", lift)
    assert (one["measurements"], rest.json["next"]) == (2, None)


def test_a_commune_reads_what_its_province_decided_there(cast: Cast) -> None:
    found = cast.exclude(measurements=cast.ids(0)).json
    code = found["units"][0]["unit"]["code"]
    official = person(cast.app, "official", unit_id(cast.app, code))
    url = f"/api/v1/units/{code}/exclusions"
    items = cast.client.get(url, headers=official).json["items"]
    assert [one["id"] for one in items] == [found["id"]]
    elsewhere = "/api/v1/units/05452/exclusions"
    assert cast.client.get(elsewhere, headers=official).status_code == 404


def test_only_the_province_decides(cast: Cast) -> None:
    code = cast.exclude(measurements=cast.ids(0), preview=True).json["units"][0]["unit"]["code"]
    own, url = unit_id(cast.app, code), f"/api/v1/units/{code}/exclusions"
    commune = person(cast.app, "official", own)
    assert cast.exclude(commune, url, measurements=cast.ids(0)).status_code == 403
    assert cast.exclude(measurements=cast.ids(0), url=url).status_code == 200


def test_only_what_lies_in_the_unit_and_month_can_be_named(cast: Cast) -> None:
    hanoi = person(cast.app, "official", unit_id(cast.app, "01", level="province"))
    there = cast.exclude(hanoi, "/api/v1/units/01/exclusions", measurements=cast.ids(0))
    assert there.status_code == 422
    assert there.json["errors"][0] | {"message": ""} == {
        "field": "measurements.0", "code": "not_in_unit", "message": "",
    }  # fmt: skip
    october = cast.exclude(measurements=cast.ids(0), month="2024-10")
    assert october.json["errors"][0]["code"] == "not_in_unit" and cast.reasons(0) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "measurements"),
        ({"measurements": ["x"]}, "measurements.0"),
        ({"measurements": [str(UUID(int=7))], "device": 7}, "measurements"),
        ({"device": 7, "reason": " "}, "reason"),
    ],
)
def test_decisions_that_cannot_be(cast: Cast, body: dict[str, Any], field: str) -> None:
    answer = cast.exclude(**body)
    assert answer.status_code == 422 and answer.json["errors"][0]["field"] == field


def test_the_audit_log_holds_neither_ids_nor_words(cast: Cast) -> None:
    cast.exclude(measurements=cast.ids(0))
    [(act, details)] = audit_entries(cast.app, f"unit:{cast.province}")
    assert act == "unit.exclude"
    assert details == {"exclusion": 1, "lifts": None, "month": "2024-11", "measurements": 1}


def test_what_was_withdrawn_is_final(cast: Cast, clock: FakeClock) -> None:
    act = cast.exclude(measurements=cast.ids(0)).json["id"]
    clock.now += timedelta(days=8)
    cast.client.delete("/api/v1/devices/me", headers=cast.phone)
    found = cast.lift(act).json
    assert (found["measurements"], found["final"], found["verdicts"]) == (0, 1, [])


def test_the_province_of_today_decides_on_months_before_the_reform(
    cast: Cast, clock: FakeClock
) -> None:
    clock.now = datetime(2025, 7, 2, tzinfo=UTC)
    today = person(cast.app, "official", unit_id(cast.app, "19", "2025", "province"))
    assert cast.exclude(measurements=cast.ids(0)).status_code == 404  # this role has ended
    assert cast.exclude(today, measurements=cast.ids(0)).status_code == 200
    assert cast.reasons(0) == ["excluded"]

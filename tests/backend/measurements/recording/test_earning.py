"""What a team earns: its members' counted samples of the campaign's days, area and kinds."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.corrections.service import reattribute
from backend.measurements.recording import counting, earning_sums, earnings
from backend.measurements.recording.reasons import COUNTED_CATEGORIES, category
from backend.memberships.attribution import COUNTED
from backend.witness.assurance import ASSURANCES
from tests.support.clock import FakeClock
from tests.support.factories import network, post, register, sample
from tests.support.people import add_membership, campaign, organisation, person, team, unit_id
from tests.support.speed_tests import witnessed

AT = "2024-11-15T09:00:00+07:00"
DAY_BEFORE = "2024-11-14T09:00:00+07:00"
NEXT_DAY = "2024-11-16T09:00:00+07:00"
JOINED = datetime(2024, 11, 15, 0, 0, tzinfo=UTC)


class Cast:
    """An organiser with two teams in one campaign in Thái Nguyên, and a phone that is in one."""

    def __init__(self, app: Flask, client: FlaskClient, **terms: Any) -> None:
        self.app, self.client = app, client
        self.organisation = organisation(app)
        self.first, self.second = (team(app, self.organisation, name) for name in ("A", "B"))
        province = unit_id(app, "19", level="province")
        self.campaign = campaign(app, self.organisation, province, **terms)
        self.organiser = person(app, "organiser", self.organisation)
        self.phone = register(client)

    def join(self, until: datetime | None = None, since: datetime = JOINED) -> None:
        add_membership(self.app, self.phone, self.campaign, self.first, since, until)

    def post(self, *samples: dict[str, Any]) -> None:
        answer = post(self.client, self.phone, *samples)
        assert answer.status_code in (200, 201), answer.text

    def earned(self) -> dict[str, tuple[int, str]]:
        with self.app.app_context():
            rows = db.session.execute(
                text("select measurement_id, team_id, category from earnings")
            )
            return {str(row[0]): (row[1], row[2]) for row in rows}

    def decide(self, what: str, **body: Any) -> Any:
        url = f"/api/v1/campaigns/{self.campaign}/{what}"
        return self.client.post(url, json=body, headers=self.organiser)

    def agrees(self) -> None:
        """Stored counts are those of the rows."""
        with self.app.app_context():
            assert earning_sums.differences() == counting.differences() == []


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


def test_a_member_earns_for_the_team_from_joining_to_leaving(cast: Cast) -> None:
    before, inside, after = sample(DAY_BEFORE), sample(AT), sample(NEXT_DAY)
    cast.join(until=JOINED + timedelta(days=1))
    cast.post(inside)
    cast.post(before)  # sent after joining, measured before
    cast.post(after)
    assert cast.earned() == {inside["id"]: (cast.first, "counted")}
    cast.agrees()


def test_who_is_in_no_team_earns_for_nobody(cast: Cast) -> None:
    cast.post(sample(AT))
    assert cast.earned() == {}


@pytest.mark.parametrize("cap", [None, 2])
def test_a_new_sample_earns_without_its_day_being_read(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, cap: int | None
) -> None:
    """Only a cap, or a sample that changes the verdict on another, needs the whole day."""
    cast = Cast(app, client, cap=cap)
    cast.join()
    elsewhere = Cast(app, client, first_day=date(2024, 12, 1), last_day=date(2024, 12, 31), cap=1)
    add_membership(app, cast.phone, elsewhere.campaign, elsewhere.first, JOINED)
    days: list[list[date]] = []

    def attribute(days_of: Mapping[UUID, Iterable[date]]) -> int:
        days.append([day for of in days_of.values() for day in of])
        return real(days_of)

    real = earnings.attribute
    monkeypatch.setattr(earnings, "attribute", attribute)
    cast.post(sample("2024-11-15T11:00:00+07:00"))
    assert len(days) == (0 if cap is None else 1)
    cast.post(sample("2024-11-15T10:00:00+07:00"))  # the later one becomes a repeat
    assert len(days) == (1 if cap is None else 2)
    assert sorted(fate for _, fate in cast.earned().values()) == ["counted", "repeat"]
    with app.app_context():
        assert reattribute(cast.campaign)["changed"] == 0
    cast.agrees()


def test_what_does_not_count_is_received_and_earns_nothing(cast: Cast) -> None:
    cast.join()
    failed = sample(AT, status="failed")
    repeat = [sample(f"2024-11-15T1{hour}:00:00+07:00") for hour in (0, 1)]
    cast.post(failed, *repeat)
    fates = {one: fate for one, (_, fate) in cast.earned().items()}
    assert fates[failed["id"]] == "failed_test"
    assert [fates[one["id"]] for one in repeat] == ["counted", "repeat"]
    cast.agrees()


def test_a_late_earlier_sample_takes_the_worth_of_a_later_one(cast: Cast) -> None:
    cast.join()
    later, earlier = sample("2024-11-15T11:00:00+07:00"), sample("2024-11-15T10:00:00+07:00")
    cast.post(later)
    assert cast.earned()[later["id"]] == (cast.first, "counted")
    cast.post(earlier)
    assert cast.earned()[later["id"]] == (cast.first, "repeat")
    assert cast.earned()[earlier["id"]] == (cast.first, "counted")
    cast.agrees()


def test_outside_the_campaign_s_days_area_and_kinds_nothing_is_earned(
    app: Flask, client: FlaskClient
) -> None:
    hanoi = {"latitude": 21.0285, "longitude": 105.8542, "accuracy_m": 10.0}
    cast = Cast(app, client, first_day=date(2024, 11, 1), last_day=date(2024, 11, 15))
    cast.join()
    cast.post(sample(NEXT_DAY))
    cast.post(sample("2024-11-15T13:00:00+07:00", location=hanoi))
    wifi = network(kind="wifi")
    cast.post(sample("2024-11-15T18:00:00+07:00", network=wifi))
    assert cast.earned() == {}


def test_a_sample_in_no_commune_is_received_by_the_team(cast: Cast) -> None:
    cast.join()
    lost = sample(AT, location=None)
    cast.post(lost)
    assert cast.earned() == {lost["id"]: (cast.first, "position_missing")}
    cast.agrees()


def test_over_the_cap_the_commune_still_counts(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, client, cap=2)
    cast.join()
    samples = [sample(f"2024-11-15T{hour:02}:00:00+07:00") for hour in (22, 8, 13, 17)]
    for one in samples:
        cast.post(one)
    fates = [cast.earned()[one["id"]][1] for one in samples]
    assert fates == ["over_cap", "counted", "counted", "over_cap"]
    with app.app_context():
        assert (
            db.session.execute(text("select count(*) from measurements where counted")).scalar_one()
            == 4
        )
    cast.agrees()


def test_a_correction_beats_the_rule_and_another_takes_it_back(cast: Cast) -> None:
    cast.join()
    one = sample(AT)
    cast.post(one)
    asked = {"measurements": [one["id"]], "team_id": cast.second, "reason": "đo hộ đội B"}
    shown = cast.decide("corrections", **asked, preview=True)
    assert shown.json["after"] == [{"team_id": cast.second, "received": 1, "counted": 1}]
    assert cast.earned() == {one["id"]: (cast.first, "counted")}
    assert cast.decide("corrections", **asked).status_code == 200
    assert cast.earned() == {one["id"]: (cast.second, "counted")}
    cast.agrees()
    nobody = {"filter": {"team_id": cast.second}, "team_id": None, "reason": "không rõ đội"}
    assert cast.decide("corrections", **nobody).json["measurements"] == 1
    assert cast.earned() == {}
    cast.decide("corrections", **(asked | {"team_id": cast.first}))
    assert cast.earned() == {one["id"]: (cast.first, "counted")}
    cast.agrees()


def test_an_exclusion_acts_in_the_campaign_alone(cast: Cast) -> None:
    cast.join()
    one = sample(AT)
    cast.post(one)
    asked = {"measurements": [one["id"]], "reason": "cùng một chỗ"}
    assert cast.decide("exclusions", **asked).status_code == 200
    assert cast.earned() == {one["id"]: (cast.first, "excluded_in_campaign")}
    cast.agrees()
    cast.decide("exclusions", **asked, excluded=False)
    assert cast.earned() == {one["id"]: (cast.first, "counted")}
    cast.agrees()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"team_id": None, "reason": "x"}, "measurements"),
        ({"measurements": ["no id"], "team_id": None, "reason": "x"}, "measurements.0"),
        ({"filter": {"team_id": 1}, "team_id": None, "reason": " "}, "reason"),
        ({"filter": {"team_id": 1}, "team_id": 999, "reason": "x"}, "team_id"),
    ],
)
def test_a_decision_that_cannot_be_made_names_the_field(
    cast: Cast, body: dict[str, Any], field: str
) -> None:
    refused = cast.decide("corrections", **body)
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json["errors"]] == [field]


def test_changed_terms_are_attributed_anew(cast: Cast, app: Flask) -> None:
    cast.join()
    cast.post(sample(AT))
    cast.post(sample(NEXT_DAY))
    with app.app_context():
        db.session.execute(text("update campaigns set last_day = date '2024-11-15'"))
        assert reattribute(cast.campaign)["changed"] == 1
        db.session.commit()
    assert len(cast.earned()) == 1
    cast.agrees()


def test_a_withdrawal_leaves_the_team_s_figures(
    cast: Cast, client: FlaskClient, clock: FakeClock
) -> None:
    cast.join()
    cast.post(sample(AT))
    cast.decide("exclusions", filter={"team_id": cast.first}, reason="x")
    cast.post(sample(NEXT_DAY))
    clock.now += timedelta(days=8)
    assert client.delete("/api/v1/devices/me", headers=cast.phone).status_code == 200
    assert sorted(fate for _, fate in cast.earned().values()) == ["counted", "excluded_in_campaign"]
    with cast.app.app_context():
        rows = db.session.execute(text("select volunteer_id, membership_id from earnings"))
        assert {tuple(row) for row in rows} == {(None, None)}
        assert db.session.execute(text("select count(*) from memberships")).scalar_one() == 0
    cast.agrees()


def test_sums_that_a_hand_changed_are_found_and_repaired(cast: Cast) -> None:
    cast.join()
    cast.post(sample(AT), sample(NEXT_DAY))
    with cast.app.app_context():
        changed = "claimed = 7, repeat = 1, days = '{}', needed = needed + 1, guests = 3"
        db.session.execute(text(f"update member_months set {changed}"))
        db.session.execute(text("delete from team_unit_months"))
        db.session.execute(text("update team_days set claimed = 0, guests = 1"))
        db.session.commit()
        found = {(row["table"], row["name"]) for row in earning_sums.differences()}
        assert found == {
            *(
                ("member_months", name)
                for name in ("claimed", "repeat", "days", "needed", "guests")
            ),
            *(
                ("team_unit_months", name)
                for name in (
                    "received",
                    "valid",
                    "counted",
                    "claimed",
                    "days",
                    "needed",
                    "needed_days",
                )
            ),
            *(("team_days", name) for name in ("claimed", "guests")),
        }
    recount = cast.app.test_cli_runner().invoke(args=["measurements", "recount", "--repair"])
    assert recount.exit_code == 1, recount.output
    cast.agrees()


def test_a_person_sees_all_that_is_held_of_teams_too(cast: Cast) -> None:
    cast.join()
    cast.post(sample(AT))
    found = cast.client.get("/api/v1/devices/me/export", headers=cast.phone).json
    assert [row["team_id"] for row in found["memberships"]] == [cast.first]
    assert [row["category"] for row in found["earnings"]] == ["counted"]
    assert len(found["volunteers"]) == len(found["device_links"]) == 1
    assert found["corrections"] == found["campaign_exclusions"] == []
    chosen = {"filter": {"team_id": cast.first}}
    cast.decide("exclusions", **chosen, reason="cùng một chỗ")
    cast.decide("corrections", **chosen, team_id=cast.second, reason="đo hộ đội B")
    found = cast.client.get("/api/v1/devices/me/export", headers=cast.phone).json
    assert [row["reason"] for row in found["campaign_exclusions"]] == ["cùng một chỗ"]
    assert [(row["team_id"], row["reason"]) for row in found["corrections"]] == [
        (cast.second, "đo hộ đội B")
    ]
    assert "user_id" not in found["corrections"][0]
    assert "2024-11-15" in found["memberships"][0]["period"]


def test_the_clock_of_the_upload_does_not_matter(cast: Cast, clock: FakeClock) -> None:
    cast.join(until=JOINED + timedelta(days=1))
    one = sample(AT)
    clock.now = datetime(2024, 12, 10, tzinfo=UTC)  # a phone back from weeks offline
    cast.post(one)
    assert cast.earned() == {one["id"]: (cast.first, "counted")}


def test_a_volunteer_sees_who_has_a_sample_and_that_it_was_corrected(cast: Cast) -> None:
    cast.join()
    one = sample(AT)
    cast.post(one)
    url = f"/api/v1/measurements/{one['id']}"
    found = cast.client.get(url, headers=cast.phone).json["earned"]
    assert [(row["team"], row["counted"], row["corrected"]) for row in found] == [
        ("A", True, False)
    ]
    cast.decide("corrections", measurements=[one["id"]], team_id=cast.second, reason="x")
    cast.decide("exclusions", measurements=[one["id"]], reason="x")
    listed = cast.client.get("/api/v1/measurements", headers=cast.phone).json["items"][0]["earned"]
    assert [(row["team"], row["counted"], row["corrected"]) for row in listed] == [
        ("B", False, True)
    ]
    assert listed[0]["reason"]["code"] == "excluded_in_campaign"
    assert "Đơn vị tổ chức" in listed[0]["reason"]["message"]


def test_a_running_campaign_is_changed_with_a_preview_of_what_moves(cast: Cast) -> None:
    cast.join()
    cast.post(sample(AT))
    cast.post(sample(NEXT_DAY))
    url = f"/api/v1/campaigns/{cast.campaign}"
    seen = {"If-Match": cast.client.get(url).headers["ETag"]} | cast.organiser
    shorter = {"last_day": "2024-11-15"}
    assert cast.client.patch(url, json=shorter, headers=seen).json["code"] == "campaign_running"

    asked = {"changes": shorter, "preview": True}
    shown = cast.client.post(f"{url}/changes", json=asked, headers=seen)
    assert (shown.json["before"][0]["counted"], shown.json["after"][0]["counted"]) == (2, 1)
    assert len(cast.earned()) == 2
    done = cast.client.post(f"{url}/changes", json=asked | {"preview": False}, headers=seen)
    assert done.json["campaign"]["last_day"] == "2024-11-15"
    assert len(cast.earned()) == 1
    stale = cast.client.post(f"{url}/changes", json=asked, headers=seen)
    assert stale.status_code == 412
    cast.agrees()


def test_an_id_that_no_row_can_have_is_not_found(client: FlaskClient, app: Flask) -> None:
    admin = person(app, "admin")
    url = f"/api/v1/campaigns/{2**31}/corrections"
    body = {"measurements": [str(UUID(int=7))], "team_id": None, "reason": "x"}
    assert client.post(url, json=body, headers=admin).status_code == 404


def test_earned_samples_have_their_parts(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    cast = Cast(app, client, cap=2)
    cast.join()
    clock.now = datetime(2024, 11, 19, 4, tzinfo=UTC)
    claimed = sample((clock.now - timedelta(hours=9)).isoformat())
    cast.post(claimed)
    body = {"download_mbps": 1.0, "upload_mbps": 1.0, "test": witnessed(client, cast.phone)}
    proven = sample(clock.now.isoformat(), **body)
    cast.post(proven)
    clock.now += timedelta(hours=5)
    over = sample(clock.now.isoformat())
    cast.post(over)
    team_id = cast.first
    assert cast.earned() == {
        claimed["id"]: (team_id, "counted"),
        proven["id"]: (team_id, "counted_witnessed"),
        over["id"]: (team_id, "over_cap"),
    }
    cast.agrees()
    own = client.get(f"/api/v1/measurements/{proven['id']}", headers=cast.phone).json
    assert [one["counted"] for one in own["earned"]] == [True]
    url = f"/api/v1/campaigns/{cast.campaign}/contributions?by=team"
    answer = client.get(url, headers=cast.organiser).json
    for row in (answer["items"][0], answer["total"]):
        assert row["by_assurance"] == {"witnessed": 1, "ticketed": 0, "claimed": 1}
        assert row["counted"] == 2 and row["reasons"] == {"over_cap": 1}
    table = client.get(f"{url}&format=csv", headers=cast.organiser).data.decode("utf-8-sig")
    [first, _] = csv.DictReader(io.StringIO(table))
    assert [first[part] for part in ("counted", "witnessed", "ticketed", "claimed")] == [
        "2", "1", "0", "1"
    ]  # fmt: skip
    asked = {"measurements": [claimed["id"], proven["id"]], "reason": "đo hộ đội B"}
    shown = cast.decide("corrections", **asked, team_id=cast.second, preview=True).json
    assert shown["before"] == [{"team_id": team_id, "received": 2, "counted": 2}]
    asked = {"measurements": [proven["id"]], "reason": "giả"}
    assert cast.decide("exclusions", **asked).status_code == 200
    assert cast.earned()[proven["id"]] == (team_id, "excluded_in_campaign")
    assert cast.earned()[over["id"]] == (team_id, "counted")
    cast.agrees()


def test_teams_earn_the_counted_categories_of_devices() -> None:
    assert {category([], [], assurance) for assurance in (None, *ASSURANCES)} == COUNTED
    assert (*sorted(COUNTED, reverse=True), "counted_by_admin", "withdrawn") == COUNTED_CATEGORIES

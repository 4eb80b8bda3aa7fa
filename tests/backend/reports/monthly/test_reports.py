"""The life of a monthly report: begun, remarked on, frozen, approved, superseded."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.units.reform import crosswalk
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.factories import location
from tests.support.reports import DECEMBER, MONTH, URL, Office

pytestmark = pytest.mark.slow


def test_a_draft_shows_the_figures_of_coverage(office: Office) -> None:
    office.measured(9, 10, 16)
    report = office.draft()
    answer = office.show(report).json
    assert (answer["state"], answer["edition"], answer["deadline"]) == ("draft", 1, "2024-12-15")
    assert answer["unit"]["code"] == "19" and answer["seal"] is None and answer["files"] == []
    figures = office.show(report, "/figures").json
    query = f"month={MONTH}&parent=19&network=mobile"
    coverage = office.client.get(f"/api/v1/coverage?{query}").json
    for name in ("received", "valid", "counted", "reasons", "unlocated", "by_assurance"):
        assert figures["sections"]["samples"]["mobile"][name] == coverage["summary"][name]
    assert len(figures["sections"]["lacking"]["mobile"]) == len(coverage["items"]) == 172
    levels = [row["level"] for row in figures["sections"]["reached"]["mobile"]]
    assert levels == ["province", "district", "commune"]
    assert figures["sections"]["reached"]["fixed"][0]["threshold"] is None
    assert figures["counts_from"] == "claimed"  # what the tests' installation asks for


def test_a_province_says_how_many_samples_of_the_server_are_of_others(office: Office) -> None:
    office.measured(9, 16)
    office.measured(9, 13, 18, location=location(latitude=21.0285, longitude=105.8542))  # Hà Nội
    report = office.draft()
    samples = office.show(report, "/figures").json["sections"]["samples"]
    assert (samples["mobile"]["counted"], samples["mobile"]["elsewhere"]) == (2, 3)
    assert samples["fixed"]["elsewhere"] == 0
    commune = office.begin(unit="05443").json["id"]
    of_commune = office.show(commune, "/figures").json["sections"]["samples"]["mobile"]
    assert "elsewhere" not in of_commune


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"month": "2025-01"}, 422, "month_in_future"),
        ({"unit": "99999"}, 404, "unit_unknown"),
        ({"unit": "01"}, 403, "forbidden"),
    ],
)
def test_a_report_that_cannot_be_begun(
    office: Office, asked: dict[str, Any], status: int, code: str
) -> None:
    refused = office.begin(**asked)
    assert refused.status_code == status
    assert code in (refused.json["code"], refused.json.get("errors", [{}])[0].get("code"))


def test_a_month_has_one_report_of_a_unit(office: Office) -> None:
    office.draft()
    assert office.begin().json["code"] == "report_exists"
    assert office.begin(unit="164").status_code == 201  # a district of the province, of its own
    assert office.begin(unit="05443").status_code == 201


def test_a_draft_is_given_up_and_begun_again(office: Office) -> None:
    report = office.draft()
    gone = office.client.delete(f"{URL}/{report}", headers=people.if_match(office.headers))
    assert gone.status_code == 204
    assert office.show(report).status_code == 404
    frozen_again = office.begin().json["id"]
    office.is_demo()
    assert office.act(frozen_again, "freeze").status_code == 200
    seen = people.if_match(office.headers, 2)
    refused = office.client.delete(f"{URL}/{frozen_again}", headers=seen)
    assert (refused.status_code, refused.json["code"]) == (409, "report_not_draft")


def test_nothing_is_frozen_before_the_month_is_over_in_vietnam(office: Office) -> None:
    office.is_demo()
    report = office.draft()
    office.clock.now = datetime(2024, 11, 30, 16, 59, tzinfo=UTC)
    assert office.act(report, "freeze").json["code"] == "month_not_over"
    office.clock.now = datetime(2024, 11, 30, 17, 0, tzinfo=UTC)
    assert office.act(report, "freeze").status_code == 200


def test_nothing_is_frozen_on_approximate_boundaries(office: Office) -> None:
    report = office.draft()
    refused = office.act(report, "freeze")
    assert (refused.status_code, refused.json["code"]) == (409, "boundaries_approximate")
    assert office.show(report).json["state"] == "draft"


def test_what_is_frozen_changes_no_more(office: Office) -> None:
    office.is_demo()
    phone = office.measured(9, 16)
    report = office.frozen()
    before = office.show(report, "/figures").data
    answer = office.show(report).json
    assert answer["state"] == "frozen" and answer["demo"] is True and len(answer["digest"]) == 64
    office.measured(8, day=16)
    assert office.client.delete("/api/v1/devices/me", headers=phone).status_code == 200
    assert office.show(report, "/figures").data == before
    for what in ("freeze", "approve"):
        stale = people.if_match(office.headers, 1)
        refused = office.client.post(f"{URL}/{report}/{what}", json={}, headers=stale)
        assert refused.status_code == 412
    assert office.act(report, "freeze").json["code"] == "report_not_draft"
    refused = office.client.put(
        f"{URL}/{report}/remarks/results", data="Muộn.", content_type="text/plain",
        headers=people.if_match(office.headers, 0),
    )  # fmt: skip
    assert refused.json["code"] == "report_not_draft"


def test_approving_wants_frozen_figures_and_a_name(office: Office) -> None:
    office.is_demo()
    report = office.draft()
    assert office.act(report, "approve", json={}).json["code"] == "report_not_frozen"
    office.act(report, "freeze")
    signer = {"name": "Nguyễn Văn An", "titles": ["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"]}
    answer = office.act(report, "approve", json=signer).json
    approved = {"name": "Nguyễn Văn An", "title": "PHÓ GIÁM ĐỐC"}
    assert answer["approved"] == {"at": "2024-12-05T03:00:00+00:00", **approved}
    assert answer["state"] == "approved" and answer["seal"]["algorithm"] == "Ed25519"
    assert office.act(report, "approve", json={}).json["code"] == "report_approved"


def test_the_name_is_that_of_the_account_unless_told(
    office: Office, app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    office.is_demo()
    assert office.show(office.approved()).json["approved"]["name"] == "Trần Thị Bình"
    unnamed = Office(app, client, clock, province="01")
    unnamed.headers = people.person(app, "official", people.unit_id(app, "01", level="province"))
    refused = unnamed.act(unnamed.frozen(), "approve", json={"titles": ["GIÁM ĐỐC"]})
    assert [e["code"] for e in refused.json["errors"]] == ["name_required"]


def test_an_edition_is_superseded_when_the_next_is_approved(office: Office) -> None:
    office.is_demo()
    first = office.approved()
    assert office.act(first, "supersede", json={"reason": " "}).status_code == 422
    made = office.act(first, "supersede", json={"reason": "Nhập thêm mẫu của VNPT"})
    assert made.status_code == 201
    second = made.json["id"]
    assert (made.json["edition"], made.json["reason"]) == (2, "Nhập thêm mẫu của VNPT")
    assert office.act(first, "supersede", json={"reason": "nữa"}).json["code"] == (
        "report_superseded"
    )
    assert office.show(first).json["state"] == "approved"
    office.act(second, "freeze")
    office.act(second, "approve", json={})
    assert office.show(second).json["state"] == "approved"
    before = office.show(first).json
    assert (before["state"], before["superseded_at"]) == ("superseded", DECEMBER.isoformat())
    assert office.show(first, headers={}).status_code == 200  # what was published stays to be read


def test_a_frozen_edition_that_has_a_later_one_is_not_approved(office: Office) -> None:
    office.is_demo()
    first = office.frozen()
    assert office.act(first, "supersede", json={"reason": "sai ghi chú"}).status_code == 201
    assert office.act(first, "approve", json={}).json["code"] == "report_superseded"


def test_lists_hold_what_one_may_know_of(office: Office, client: FlaskClient) -> None:
    office.is_demo()
    draft, admin = office.begin(unit="05443").json["id"], people.person(office.app, "admin")
    published = office.approved()
    hanoi = people.unit_id(office.app, "01", level="province")
    other = people.person(office.app, "official", hanoi)

    def ids(headers: dict[str, str], query: str = "") -> list[int]:
        return [one["id"] for one in client.get(f"{URL}?{query}", headers=headers).json["items"]]

    assert ids(office.headers) == ids(admin) == [published, draft]
    assert ids(other) == ids({}) == [published]
    assert client.get(URL, headers=other).data == client.get(URL).data
    assert ids(office.headers, "state=draft") == ids(office.headers, "unit=05443") == [draft]
    assert ids(office.headers, "month=2024-10") == []
    page = client.get(f"{URL}?limit=1", headers=office.headers).json
    assert ids(office.headers, f"limit=1&cursor={page['next']}") == [draft]


def test_who_has_not_sent_stands_first(office: Office, client: FlaskClient) -> None:
    office.is_demo()
    office.approved()
    hanoi = Office(office.app, client, office.clock, province="01")
    hanoi.draft()
    url = f"{URL}/deadlines?month={MONTH}"
    answer = client.get(url).json
    assert (answer["deadline"], answer["days_left"]) == ("2024-12-15", 10)
    assert (answer["units"], answer["sent"]) == (63, 1)
    assert [row["code"] for row in answer["items"] if row["sent_at"]] == ["19"]
    assert answer["items"][-1]["code"] == "19" and answer["items"][-1]["late"] is False
    assert {row["state"] for row in answer["items"]} == {None, "approved"}
    seen = client.get(url, headers=hanoi.headers).json["items"]
    assert [row["code"] for row in seen if row["state"] == "draft"] == ["01"]
    assert len(client.get(f"{url}&level=commune&parent=19").json["items"]) == 172


def test_who_is_late_is_told(office: Office, client: FlaskClient) -> None:
    office.is_demo()
    report = office.frozen()
    office.clock.now = datetime(2024, 12, 14, 17, 0, tzinfo=UTC)  # day 15 in Vietnam
    office.act(report, "approve", json={})
    items = client.get(f"{URL}/deadlines?month={MONTH}").json["items"]
    assert [row["code"] for row in items if row["late"]] == ["19"]
    assert client.get(f"{URL}/deadlines?month=2025-02").status_code == 422


def test_an_old_unit_s_month_is_for_who_has_its_ground_today(
    office: Office, app: Flask, client: FlaskClient
) -> None:
    """The report of June 2025 is due when the units of June are gone, and their roles with them."""
    office.clock.now = datetime(2025, 7, 3, 3, 0, tzinfo=UTC)
    june = {"unit": "19", "month": "2025-06"}

    def begin(code: str, headers: dict[str, str]) -> int:
        asked = june | {"unit": code}
        return int(client.post(URL, json=asked, headers=headers).status_code)

    def official(code: str, level: str = "province", system: str = "2025") -> dict[str, str]:
        return people.person(app, "official", people.unit_id(app, code, system, level))

    assert begin("19", office.headers) == 403  # it ended on 30 June
    assert begin("19", official("01")) == 403
    successor = official("19")
    assert begin("19", successor) == 201
    assert begin("164", successor) == 201  # an old district
    of_commune = official(crosswalk().successors("05443")[0], "commune")
    assert begin("164", of_commune) == 403
    assert begin("05443", of_commune) == 201
    listed = client.get(URL, headers=of_commune).json["items"]
    assert [one["unit"]["code"] for one in listed] == ["05443"]
    assert len(client.get(URL, headers=successor).json["items"]) == 3

"""What freezing and approving hold against each other, and against what changes meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.reports.content import sections
from backend.reports.monthly import lifecycle
from tests.support import people
from tests.support.joining import send_concurrently
from tests.support.reports import URL, Office


@pytest.fixture
def office(office: Office) -> Office:
    office.is_demo()
    return office


def sending(office: Office, report: int, what: str) -> Callable[[FlaskClient], TestResponse]:
    version = office.show(report).json["version"]
    seen = people.if_match(office.headers, version)
    return lambda client: client.post(f"{URL}/{report}/{what}", json={}, headers=seen)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["freeze", "approve"])
def test_of_two_at_once_one_comes_second(office: Office, what: str) -> None:
    report = office.draft() if what == "freeze" else office.frozen()
    send = sending(office, report, what)
    answers = send_concurrently(office.app, send, send)
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    acts = [act for act, _ in people.audit_entries(office.app, f"report:{report}")]
    assert acts.count(f"report.{what}") == 1


def test_who_begins_the_same_report_at_once_is_told(office: Office) -> None:
    def begin(client: FlaskClient) -> TestResponse:
        asked = {"unit": "19", "month": "2024-11"}
        return client.post(URL, json=asked, headers=office.headers)

    answers = send_concurrently(office.app, begin, begin)
    assert sorted(answer.status_code for answer in answers) == [201, 409]


@pytest.mark.slow
def test_a_remark_that_came_while_files_were_made_is_not_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = office.draft()
    real = lifecycle.render

    def slowly(figures: Any) -> Any:
        saved = office.app.test_client().put(
            f"{URL}/{report}/remarks/results", data="Bổ sung phút chót.", content_type="text/plain",
            headers=people.if_match(office.headers, 0),
        )  # fmt: skip
        assert saved.status_code == 200
        return real(figures)

    monkeypatch.setattr(lifecycle, "render", slowly)
    assert office.act(report, "freeze").status_code == 412
    monkeypatch.undo()
    assert office.act(report, "freeze").status_code == 200
    assert office.show(report, "/figures").json["remarks"] == {"results": "Bổ sung phút chót."}


@pytest.mark.slow
def test_figures_that_keep_moving_are_not_frozen(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late sample between two readings: they must agree before anything is kept."""
    report, real, late = office.draft(), sections.notes, iter(range(6, 23))
    phone = office.phone()

    def moving(*given: Any) -> Any:
        office.late([(9, next(late))], phone=phone)
        return real(*given)

    monkeypatch.setattr(sections, "notes", moving)
    refused = office.act(report, "freeze")
    assert (refused.status_code, refused.json["code"]) == (409, "figures_moving")
    monkeypatch.undo()
    assert office.act(report, "freeze").status_code == 200
    frozen = office.show(report, "/figures").json["sections"]["samples"]["mobile"]["received"]
    assert frozen == sections.MAX_READINGS


@pytest.mark.slow
def test_the_letterhead_is_that_of_the_moment_of_freezing(office: Office) -> None:
    report = office.frozen()
    before = office.show(report, "/figures").json["letterhead"]
    assert before["agency"] == "SỞ THÔNG TIN VÀ TRUYỀN THÔNG"
    url, seen = "/api/v1/units/19/letterhead", people.if_match(office.headers, 0)
    changed = {**before, "signer": "Nguyễn Văn An"}
    assert office.client.put(url, json=changed, headers=seen).status_code == 200
    assert office.show(report, "/figures").json["letterhead"] == before
    office.act(report, "supersede", json={"reason": "người ký khác"})
    second = office.client.get(URL, headers=office.headers).json["items"][0]["id"]
    assert office.show(second, "/figures").json["letterhead"]["signer"] == "Nguyễn Văn An"


@pytest.mark.slow
def test_an_activity_that_is_entered_meanwhile_is_not_left_out(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are made without it: freezing is refused, and the next time has it."""
    report, real = office.draft(), lifecycle.render
    activity = {"kind": "launch", "people": 40, "day": "2024-11-15"}

    def slowly(figures: Any) -> Any:
        client = office.app.test_client()
        entered = client.post("/api/v1/units/19/outreach", json=activity, headers=office.headers)
        assert entered.status_code == 201
        return real(figures)

    monkeypatch.setattr(lifecycle, "render", slowly)
    refused = office.act(report, "freeze")
    assert (refused.status_code, refused.json["code"]) == (409, "figures_moving")
    monkeypatch.undo()
    assert office.act(report, "freeze").status_code == 200
    [kept] = office.show(report, "/figures").json["sections"]["outreach"]["activities"]
    assert kept["people"] == 40

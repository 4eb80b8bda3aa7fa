"""An organiser's decision, and what happens to its measurements meanwhile and after."""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.accounts.access import Actor
from backend.database.extensions import db
from backend.errors import Problem
from backend.measurements.corrections import service as correcting
from backend.measurements.corrections.service import (
    PREVIEWS_PER_HOUR,
    Choice,
    Decision,
    apply_decision,
)
from backend.measurements.recording import counting, earning_sums
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.people import (
    LATER,
    LONG_AGO,
    account,
    add_membership,
    audit_entries,
    campaign,
    organisation,
    person,
    sign_in,
    team,
    unit_id,
)


class Cast:
    """Two teams of a campaign, and a sample of a phone that joined one on the day after."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        union = self.union = organisation(app)
        self.first, self.second = team(app, union, "A"), team(app, union, "B")
        self.campaign = campaign(app, union, unit_id(app, "19", level="province"))
        self.organiser = person(app, "organiser", union)
        self.phone, self.sample = register(client), sample()
        joined = datetime(2024, 11, 16, tzinfo=UTC)
        self.member = add_membership(app, self.phone, self.campaign, self.first, joined)
        post(client, self.phone, self.sample)

    def correct(self, team_id: int, *ids: str, **body: Any) -> Any:
        url = f"/api/v1/campaigns/{self.campaign}/corrections"
        chosen = {} if "filter" in body else {"measurements": ids or [self.sample["id"]]}
        body = {**chosen, "team_id": team_id, "reason": "đo hộ", **body}
        return self.app.test_client().post(url, json=body, headers=self.organiser)

    def withdraw(self) -> Any:
        return self.app.test_client().delete("/api/v1/devices/me", headers=self.phone)

    def corrections(self) -> list[tuple[Any, ...]]:
        asked = "select measurement_id::text, before_team_id, team_id from corrections order by id"
        with self.app.app_context():
            return [tuple(row) for row in db.session.execute(text(asked))]


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    """Let something else happen, once, after a decision has read what it is about."""
    read, left = correcting._choose, [happens]

    def chosen(*asked: Any) -> Any:
        found = read(*asked)
        if left:
            other = threading.Thread(target=left.pop())
            other.start()
            other.join()
        return found

    monkeypatch.setattr(correcting, "_choose", chosen)


def test_who_withdraws_meanwhile_leaves_no_id(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(monkeypatch, cast.withdraw)
    answer = cast.correct(cast.first).json
    assert answer["measurements"] == 0
    assert cast.corrections() == []


def test_of_two_decisions_the_second_tells_what_the_first_did(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: cast.correct(cast.first))
    answer = cast.correct(cast.second).json
    mine = cast.sample["id"]
    assert cast.corrections() == [(mine, None, cast.first), (mine, cast.first, cast.second)]
    assert answer["before"] == [{"team_id": cast.first, "received": 1, "counted": 1}]


def test_a_correction_follows_the_verdict_of_a_sample_of_before_joining(
    cast: Cast, app: Flask, client: FlaskClient
) -> None:
    asked, mine = text("select category from earnings"), cast.sample["id"]
    assert cast.correct(cast.first).status_code == 200
    post(client, cast.phone, sample("2024-11-15T08:30:00+07:00"))  # late: the other repeats it
    with app.app_context():
        assert db.session.execute(asked).scalar_one() == "repeat"
    words = ["measurements", "exclude", mine, "--reason", "x"]
    assert app.test_cli_runner().invoke(args=words).exit_code == 0
    with app.app_context():
        assert db.session.execute(asked).scalar_one() == "excluded"
        assert counting.differences() == earning_sums.differences() == []


def test_a_correction_is_seen_done_and_undone_on_the_page_that_lists_it(cast: Cast) -> None:
    account(cast.app, "ban@example.vn", "organiser", cast.union)
    mine = sample("2024-11-17T09:00:00+07:00")
    post(cast.client, cast.phone, mine)
    browser = cast.app.test_client()
    token = sign_in(browser, "ban@example.vn")["X-CSRF-Token"]
    page = f"/campaigns/{cast.campaign}/corrections?lang=vi"

    def send(status: int = 200, **fields: Any) -> str:
        answer = browser.post(page, data={"csrf_token": token, **fields})
        assert answer.status_code == status, answer.text
        return answer.text

    def act(**fields: Any) -> None:
        teams = cast.corrections()
        [go] = re.findall(r'name="go" value="(\w{64})"', send(**fields))
        assert cast.corrections() == teams
        send(303, **fields, go=go)

    act(from_team=cast.first, to_team=cast.second, reason="Nhầm đội")
    act(undo=re.findall(r'name="undo" value="(\d+)"', browser.get(page).text), reason="Đúng rồi")
    moved = (mine["id"], cast.first, cast.second), (mine["id"], cast.second, cast.first)
    assert cast.corrections() == list(moved)
    listed = browser.get(page).text
    assert listed.count("đã thu hồi") == 1 and listed.count('name="undo"') == 1
    assert "đã được thu hồi" in send(undo=1, reason="x")
    other = campaign(
        cast.app, organisation(cast.app, "Khác"), unit_id(cast.app, "01", level="province")
    )
    page = f"/campaigns/{other}/corrections?lang=vi"
    send(403, undo=2, reason="x")


def test_a_decision_is_undone_once_by_presses_at_the_same_moment(cast: Cast) -> None:
    cast.correct(cast.second)
    with cast.app.app_context():
        undone = db.session.execute(text("select max(id) from corrections")).scalar_one()
    refused: list[str] = []

    def press() -> None:
        with cast.app.app_context():
            chosen, decision = Choice(), Decision("Đúng rồi", undo=undone)
            try:
                apply_decision(Actor(user_id=1), cast.campaign, chosen, decision, preview=False)
            except Problem as problem:
                refused.append(problem.code)

    presses = [threading.Thread(target=press) for _ in range(4)]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    assert refused == ["already_lifted"] * 3
    assert len(cast.corrections()) == 2


def test_only_samples_of_the_campaign_are_chosen_by_id(cast: Cast, client: FlaskClient) -> None:
    stranger, strange = register(client), sample()
    post(client, stranger, strange)
    union = organisation(cast.app, "Sở KH&CN")
    elsewhere, own = campaign(cast.app, union), sample()
    other = register(client)
    add_membership(cast.app, other, elsewhere, team(cast.app, union, "C"), LONG_AGO)
    left, after = register(client), sample()
    add_membership(cast.app, left, cast.campaign, cast.first, LONG_AGO, LATER)
    post(client, other, own)
    post(client, left, after)
    unknown = sample()["id"]
    for one in (strange["id"], own["id"], after["id"], unknown):
        answer = cast.correct(cast.first, one)
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    # Among others they change nothing, as unknown ids do.
    mixed = cast.correct(cast.first, cast.sample["id"], strange["id"], own["id"], unknown)
    assert mixed.json["measurements"] == 1
    assert cast.corrections() == [(cast.sample["id"], None, cast.first)]


def test_no_decision_tells_in_which_commune_a_member_measured(cast: Cast) -> None:
    for what in ("corrections", "exclusions"):
        body = {"filter": {"member": cast.member, "unit_id": 1}, "reason": "x", "preview": True}
        body |= {"team_id": None} if what == "corrections" else {}
        url = f"/api/v1/campaigns/{cast.campaign}/{what}"
        refused = cast.client.post(url, json=body, headers=cast.organiser)
        assert refused.status_code == 422
        assert [(one["field"], one["code"]) for one in refused.json["errors"]] == [
            ("filter.member", "member_or_unit"), ("filter.unit_id", "member_or_unit")
        ]  # fmt: skip


def test_previews_are_few_and_audited(cast: Cast, clock: FakeClock) -> None:
    days = {"member": cast.member, "first_day": "2024-11-15", "last_day": "2024-11-15"}
    asked: dict[str, Any] = {"filter": days, "preview": True}
    for _ in range(PREVIEWS_PER_HOUR):
        assert cast.correct(cast.second, **asked).status_code == 200
    refused = cast.correct(cast.second, **asked)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    entries = audit_entries(cast.app, f"campaign:{cast.campaign}")
    shown = {"chosen_by": ["member", "first_day", "last_day"], "measurements": 0}
    assert entries == [("decision.preview", shown)] * PREVIEWS_PER_HOUR
    # Nor does a change of the campaign tell whose samples lie where, one preview after the other.
    url = f"/api/v1/campaigns/{cast.campaign}"
    seen = {"If-Match": cast.client.get(url, headers=cast.organiser).headers["ETag"]}
    body = {"changes": {"cap": 5}, "preview": True}
    refused = cast.client.post(f"{url}/changes", json=body, headers=cast.organiser | seen)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert cast.correct(cast.first).status_code == 200  # decisions are as many as needed
    clock.now += timedelta(hours=1)
    refused = cast.client.post(f"{url}/changes", json=body, headers=cast.organiser | seen)
    assert refused.status_code == 200, refused.text
    assert audit_entries(cast.app, f"campaign:{cast.campaign}")[-1] == (
        "decision.preview", {"chosen_by": ["cap"]}
    )  # fmt: skip
    assert cast.correct(cast.second, **asked).status_code == 200


@pytest.mark.parametrize(("form", "left"), [({}, 1), ({"samples": "drop"}, 0)])
def test_a_leader_removes_a_wrong_member(
    cast: Cast, clock: FakeClock, form: dict[str, str], left: int
) -> None:
    """Samples so far stay unless they are dropped; later ones never count for the team."""
    account(cast.app, "doi@example.vn", "team_leader", cast.first)
    client, phone = cast.app.test_client(), cast.app.test_client()
    form |= {"csrf_token": sign_in(client, "doi@example.vn")["X-CSRF-Token"]}
    members = f"/api/v1/teams/{cast.first}/members"
    post(phone, cast.phone, sample(measured_at=(clock.now - timedelta(hours=1)).isoformat()))
    [one] = client.get(members).json["items"]
    url = f"/campaigns/{cast.campaign}/teams/{{}}/members/{one['number']}/remove"
    assert client.post(url.format(cast.second), data=form).status_code == 404
    assert client.post(url.format(cast.first), data=form).status_code == 303
    assert client.get(members).json["items"] == []
    assert client.post(url.format(cast.first), data=form).status_code == 404
    clock.now += timedelta(hours=2)
    post(phone, cast.phone, sample(measured_at=(clock.now - timedelta(hours=1)).isoformat()))
    totals = f"/api/v1/campaigns/{cast.campaign}/contributions?by=team"
    items = cast.app.test_client().get(totals, headers=cast.organiser).json["items"]
    assert [one["received"] for one in items if one["id"] == str(cast.first)] == [left] * left
    assert len(cast.corrections()) == 1 - left
    day = "/api/v1/memberships/today"
    [told] = phone.get(day, headers=cast.phone).json["removed"]
    assert (told["team"]["name"], told["organiser"]) == ("A", "Tỉnh Đoàn Thái Nguyên")
    assert told["keeps_samples"] is bool(left)
    page = client.get(f"/campaigns/{cast.campaign}/teams/{cast.first}?lang=vi").text
    assert f"Thành viên {one['number']} đã bị xóa khỏi đội (" in page
    # The undo gives back the membership, what was taken, and what was measured meanwhile.
    back = url.format(cast.first).replace("remove", "restore")
    assert (
        client.post(back.replace(f"/{cast.first}/", f"/{cast.second}/"), data=form).status_code
        == 404
    )
    assert client.post(back, data=form).status_code == 303
    assert client.post(back, data=form).status_code == 404
    items = cast.app.test_client().get(totals, headers=cast.organiser).json["items"]
    assert [one["received"] for one in items] == [2]
    answer = phone.get(day, headers=cast.phone).json
    assert (len(answer["items"]), answer["removed"]) == (1, [])
    assert "membership.remove" in [act for act, _ in audit_entries(cast.app, f"team:{cast.first}")]


def test_the_page_says_how_many_of_the_moved_samples_count(app: Flask, cast: Cast) -> None:
    """Received and counted are told apart: of two samples in one place one is a repeat."""
    phone = register(cast.client)
    add_membership(app, phone, cast.campaign, cast.first, LONG_AGO)
    post(cast.client, phone, sample(), sample("2024-11-15T09:20:00+07:00"))
    account(app, "ban@example.vn", "organiser", cast.union)
    headers = sign_in(cast.client, "ban@example.vn")
    fields = {"csrf_token": headers["X-CSRF-Token"], "from_team": cast.first, "to_team": "none"}
    address = f"/campaigns/{cast.campaign}/corrections?lang=vi"
    page = cast.client.post(address, data={**fields, "reason": "nhầm đội"}).text
    assert "Chuyển 2 mẫu, trong đó 1 được tính." in page

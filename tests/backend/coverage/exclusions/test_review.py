"""Decisions on many signals at once: semantics of the single one, samples, undoing."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.coverage.signals.rules import MIN_MOCK
from tests.support import people
from tests.support.factories import HERE, location, post, sample
from tests.support.people import audit_entries, person, unit_id
from tests.support.signals import NINE, SIGNALS, Cast

EACH = 4  # counted samples of a phone
RESULTS = ((48.27, 12.13, 21.4), (33.19, 8.37, 25.6))


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    """A campaign with two phones with mock positions and counted samples; one repeats results."""
    cast = Cast(app, client)
    other = cast.add_volunteer()
    cast.mock(other, MIN_MOCK)
    for phone, factor in ((cast.phone, 0), (other, 1)):
        post(client, phone, *[counted_sample(k, factor) for k in range(EACH)])
    return cast


def counted_sample(k: int, factor: int) -> dict[str, Any]:
    down, up, ping = RESULTS[k % 2]
    place = location(latitude=HERE["latitude"] - (k + 1) / 400)
    at = (NINE + timedelta(minutes=60 + 10 * k)).isoformat()
    return sample(
        at, download_mbps=down + factor * (k + 1), upload_mbps=up, ping_ms=ping, location=place
    )


def of_kind(cast: Cast, kind: str = "mock_share") -> list[Any]:
    return [one for one in cast.of_campaign().json["items"] if one["kind"] == kind]


def decide(cast: Cast, signals: list[Any], headers: Any = None, **body: Any) -> Any:
    listed = [one if isinstance(one, dict) else {"id": one} for one in signals]
    body = {"signals": listed, "state": "explained", **body}
    return cast.client.patch(SIGNALS, json=body, headers=headers or cast.organiser)


def counted(cast: Cast) -> int:
    url = f"/api/v1/campaigns/{cast.campaign}/contributions?month=2024-11"
    return int(cast.client.get(url, headers=cast.organiser).json["total"]["counted"])


def in_province(cast: Cast) -> int:
    items = cast.client.get("/api/v1/coverage?month=2024-11&level=province").json["items"]
    return int(next(one["counted"] for one in items if one["code"] == "19"))


def test_each_signal_is_decided_and_audited_as_by_itself(cast: Cast) -> None:
    ids = [one["id"] for one in of_kind(cast)]
    answer = decide(cast, ids, note="máy đo của trường").json
    assert (answer["decided"], [one["status"] for one in answer["items"]]) == (2, [200, 200])
    assert {one["signal"]["state"] for one in answer["items"]} == {"explained"}
    for one in ids:
        [(act, details)] = audit_entries(cast.app, f"signal:{one}")
        assert (act, details["after"]) == ("signal.decide", {"state": "explained", "noted": True})
    assert counted(cast) == 2 * EACH


@pytest.mark.slow
@pytest.mark.parametrize(("role", "place"), [("official", "/desk/area/19"), ("organiser", None)])
def test_signals_on_the_same_samples_are_decided_together(
    cast: Cast, role: str, place: str | None
) -> None:
    """One click shows what goes, and that the other signal of the phone goes with it."""
    scope = cast.province if place else cast.organisation
    people.account(cast.app, "an@example.vn", role, scope)
    reader = cast.of_unit if place else cast.of_campaign
    [repeated] = [one for one in reader().json["items"] if one["kind"] == "speeds_repeated"]
    of_phone = [one for one in reader().json["items"] if one["devices"] == repeated["devices"]]
    assert len(of_phone) == 2
    before = in_province(cast), counted(cast)
    browser = cast.app.test_client()
    token = people.sign_in(browser, "an@example.vn")["X-CSRF-Token"]
    url = f"{place or f'/campaigns/{cast.campaign}'}/signals?month=2024-11"

    def send(status: int, **fields: Any) -> str:
        answer = browser.post(url, data={"csrf_token": token, **fields})
        assert answer.status_code == status, answer.text
        return answer.text if status == 200 else answer.location

    def act(signals: list[str], state: str, note: str) -> tuple[str, str]:
        chosen = {"signals": signals, "state": state, "note": note}
        page = send(200, **chosen)
        [go] = re.findall(r'name="go" value="(\w{64})"', page)
        return page, send(303, **chosen, go=go)

    listed = browser.get(url).text
    [case] = re.findall(rf'id="case-{repeated["id"]}".*?</li>', listed, re.S)
    [row] = re.findall(r"loại thì bỏ (\d+) mẫu", case)
    page, address = act([f"{repeated['id']}:{repeated['version']}"], "excluded", "vị trí giả")
    assert f"Không tính {row} mẫu" in page and "1 dấu hiệu khác" in page
    assert counted(cast) == EACH
    states = {one["id"]: one["state"] for one in reader().json["items"]}
    assert {states[one["id"]] for one in of_phone} == {"excluded"}
    undo = re.findall(r'name="signals" value="(\d+:\d+)"', browser.get(address).text)
    act([one for one in undo if int(one.split(":")[0]) in states][:2], "open", "nhầm")
    assert (in_province(cast), counted(cast)) == before
    # What another area shows cannot be confirmed here.
    foreign = people.signal(cast.app, unit_id=unit_id(cast.app, "01", level="province"))
    chosen = {"signals": str(foreign), "state": "excluded", "note": "x", "go": "0" * 64}
    send(404, **chosen)


def test_what_fails_is_told_by_signal_and_the_others_are_decided(cast: Cast) -> None:
    mine, second = of_kind(cast)
    theirs = cast.of_unit().json["items"][0]
    assert cast.decide(second["id"], state="explained", note="đã hỏi").status_code == 200
    wanted = [
        {"id": mine["id"], "version": mine["version"]},
        {"id": second["id"], "version": second["version"]},
        {"id": theirs["id"]},
        {"id": 99_999},
    ]
    answer = decide(cast, wanted, state="excluded").json
    assert [(one["status"], one["code"]) for one in answer["items"]] == [
        (200, None), (412, "precondition_failed"), (404, "not_found"), (404, "not_found")
    ]  # fmt: skip
    states = {one["id"]: one["state"] for one in of_kind(cast)}
    assert states == {mine["id"]: "excluded", second["id"]: "explained"}


def test_a_double_tap_is_answered_as_the_first(cast: Cast) -> None:
    one = of_kind(cast)[0]
    wanted = [{"id": one["id"], "version": one["version"]}]
    for _ in range(2):
        assert decide(cast, wanted, note="đã hỏi").json["decided"] == 1


def test_an_organiser_excludes_the_samples_of_signals_and_undoes_one(cast: Cast) -> None:
    first, second = (one["id"] for one in of_kind(cast))
    excluded = {"state": "excluded", "note": "vị trí giả", "samples": True}
    assert decide(cast, [first, second], **excluded).json["decided"] == 2
    assert (counted(cast), in_province(cast)) == (0, 2 * EACH)
    assert decide(cast, [first], state="open", note="nhầm", samples=True).json["decided"] == 1
    assert counted(cast) == EACH
    states = {one["id"]: one["state"] for one in of_kind(cast)}
    assert states == {first: "open", second: "excluded"}


@pytest.mark.slow
def test_samples_of_two_signals_count_again_only_after_both_are_undone(cast: Cast) -> None:
    [repeated] = of_kind(cast, "speeds_repeated")
    device = repeated["devices"]
    excluded = {"state": "excluded", "note": "vị trí giả", "samples": True}
    for headers, reader in ((cast.organiser, cast.of_campaign), (cast.official, cast.of_unit)):
        numbers = {one["number"] for one in device}
        pair = [
            one["id"]
            for one in reader().json["items"]
            if {each["number"] for each in one["devices"]} == numbers
        ]
        assert len(pair) == 2
        assert decide(cast, pair, headers, **excluded).json["decided"] == 2
        assert counted(cast) == EACH
        undo = {"state": "open", "note": "nhầm", "samples": True}
        assert decide(cast, pair[:1], headers, **undo).json["decided"] == 1
        assert counted(cast) == EACH  # the other signal still excludes them
        assert decide(cast, pair[1:], headers, **undo).json["decided"] == 1
        assert counted(cast) == 2 * EACH


def test_a_province_s_official_excludes_phones_and_undoes_it(cast: Cast) -> None:
    first, second = (one["id"] for one in cast.of_unit("19", "&kind=mock_share").json["items"])
    body = {"state": "excluded", "note": "vị trí giả", "samples": True}
    assert decide(cast, [first, second], cast.official, **body).json["decided"] == 2
    assert (in_province(cast), counted(cast)) == (0, 0)
    url = "/api/v1/units/19/exclusions?month=2024-11"
    acts = cast.client.get(url, headers=cast.official).json["items"]
    assert {act["signal_id"] for act in acts} == {first, second}
    undone = decide(cast, [first], cast.official, state="open", note="nhầm", samples=True)
    assert undone.json["decided"] == 1 and in_province(cast) == EACH
    again = decide(cast, [first], cast.official, **body).json["items"][0]
    assert again["status"] == 200 and in_province(cast) == 0


def test_a_commune_s_official_may_not_exclude(cast: Cast) -> None:
    one = cast.of_unit().json["items"][0]["units"][0]["code"]
    official = person(cast.app, "official", unit_id(cast.app, one))
    url = f"/api/v1/units/{one}/signals?month=2024-11"
    ids = [each["id"] for each in cast.client.get(url, headers=official).json["items"]]
    body = {"state": "excluded", "note": "vị trí giả", "samples": True}
    answer = decide(cast, ids, official, **body).json
    assert {each["status"] for each in answer["items"]} == {403} and in_province(cast) > 0
    states = cast.client.get(url, headers=official).json["states"]
    assert states[0] == {"state": "open", "n": len(ids)}


def test_samples_are_excluded_with_a_note(cast: Cast) -> None:
    request = {"signals": [{"id": 1}], "state": "excluded", "samples": True}
    answer = cast.client.patch(SIGNALS, json=request, headers=cast.organiser)
    assert answer.status_code == 422 and answer.json["errors"][0]["field"] == "note"

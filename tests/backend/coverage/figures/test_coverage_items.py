"""What coverage tells of each unit and of all: pace, projection, change, the letter's lines."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.database.extensions import db
from backend.measurements.recording.reasons import COLUMNS
from backend.memberships.attribution import OVER_CAP
from tests.support.clock import FakeClock
from tests.support.contributions import add_measurement, volunteers
from tests.support.daily_counts import count
from tests.support.people import campaign, organisation, team, unit_id

URL = "/api/v1/coverage"
PLACE = {"month": "2024-11", "parent": "19"}
# Communes of Thái Nguyên city, all in one district.
HERE, THERE, BEYOND = "05443", "05446", "05449"


def one(client: FlaskClient, code: str = HERE, **query: str) -> dict[str, Any]:
    asked = {"month": "2024-11", "unit": code, **query}
    answer = client.get(URL, query_string=asked)
    assert answer.status_code == 200, answer.text
    (item,) = answer.json["items"]
    return dict(item)


def listed(client: FlaskClient, **query: Any) -> dict[str, Any]:
    answer = client.get(URL, query_string={"month": "2024-11", "parent": "19", **query})
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def codes(client: FlaskClient, **query: Any) -> list[str]:
    return [item["code"] for item in listed(client, **query)["items"]]


def test_a_unit_on_its_way(app: Flask, client: FlaskClient) -> None:
    """The 20th of November: 19 whole days of 30, and the running one apart."""
    count(app, HERE, *[(f"2024-11-{day:02}", 5) for day in range(1, 20)], ("2024-11-20", 2))
    shown = one(client)
    assert (shown["counted"], shown["today"], shown["pace"]) == (97, 2, 5.0)
    assert (shown["expected"], shown["state"], shown["share"]) == (190.0, "behind", 0.3233)
    assert (shown["days_left"], shown["shortfall"], shown["needed_per_day"]) == (11, 203, 19)
    assert shown["assessed"] is True and shown["reached"] is False
    low, middle, high = (shown["projection"][name] for name in ("low", "middle", "high"))
    assert 97 < low <= middle <= high and 135 < middle < 165


@pytest.mark.parametrize(("day", "needed"), [(27, 51), (28, None), (30, None)])
def test_the_last_days_have_neither_a_forecast_nor_a_daily_need(
    app: Flask, client: FlaskClient, clock: FakeClock, day: int, needed: int | None
) -> None:
    count(app, HERE, *[(f"2024-11-{day:02}", 4) for day in range(1, 25)])
    clock.now = datetime(2024, 11, day, 3, tzinfo=UTC)
    shown = one(client)
    assert (shown["needed_per_day"], shown["days_left"]) == (needed, 31 - day)
    assert (shown["projection"] is None) == (needed is None) and shown["shortfall"] == 204


def test_a_commune_of_team_visits_has_no_forecast(app: Flask, client: FlaskClient) -> None:
    count(app, HERE, *[(f"2024-11-{day:02}", 50) for day in (8, 9, 18, 19)])
    shown = one(client)
    assert shown["projection"] is None and shown["pace"] == 10.5


def test_a_past_month_is_over(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    count(app, HERE, ("2024-11-10", 300))
    clock.now = datetime(2025, 1, 5, tzinfo=UTC)
    shown = one(client)
    assert (shown["expected"], shown["state"], shown["days_left"]) == (300.0, "reached", 0)
    assert (shown["pace"], shown["needed_per_day"]) == (10.0, 0)
    assert shown["today"] is None and shown["projection"] is None
    assert one(client, THERE)["needed_per_day"] is None


def test_against_the_month_before_by_the_same_day(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    count(app, HERE, ("2024-10-10", 40), ("2024-10-25", 60), ("2024-11-03", 70))
    assert [one(client)[name] for name in ("last_month", "change")] == [40, 30]
    clock.now = datetime(2025, 1, 5, tzinfo=UTC)
    assert [one(client)[name] for name in ("last_month", "change")] == [100, -30]


def test_nothing_is_compared_across_the_reform(client: FlaskClient, clock: FakeClock) -> None:
    clock.now = datetime(2025, 7, 3, tzinfo=UTC)
    item = client.get(f"{URL}?month=2025-07&level=commune&limit=1").json["items"][0]
    assert item["last_month"] is None and item["change"] is None


def test_an_item_is_the_same_in_every_list(app: Flask, client: FlaskClient) -> None:
    for code, n in ((HERE, 9), (THERE, 2), (BEYOND, 30)):
        count(app, code, *[(f"2024-11-{day:02}", n + day % 3) for day in range(2, 20)])
    alone = one(client)
    for query in ({}, {"parent": "164"}, {"sort": "-counted", "limit": 2}, {"parent": None}):
        found = [item for item in listed(client, **query)["items"] if item["code"] == HERE]
        assert found == [alone]


@pytest.mark.slow
def test_filters_and_orders(app: Flask, client: FlaskClient) -> None:
    count(app, HERE, ("2024-11-10", 300))
    count(app, THERE, ("2024-11-10", 200))
    count(app, BEYOND, ("2024-11-10", 20))
    assert codes(client, filter="reached") == [HERE]
    assert codes(client, filter="on_pace") == [THERE]
    assert set(codes(client, filter="lacking")) == set(codes(client)) - {HERE}
    assert BEYOND in codes(client, filter="behind")
    assert codes(client, sort="-counted")[:3] == [HERE, THERE, BEYOND]
    assert codes(client, sort="shortfall")[:3] == [HERE, THERE, BEYOND]
    assert codes(client, sort="-name") == codes(client)[::-1]
    assert listed(client, filter="reached")["found"] == 1
    assert listed(client, filter="reached")["summary"]["units"] == 172


@pytest.mark.parametrize("sort", ["", "-counted", "parent", "-projection", "state"])
def test_pages_lie_end_to_end(app: Flask, client: FlaskClient, sort: str) -> None:
    for n, code in enumerate((HERE, THERE, BEYOND)):
        count(app, code, ("2024-11-10", 50 * n + 1))
    query = {"sort": sort} if sort else {}
    whole, pages, cursor = codes(client, **query), [], None
    while True:
        page = listed(client, **query, limit=50, **({"cursor": cursor} if cursor else {}))
        pages += [item["code"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert pages == whole and len(set(pages)) == 172


def test_the_letters_lines_and_the_distribution(app: Flask, client: FlaskClient) -> None:
    count(app, HERE, ("2024-11-10", 600))
    count(app, THERE, ("2024-11-10", 299))
    summary = listed(client)["summary"]
    lines = {line["level"]: (line["units"], line["reached"]) for line in summary["levels"]}
    assert lines == {"province": (1, 1), "district": (9, 1), "commune": (172, 1)}
    assert summary["distribution"] == {"share": 1 / 172, "best_reached": 2, "best_share": 2 / 172}
    country = client.get(f"{URL}?month=2024-11&level=province").json["summary"]["levels"]
    assert country[0]["units"] == 63
    province = client.get(f"{URL}?month=2024-11&level=province&unit=19").json["items"][0]
    assert province["communes"] == {"units": 172, "reached": 1}


def test_what_the_other_bases_would_give(app: Flask, client: FlaskClient) -> None:
    count(app, HERE, ("2024-11-10", 290))
    count(app, HERE, ("2024-11-10", 10), category="repeat")
    count(app, THERE, ("2024-11-10", 300), category="failed_test")
    reached = {name: one["reached"] for name, one in listed(client)["summary"]["bases"].items()}
    assert reached == {"received": 2, "valid": 1, "counted": 0}


def test_months_one_after_another(app: Flask, client: FlaskClient) -> None:
    count(app, HERE, ("2024-10-10", 40), ("2024-11-03", 70))
    query = {"from": "2024-09", "to": "2024-11", "unit": HERE}
    answer = client.get(URL, query_string=query).json
    assert [(item["month"], item["counted"]) for item in answer["items"]] == [
        ("2024-09", 0), ("2024-10", 40), ("2024-11", 70),
    ]  # fmt: skip
    assert [month["target"] and month["target"]["threshold"] for month in answer["months"]] == [
        None, None, 300,
    ]  # fmt: skip
    assert (answer["month"], answer["summary"]["counted"]) == ("2024-11", 70)


@pytest.mark.parametrize(
    "query",
    ["from=2024-01&to=2025-02", "from=2024-11", "to=2024-11", "from=2024-11&to=2024-10",
     "month=2024-11&from=2024-10&to=2024-11", "month=2024-11&cursor=W10=",
     "month=2024-11&sort=counted&cursor=WyJhIiwgMV0=", "month=2024-11&cursor=WzEsIDFlNDAwXQ==",],
)  # fmt: skip
def test_questions_that_are_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"{URL}?{query}").status_code == 422


def test_what_nobody_changed_is_not_sent_again(app: Flask, client: FlaskClient) -> None:
    first = client.get(f"{URL}?month=2024-11&parent=19")
    known = {"If-None-Match": first.headers["ETag"]}
    assert client.get(f"{URL}?month=2024-11&parent=19", headers=known).status_code == 304
    count(app, HERE, ("2024-11-10", 1))
    assert client.get(f"{URL}?month=2024-11&parent=19", headers=known).status_code == 200


def test_answers_that_are_kept_follow_every_change(app: Flask, client: FlaskClient) -> None:
    """Changed, taken away again, and those of another unit."""
    count(app, HERE, ("2024-11-10", 7))
    assert one(client)["received"] == 7
    for step, (code, n) in enumerate([(HERE, 5), (THERE, 3), (HERE, -12), (THERE, 1)]):
        count(app, code, ("2024-11-11", n), category=tuple(COLUMNS)[step])
    assert one(client)["received"] == 0
    assert one(client, THERE)["received"] == 4
    assert listed(client)["summary"]["received"] == 4


def test_who_is_active(app: Flask, client: FlaskClient, admin: dict[str, str]) -> None:
    owner, unit = organisation(app), unit_id(app, HERE)
    made = campaign(app, owner, unit_id(app, "19", level="province"))
    teams = [team(app, owner, f"Đội {n}") for n in range(3)]
    (person,) = volunteers(app, None)
    with app.app_context():
        for which in (0, 0, 1):
            add_measurement(made, teams[which], unit=unit, volunteer=person)
        add_measurement(made, None, unit=unit)
        add_measurement(made, teams[0], unit=unit, guest=True)
        add_measurement(made, teams[0], unit=unit, category=OVER_CAP)
        db.session.commit()
    assert [one(client, code)["teams"] for code in (HERE, THERE)] == [2, 0]
    assert one(client, "19", level="province")["teams"] == 2
    # The samples of teams are for officials, with those of guests, without those over the cap.
    for query in ({"unit": HERE}, {"unit": "19", "level": "province"}):
        asked = {"month": "2024-11", **query}
        (exact,) = client.get(URL, query_string=asked, headers=admin).json["items"]
        assert (exact["of_teams"], exact["counted"]) == (4, 6)
        (public,) = client.get(URL, query_string=asked).json["items"]
        assert public["of_teams"] is None
    summary = client.get(URL, query_string=PLACE, headers=admin).json["summary"]
    assert (summary["of_teams"], listed(client)["summary"]["of_teams"]) == (4, None)
    assert one(client)["devices"] is None and one(client, THERE)["devices"] == 0

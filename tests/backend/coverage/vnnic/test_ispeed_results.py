"""Results of i-Speed beside counted samples: a number of contributions, and no other figure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, text

from backend.clock import VIETNAM
from backend.coverage.statistics import release
from backend.coverage.statistics.refresh import refresh
from backend.coverage.vnnic.ispeed import find_pairs
from backend.coverage.vnnic.models import SpeedPair
from backend.database.extensions import db
from backend.measurements.recording.models import ArchivedMonth
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.contributions import NOON, add_measurement, change_verdict, volunteers
from tests.support.factories import location, post, register, sample
from tests.support.joining import Cast, join
from tests.support.measurements import NINE, make_release, phones

EVENING = datetime(2024, 11, 15, 21, 0, tzinfo=VIETNAM)
RELEASED = text("select r::text from released_figures r order by unit_id, network")
# Figures that a typed result may not change; those of samples that were received may.
FIGURES = ("counted", "needed", "helped", "guests", "by_assurance")
Phones = Sequence[dict[str, str]]


def result(at: datetime, **changes: Any) -> dict[str, Any]:
    """What the page sends of i-Speed's result."""
    speeds = {"download_mbps": 96.4, "upload_mbps": 24.2, "ping_ms": 10.5}
    typed = {"source": "manual", "server": {"name": "i-Speed"}, **speeds}
    return sample(at.isoformat(), **(typed | changes))


class Field:
    """A team of 30 phones, each with a counted sample 2 minutes after the one before."""

    def __init__(self, app: Flask, client: FlaskClient, clock: FakeClock) -> None:
        self.app, self.client, clock.now = app, client, EVENING
        self.province = people.unit_id(app, "19", level="province")
        self.cast = Cast(app, self.province)
        self.organiser = people.person(app, "organiser", self.cast.organisation)
        self.official = people.person(app, "official", self.province, name="o@example.vn")
        self.phones = [register(client) for _ in range(30)]
        self.times = [NINE + timedelta(minutes=2 * n) for n in range(30)]
        for phone, at in zip(self.phones, self.times, strict=True):
            clock.now = NINE - timedelta(days=1)
            assert join(client, phone, self.cast.code_one).status_code == 201
            clock.now = EVENING
            post(client, phone, sample(at.isoformat()))
        with app.app_context():
            db.session.execute(text("update measurements set assurance = 'witnessed'"))
            db.session.commit()

    def type_results(self, number: int, phones: Phones) -> None:
        """Let these phones send so many results around their tests, 150 m away."""
        each, there = number // len(phones), location(latitude=21.5942 + 0.00135)
        for phone, at in zip(phones, self.times, strict=False):
            before = at - timedelta(minutes=2, seconds=5)
            rows = [result(before + timedelta(minutes=n), location=there) for n in range(each)]
            answer = post(self.client, phone, *rows)
            assert {row["counted"] for row in answer.json["results"]} == {False}
            assert all(
                "source_not_counted" in [one["code"] for one in row["reasons"]]
                for row in answer.json["results"]
            )

    def contributions(self, by: str = "team") -> Any:
        path = f"/api/v1/campaigns/{self.cast.campaign}/contributions?by={by}"
        return self.client.get(path, headers=self.organiser).json

    def figures(self) -> list[Any]:
        """Return counts, needs, ranks, statistics and a release as they are now."""
        get = self.client.get
        with self.app.app_context():
            release.remove(["2024-11"])
            refresh(EVENING)
        make_release(self.app)
        with self.app.app_context():
            released = list(db.session.scalars(RELEASED))
        assert released
        path = "/api/v1/coverage?month=2024-11&parent=19&level=commune"
        communes = get(path, headers=self.official).json["items"]
        position = f"latitude={sample()['location']['latitude']}&longitude=105.8482"
        nearest = get(f"/api/v1/next?{position}", headers=self.phones[0]).json
        statistics = get("/api/v1/units/19/statistics?month=2024-11", headers=self.official)
        assert statistics.json["items"]
        return [
            [(one["code"], one["counted"], one["shortfall"]) for one in communes],
            [nearest["unit"], nearest["nearby"], nearest["spots"]],
            [[one[name] for name in FIGURES] for one in self.contributions("unit")["items"]],
            [[one[name] for name in FIGURES] for one in self.contributions()["items"]],
            [[one[name] for name in FIGURES] for one in self.contributions("member")["items"]],
            statistics.json["items"],
            released,
        ]


@pytest.fixture
def field(app: Flask, client: FlaskClient, clock: FakeClock) -> Field:
    return Field(app, client, clock)


@pytest.mark.slow
@pytest.mark.parametrize("manual", [False, True])
@pytest.mark.parametrize("number", [1, 30])
def test_typed_results_change_no_figure(field: Field, manual: bool, number: int) -> None:
    field.app.config["COUNT_MANUAL"] = manual
    before = field.figures()
    field.type_results(200 if number == 1 else 210, field.phones[:number])
    with field.app.app_context():
        assert find_pairs(EVENING)[0] == number  # one for each counted sample
    assert field.figures() == before
    [team] = field.contributions()["items"]
    assert (team["counted"], team["with_ispeed"]) == (30, number)


def test_a_result_of_another_test_counts_where_the_operator_says_so(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now, phone = EVENING, register(client)
    app.config["COUNT_MANUAL"] = True
    late = NINE + timedelta(hours=5)
    answer = post(client, phone, result(NINE, server={"name": "Speedtest"}), result(late))
    assert [one["counted"] for one in answer.json["results"]] == [True, False]


class Pairs:
    """A team with four counted samples on two days, three of them with a pair, and one repeat."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        union = people.organisation(app)
        self.team = people.team(app, union, "Đội A")
        self.campaign = people.campaign(app, union, people.unit_id(app, "19", level="province"))
        self.here, self.there = people.unit_id(app, "05443"), people.unit_id(app, "05446")
        self.organiser = people.person(app, "organiser", union)
        self.login = "ban@example.vn"
        people.account(app, self.login, "organiser", union)
        [an, binh], [device] = volunteers(app, "An", "Bình"), phones(app, 1)
        day = timedelta(days=1)
        places = [(NOON, self.here, an), (NOON, self.there, an), (NOON + day, self.here, binh)]
        with app.app_context():
            add_measurement(self.campaign, self.team, NOON, self.here, volunteer=binh)
            self.tests = [
                add_measurement(self.campaign, self.team, at, unit, volunteer=one)
                for at, unit, one in places
            ]
            repeat = add_measurement(
                self.campaign, self.team, NOON, self.here, volunteer=an, category="repeat"
            )
            rows = [
                {
                    "id": add_measurement(self.campaign, None, NOON, category="source_not_counted"),
                    "own_id": own, "device_id": device, "day": NOON.date(), "network": "mobile",
                    "typed_first": False, "download": 0.9, "upload": 0.9, "ping": 1.1,
                }
                for own in (*self.tests, repeat)
            ]  # fmt: skip
            db.session.execute(insert(SpeedPair), rows)
            db.session.commit()

    def answer(self, query: str) -> Any:
        path = f"/api/v1/campaigns/{self.campaign}/contributions?{query}"
        return self.client.get(path, headers=self.organiser).json

    def numbers(self, query: str) -> dict[str, int]:
        return {one["name"]: one["with_ispeed"] for one in self.answer(query)["items"]}


@pytest.fixture
def pairs(app: Flask, client: FlaskClient) -> Pairs:
    return Pairs(app, client)


def test_counted_samples_with_i_speed_are_told_by_every_group(pairs: Pairs) -> None:
    assert pairs.numbers("by=team") == {"Đội A": 3}
    assert pairs.numbers("by=member") == {"An": 2, "Bình": 1}
    assert pairs.numbers("by=day") == {"2024-11-05": 2, "2024-11-06": 1}
    assert pairs.numbers("by=organisation") == {"Tỉnh Đoàn Thái Nguyên": 3}
    assert sorted(pairs.numbers("by=unit").values()) == [1, 2]
    assert pairs.numbers("by=team&to=2024-11-05") == {"Đội A": 2}
    assert pairs.numbers("by=team&network=fixed") == {}
    assert pairs.answer("by=team")["total"]["with_ispeed"] == 3
    with pairs.app.app_context():
        change_verdict(pairs.tests[0], "repeat")
        db.session.commit()
    assert pairs.numbers("by=team") == {"Đội A": 2}


def test_communes_are_told_until_the_day_before(pairs: Pairs, clock: FakeClock) -> None:
    clock.now = NOON + timedelta(days=1, hours=5)
    assert sorted(pairs.numbers("by=unit").values()) == [1, 1]
    assert pairs.answer("by=unit")["total"]["with_ispeed"] == 2
    assert pairs.numbers("by=team") == {"Đội A": 3}
    clock.now += timedelta(days=1)
    assert sorted(pairs.numbers("by=unit").values()) == [1, 2]


def test_of_archived_months_nothing_is_known(pairs: Pairs) -> None:
    with pairs.app.app_context():
        made = datetime(2026, 1, 1, tzinfo=UTC)
        db.session.add(ArchivedMonth(month="2024-11", archived_at=made))
        db.session.commit()
    assert pairs.numbers("by=team") == {"Đội A": None}


def test_files_say_how_many(pairs: Pairs) -> None:
    csv = pairs.client.get(
        f"/api/v1/campaigns/{pairs.campaign}/contributions?by=team&format=csv",
        headers=pairs.organiser,
    ).text
    head, row, *_ = csv.removeprefix("\ufeff").splitlines()
    assert dict(zip(head.split(","), row.split(","), strict=True))["with_ispeed"] == "3"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/teams", ["3 mẫu kèm i-Speed.", "3 kèm i-Speed"]),
        ("/teams?by=unit", ["3 mẫu kèm i-Speed.", "2 kèm i-Speed", "1 kèm i-Speed"]),
        ("/teams/{team}", ["3 mẫu kèm i-Speed.", "2 kèm i-Speed", "1 kèm i-Speed"]),
    ],
)
def test_pages_of_a_campaign_say_how_many(pairs: Pairs, path: str, said: list[str]) -> None:
    client = pairs.app.test_client()
    people.sign_in(client, pairs.login)
    page = client.get(f"/campaigns/{pairs.campaign}{path.format(team=pairs.team)}").text
    shown = re.sub(r"\s+", " ", page)
    assert [one for one in said if one not in shown] == []

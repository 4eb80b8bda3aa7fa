"""Needed samples: counted when they began to count, while their commune lacked some."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.campaigns.models import Campaign
from backend.coverage.contributions.figures import total
from backend.coverage.contributions.query import CampaignAccess, build_query
from backend.coverage.targets.models import Target
from backend.database.extensions import db, owner_session
from backend.measurements.recording import counting, earning_sums
from tests.support.contributions import (
    NOON,
    add_measurement,
    change_team,
    change_verdict,
    minutes,
    volunteers,
)
from tests.support.factories import post, register, sample
from tests.support.people import add_membership, campaign, organisation, person, team, unit_id

TARGET = 6
SINCE = datetime(2024, 11, 1, tzinfo=UTC)
# The built-in target of communes' mobile samples ends on a day, or goes on.
END_BUILT_IN = """
    update targets set valid_to = :day where level = 'commune' and network = 'mobile'
        and purpose = 'target' and valid_from = '2024-11-01'
"""
REMOVE = "delete from targets where source = 'a test'"


@pytest.fixture
def target(app: Flask) -> Iterator[int]:
    """A target of a few samples from November 2024 on, for which the built-in one ends."""
    row = {"level": "commune", "threshold": TARGET, "basis": "counted", "source": "a test"}
    span = {"valid_from": date(2024, 11, 2), "valid_to": date(2024, 12, 31)}
    with app.app_context():
        _change_targets(END_BUILT_IN, {"day": "2024-11-01"})
        with owner_session() as owner:
            owner.add_all(Target(network=one, **span, **row) for one in ("mobile", "fixed"))
    yield TARGET
    with app.app_context():
        _change_targets(REMOVE)
        _change_targets(END_BUILT_IN, {"day": None})


def _change_targets(statement: str, values: dict[str, Any] | None = None) -> None:
    """Change targets as the role that owns them: the serving role may not."""
    with owner_session() as owner:
        owner.execute(text(statement), values or {})


class Cast:
    """Two campaigns, three teams, communes; and phones of members that measure in one commune."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.union = union = organisation(app)
        province = unit_id(app, "19", level="province")
        self.campaign = campaign(app, union, province)
        self.other = campaign(app, union, province, name="Khác")
        self.teams = [team(app, union, f"Đội {n}") for n in range(3)]
        self.units = [unit_id(app, code) for code in ("05443", "05446", "05449")]
        self.people = [*volunteers(app, "An", None, None), None]

    def member(self, client: FlaskClient, of: int, *campaigns: int) -> dict[str, str]:
        """Return the headers of a phone in a team of these campaigns."""
        phone = register(client)
        for one in campaigns or (self.campaign,):
            add_membership(self.app, phone, one, self.teams[of], SINCE, None)
        return phone

    def add(self, n: int, of: int | None = None, **more: Any) -> list[Any]:
        """Add counted samples of the first commune, of a team or of nobody, in an app's context."""
        one = None if of is None else self.teams[of]
        made = [add_measurement(self.campaign, one, NOON, self.units[0], **more) for _ in range(n)]
        db.session.commit()
        return made

    def needed(self) -> dict[int, int]:
        """Return the needed samples by team; the stored sums agree with the earnings."""
        with self.app.app_context():
            assert earning_sums.differences() == counting.differences() == []
            rows = db.session.execute(
                text("""select team_id, sum(needed)::int from member_months
                        where needed > 0 group by 1""")
            )
            return {self.teams.index(of): n for of, n in rows}


@pytest.fixture
def cast(app: Flask, target: int) -> Cast:
    return Cast(app)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_random_months(app: Flask, cast: Cast, seed: int) -> None:
    """A model of a few lines has the same needed samples after any changes."""
    rng = random.Random(seed)
    counted: Counter[Any] = Counter()  # by commune, month and network
    places: dict[Any, Any] = {}
    needed: dict[Any, bool] = {}

    def count(one: Any) -> None:
        counted[places[one]] += 1
        needed[one] = counted[places[one]] <= TARGET and places[one][0] is not None

    with app.app_context():
        for _ in range(6):
            for _ in range(rng.randrange(5, 40)):
                one, category, places_of = _any(rng, cast)
                places[one] = places_of
                if category == "counted":
                    count(one)
                elif category == "over_cap":  # counts, but not for the team
                    counted[places_of] += 1
            judged = [one for one in needed if places[one][2] != "unknown"]
            for one in rng.sample(judged, min(5, len(judged))):
                if rng.random() < 0.5:
                    change_team(one, rng.choice(cast.teams))
                    continue
                counted[places[one]] -= 1
                change_verdict(one, "repeat")
                needed[one] = False
                if rng.random() < 0.5:
                    change_verdict(one, "counted")
                    count(one)
            db.session.commit()
            rows = db.session.execute(text("select measurement_id, needed from earnings"))
            stored = {row.measurement_id: row.needed for row in rows}
            assert stored == {one: needed.get(one, False) for one in stored}
            assert earning_sums.differences() == []


def _any(rng: random.Random, cast: Cast) -> tuple[Any, str, tuple[Any, str, str]]:
    """Any measurement, its category and its commune, month and network."""
    network = rng.choice(["mobile", "mobile", "fixed", "unknown"])
    category = rng.choice(["counted"] * 6 + ["repeat", "over_cap", "failed_test"])
    category = "kind_unknown" if network == "unknown" else category
    at = NOON + timedelta(days=rng.choice([0, 0, 1, 3, 30]))
    unit = rng.choice([*cast.units, None])
    made = add_measurement(
        rng.choice([cast.campaign, cast.other]), rng.choice([None, *cast.teams]), at, unit,
        network=network, volunteer=rng.choice(cast.people), category=category,
    )  # fmt: skip
    return made, category, (unit, f"{at:%Y-%m}", network)


def test_samples_of_others_take_their_places(app: Flask, cast: Cast) -> None:
    with app.app_context():
        cast.add(TARGET - 1)
        cast.add(1, of=0)
        cast.add(1, of=1)
    assert cast.needed() == {0: 1}


def test_a_late_sample_takes_no_place_of_another(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    first, second = cast.member(client, 0), cast.member(client, 1)
    post(client, first, sample("2024-11-15T09:12:00+07:00"))
    with app.app_context():
        here = db.session.execute(text("select unit_id from measurements")).scalar()
        for _ in range(TARGET - 2):
            add_measurement(cast.campaign, None, NOON, here)
        db.session.commit()
    post(client, second, sample("2024-11-16T09:00:00+07:00"))
    post(client, first, sample("2024-11-14T09:00:00+07:00"))
    assert cast.needed() == {0: 1, 1: 1}


def test_a_rejected_sample_is_not_needed(client: FlaskClient, cast: Cast) -> None:
    phone = cast.member(client, 0)
    post(client, phone, sample("2024-11-15T09:00:00+07:00"))
    post(client, phone, sample("2024-11-15T10:00:00+07:00"))  # a repeat
    post(client, phone, sample("2024-11-16T09:00:00+07:00", status="failed"))
    assert cast.needed() == {0: 1}


def test_a_batch_that_passes_the_target(app: Flask, client: FlaskClient, cast: Cast) -> None:
    """The first of a batch take the last places, in the order of their times."""
    phone = cast.member(client, 0)
    batch = [sample(f"2024-11-{day}T09:00:00+07:00") for day in range(10, 14)]
    post(client, phone, batch[0])
    with app.app_context():
        here = db.session.execute(text("select unit_id from measurements")).scalar()
        for _ in range(TARGET - 3):
            add_measurement(cast.campaign, None, NOON, here)
        db.session.commit()
    post(client, phone, *batch[1:])
    with app.app_context():
        rows = db.session.execute(text("select day, needed from earnings order by day"))
        assert [row.needed for row in rows] == [True, True, True, False]
    assert cast.needed() == {0: 3}


def test_a_sample_of_two_campaigns_is_needed_in_both(client: FlaskClient, cast: Cast) -> None:
    phone = cast.member(client, 0, cast.campaign, cast.other)
    for day in range(10, 10 + TARGET + 2):
        post(client, phone, sample(f"2024-11-{day}T09:00:00+07:00"))
    assert cast.needed() == {0: 2 * TARGET}


def test_posts_at_the_same_time_share_the_places(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    phones = [cast.member(client, n % 3) for n in range(TARGET + 4)]
    at = "2024-11-15T09:12:33+07:00"
    with ThreadPoolExecutor(len(phones)) as threads:
        answers = threads.map(lambda phone: post(app.test_client(), phone, sample(at)), phones)
        assert {answer.status_code for answer in answers} == {201}
    assert sum(cast.needed().values()) == TARGET


def test_a_sample_that_stops_counting_is_not_needed_and_promotes_no_other(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        first, *_ = cast.add(TARGET, of=0)
        cast.add(2, of=1)
        change_verdict(first, "excluded")
        db.session.commit()
    assert cast.needed() == {0: TARGET - 1}
    with app.app_context():
        cast.add(1, of=2)  # fewer count than the target: it takes none of the places of others
        change_verdict(first, "counted")
        db.session.commit()
    assert cast.needed() == {0: TARGET - 1}


def test_a_place_that_became_free_is_taken_by_the_next(app: Flask, cast: Cast) -> None:
    with app.app_context():
        first, *_ = cast.add(TARGET, of=0)
        change_verdict(first, "excluded")
        cast.add(2, of=1)
    assert cast.needed() == {0: TARGET - 1, 1: 1}


@pytest.mark.parametrize("change", ["threshold = 50", "valid_to = '2024-11-02'"])
def test_corrections_and_revisions_keep_what_was_needed(
    app: Flask, client: FlaskClient, cast: Cast, change: str
) -> None:
    """A target of later than the samples would need all, or none."""
    phone, organiser = cast.member(client, 0), person(app, "organiser", cast.union)
    samples = [sample(f"2024-11-{10 + n}T09:00:00+07:00") for n in range(TARGET + 2)]
    for one in samples:
        post(client, phone, one)
    with app.app_context():
        _change_targets(f"update targets set {change} where source = 'a test'")
    chosen = [samples[0]["id"], samples[-1]["id"]]
    body = {"measurements": chosen, "team_id": cast.teams[1], "reason": "x"}
    url = f"/api/v1/campaigns/{cast.campaign}/corrections"
    assert client.post(url, json=body, headers=organiser).status_code < 300
    for command in (["rejudge", "--month", "2024-11"], ["reassign"]):
        done = app.test_cli_runner().invoke(args=["measurements", *command])
        assert done.exit_code == 0, done.output
    assert cast.needed() == {0: TARGET - 1, 1: 1}


@pytest.mark.parametrize(
    ("own", "needed"), [({}, TARGET), ({"threshold": 2}, 2), ({"threshold": None}, 0)]
)
def test_a_units_own_target(app: Flask, cast: Cast, own: dict[str, Any], needed: int) -> None:
    with app.app_context():
        if own:
            row = {"level": "commune", "network": "mobile", "basis": "valid", "source": "a test"}
            row |= {"unit_id": cast.units[0], "valid_from": date(2024, 11, 30)}
            with owner_session() as owner:
                owner.add(Target(**row, **own))
        cast.add(TARGET + 3, of=0)
    assert cast.needed() == ({0: needed} if needed else {})


def test_no_samples_are_zero_towards_a_target(app: Flask, cast: Cast) -> None:
    with app.app_context():
        row = db.session.get_one(Campaign, cast.campaign)
        query = build_query(CampaignAccess(row, None), "team", {})
        assert total(query).needed == 0
        _change_targets(REMOVE)
        assert total(query).needed is None


def test_no_sample_is_needed_without_a_target(app: Flask, cast: Cast) -> None:
    with app.app_context():
        _change_targets(REMOVE)
        cast.add(3, of=0)
    assert cast.needed() == {}


def test_a_later_target_changes_nothing(app: Flask, cast: Cast) -> None:
    with app.app_context():
        cast.add(TARGET + 4, of=0)
        _change_targets("update targets set threshold = 50 where source = 'a test'")
        cast.add(1, of=1)
    assert cast.needed() == {0: TARGET, 1: 1}


def test_samples_outside_every_commune_are_not_needed(app: Flask, cast: Cast) -> None:
    with app.app_context():
        add_measurement(cast.campaign, cast.teams[0], NOON + minutes(1), None)
        db.session.commit()
    assert cast.needed() == {}

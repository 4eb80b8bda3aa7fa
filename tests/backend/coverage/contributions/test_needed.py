"""Needed samples: as a ranking of every counted sample would have them, after any change."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.coverage.contributions import needed
from backend.coverage.targets.models import Target
from backend.database.extensions import db
from backend.measurements.recording import counting
from tests.support.contributions import (
    NOON,
    add_measurement,
    change_team,
    change_verdict,
    minutes,
    needed_by_ranking,
    volunteers,
)
from tests.support.factories import post, register, sample
from tests.support.people import add_membership, campaign, organisation, team, unit_id

TARGET = 6
MONTHS = ("2024-11", "2024-12")
BEFORE = "select campaign_id, team_id, unit_id, nullif(volunteer_id, 0), day, sum(n)::int"


@pytest.fixture
def target(app: Flask) -> Iterator[int]:
    """A target of a few samples from November 2024 on, for which the built-in one ends."""
    row = {"level": "commune", "threshold": TARGET, "basis": "counted", "source": "a test"}
    span = {"valid_from": date(2024, 11, 2), "valid_to": date(2024, 12, 31)}
    with app.app_context():
        _end_built_in("2024-11-01")
        made = [Target(network=one, **span, **row) for one in ("mobile", "fixed")]
        db.session.add_all(made)
        db.session.commit()
        ids = [one.id for one in made]
    yield TARGET
    with app.app_context():
        db.session.execute(text("delete from targets where id = any(:ids)"), {"ids": ids})
        _end_built_in(None)
        db.session.commit()


def _end_built_in(day: str | None) -> None:
    """Let the built-in target of communes' mobile samples end on a day, or go on."""
    ending = "update targets set valid_to = :day where level = 'commune' and network = 'mobile'"
    db.session.execute(
        text(f"{ending} and purpose = 'target' and valid_from = '2024-11-01'"), {"day": day}
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_random_months_are_as_a_ranking_has_them(app: Flask, target: int, seed: int) -> None:
    rng = random.Random(seed)
    cast = _cast(app)
    with app.app_context():
        made: list[Any] = []
        for _ in range(6):
            for _ in range(rng.randrange(5, 40)):
                made.append(_any(rng, cast))
            judged = [one for one, network in made if network != "unknown"]
            for one in rng.sample(judged, min(5, len(judged))):
                if rng.random() < 0.5:
                    change_verdict(one, rng.choice(["counted", "repeat", "failed_test"]))
                else:
                    change_team(one, rng.choice(cast["teams"]))
            db.session.commit()
            if rng.random() < 0.5:
                counting.fold_all()
            needed.refresh(MONTHS)
            _agrees(target)


def test_what_others_take_first_is_needed_of_them(app: Flask, target: int) -> None:
    cast = _cast(app)
    with app.app_context():
        for n in range(TARGET - 1):
            add_measurement(cast["campaign"], None, NOON + minutes(n), cast["units"][0])
        add_measurement(cast["campaign"], cast["teams"][0], NOON + minutes(50), cast["units"][0])
        add_measurement(cast["campaign"], cast["teams"][1], NOON + minutes(60), cast["units"][0])
        db.session.commit()
        needed.refresh(MONTHS)
        assert _kept() == {(cast["teams"][0], cast["units"][0]): (1, True)}
        # One that arrives late was measured earlier, and takes the last place.
        add_measurement(cast["campaign"], None, NOON - minutes(5), cast["units"][0])
        db.session.commit()
        needed.refresh(MONTHS)
        assert _kept() == {}


@pytest.mark.parametrize("fold", [True, False])
def test_a_late_sample_that_takes_the_place_of_another(
    app: Flask, client: FlaskClient, target: int, fold: bool
) -> None:
    """As many count as before, and yet it is another team's that is not needed any more."""
    cast, since = (
        _cast(app, unit_id(app, "19", level="province")),
        datetime(2024, 11, 1, tzinfo=UTC),
    )
    first, second = register(client), register(client)
    for phone, one in ((first, cast["teams"][0]), (second, cast["teams"][1])):
        add_membership(app, phone, cast["campaign"], one, since, None)
    post(client, first, sample("2024-11-15T09:12:00+07:00"))
    post(client, second, sample("2024-11-15T09:00:00+07:00"))
    with app.app_context():
        unit = db.session.execute(text("select min(unit_id) from measurements")).scalar()
        for n in range(TARGET - 1):
            add_measurement(cast["campaign"], None, datetime(2024, 11, 15, 0, n, tzinfo=UTC), unit)
        db.session.commit()
        counting.fold_all()
        needed.refresh(MONTHS)
        assert _kept() == {(cast["teams"][1], unit): (1, True)}
    post(client, first, sample("2024-11-15T08:50:00+07:00"))
    with app.app_context():
        if fold:
            counting.fold_all()
        needed.refresh(MONTHS)
        assert _kept() == {(cast["teams"][0], unit): (1, True)}


def test_another_target_is_another_line(app: Flask, target: int) -> None:
    cast = _cast(app)
    with app.app_context():
        for n in range(TARGET + 4):
            add_measurement(cast["campaign"], cast["teams"][0], NOON + minutes(n), cast["units"][0])
        db.session.commit()
        counting.fold_all()
        needed.refresh(MONTHS)
        assert _kept() == {(cast["teams"][0], cast["units"][0]): (TARGET, True)}
        db.session.execute(text("update targets set threshold = 50 where source = 'a test'"))
        db.session.commit()
        needed.refresh(MONTHS)
        assert _kept() == {(cast["teams"][0], cast["units"][0]): (TARGET + 4, False)}


def test_nothing_is_looked_for_where_nothing_changed(app: Flask, target: int) -> None:
    cast = _cast(app)
    with app.app_context():
        add_measurement(cast["campaign"], cast["teams"][0], NOON, cast["units"][0])
        db.session.commit()
        counting.fold_all()
        needed.refresh(MONTHS)
        written = "select max(id) from needed_shares"
        before = db.session.execute(text(written)).scalar()
        add_measurement(cast["campaign"], cast["teams"][0], NOON, None, category="outside_communes")
        db.session.commit()
        counting.fold_all()
        needed.refresh(MONTHS)
        assert db.session.execute(text(written)).scalar() == before is not None
        assert db.session.execute(text("select count(*) from needed_stale")).scalar() == 0


def _cast(app: Flask, *areas: int) -> dict[str, Any]:
    union = organisation(app)
    return {
        "campaign": campaign(app, union, *areas),
        "other": campaign(app, union, name="Khác"),
        "teams": [team(app, union, f"Đội {n}") for n in range(3)],
        "people": [*volunteers(app, "An", None, None), None],
        "units": [unit_id(app, code) for code in ("05443", "05446", "05449")],
    }


def _any(rng: random.Random, cast: dict[str, Any]) -> tuple[Any, str]:
    """Any measurement; several share a moment, so that ids decide."""
    network = rng.choice(["mobile", "mobile", "fixed", "unknown"])
    fate = rng.choice(["counted"] * 6 + ["repeat", "over_cap", "failed_test"])
    made = add_measurement(
        rng.choice([cast["campaign"], cast["other"]]),
        rng.choice([None, *cast["teams"]]),
        NOON + minutes(rng.choice([0, 1, 2, 60, 24 * 60, 24 * 60 + 1, 3 * 24 * 60, 30 * 24 * 60])),
        rng.choice([*cast["units"], None]),
        network=network,
        volunteer=rng.choice(cast["people"]),
        category="kind_unknown" if network == "unknown" else fate,
    )
    return made, network


def _agrees(target: int) -> None:
    truth = needed_by_ranking(target)
    shares = db.session.execute(text(f"{BEFORE} from needed_shares group by 1, 2, 3, 4, 5"))
    assert {tuple(row)[:5]: row[5] for row in shares} == dict(truth)
    sums, helped = Counter[Any](), defaultdict[Any, set[int]](set)
    reached = {
        row[0]
        for row in db.session.execute(
            text("""select (unit_id, network, to_char(day, 'YYYY-MM'))::text from measurements
                    where counted group by unit_id, network, to_char(day, 'YYYY-MM')
                    having count(*) >= :target"""),
            {"target": target},
        )
    }
    for row in db.session.execute(text("select * from needed_shares")):
        place = f"({row.unit_id},{row.network},{row.month})"
        assert row.reached == (place in reached)
        for grain, one, key in (
            ("team", row.team_id, 0),
            ("team_unit", row.team_id, row.unit_id),
            ("unit", 0, row.unit_id),
            ("member", row.team_id, row.volunteer_id),
            ("day", 0, row.day.toordinal()),
        ):
            about = (row.campaign_id, row.month, grain, one, key, row.network)
            sums[about] += row.n
            if row.reached:
                helped[about].add(row.unit_id)
    kept = list(db.session.execute(text("select * from needed_sums where n <> 0 or helped <> 0")))
    assert {tuple(row)[:6]: row.n for row in kept} == dict(sums)
    assert {tuple(row)[:6]: row.helped for row in kept} == {
        about: len(helped[about]) for about in sums
    }


def _kept() -> dict[tuple[int, int], tuple[int, bool]]:
    rows = db.session.execute(text("select team_id, unit_id, n, reached from needed_shares"))
    return {(row.team_id, row.unit_id): (row.n, row.reached) for row in rows}

"""GET /api/v1/events: what happened, numbered, each reader what is theirs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from backend.accounts.access import Actor, Grant
from backend.coverage.alerts.reached import emit_reached_events
from backend.coverage.signals import scans
from backend.coverage.targets.models import Target
from backend.database.extensions import db, owner_session
from backend.measurements.recording import store_statements, timeline
from backend.measurements.revision.service import exclude, rejudge
from backend.outbox import service as outbox
from backend.outbox.models import Event
from backend.outbox.service import NewEvent
from backend.reports.monthly.deadlines import note_near_deadlines, set_commune_deadline
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.devices import ME
from tests.support.events import change_verdict, read
from tests.support.factories import post, register, sample
from tests.support.reports import Office
from tests.support.signals import Cast

SEALED = "report.sealed"


@pytest.fixture
def official(app: Flask) -> dict[str, str]:
    return people.person(app, "official", people.unit_id(app, "19", level="province"))


def add(app: Flask, n: int, unit: int | None = None, kind: str = SEALED) -> None:
    """Add events of a unit, numbered."""
    with app.app_context():
        outbox.add(*[NewEvent(kind, unit, "2024-11", {"n": number}) for number in range(n)])
        db.session.commit()
        outbox.number_pending()


def kinds(answer: Any) -> list[str]:
    return [one["type"] for one in answer.json["items"]]


def test_a_changed_verdict_is_an_event_and_a_first_one_is_none(
    client: FlaskClient, admin: dict[str, str]
) -> None:
    post(client, register(client), sample("2024-11-14T09:00:00+07:00"))
    assert read(client, admin).json == {"items": [], "next": 0, "more": False}
    changed = change_verdict(client)
    answer = read(client, admin)
    (event,) = answer.json["items"]
    assert (event["number"], event["type"], event["month"]) == (1, "verdict.changed", "2024-11")
    assert event["data"] == {"before": [], "after": ["repeat"], "sample": changed}
    assert event["unit"]["level"] == "commune" and event["network"] == "mobile"
    assert answer.json["next"] == 1 and not answer.json["more"]
    assert read(client, admin, after=1).json["items"] == []


def test_the_statement_of_a_post_writes_no_event() -> None:
    """A post in the order of time costs what it did: only a changed verdict adds a row."""
    assert "events" not in store_statements.STORE + store_statements.STORE_FOR_TEAM
    assert "insert into events" in timeline.UPDATE.text


def test_an_exclusion_and_a_new_judgement_are_events(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    one = sample()
    post(client, register(client), one)
    with app.app_context():
        exclude(UUID(one["id"]), "máy hỏng")
        # As if a rule had judged otherwise before; a preview changes nothing.
        db.session.execute(text("delete from exclusions"))
        db.session.commit()
        rejudge("2024-11", lambda done, total: None, keep=False)
        rejudge("2024-11", lambda done, total: None)
    events = read(client, admin).json["items"]
    assert [(one["data"]["before"], one["data"]["after"]) for one in events] == [
        ([], ["excluded"]),
        (["excluded"], []),
    ]


def test_an_event_says_neither_where_nor_who(client: FlaskClient, admin: dict[str, str]) -> None:
    change_verdict(client)
    (event,) = read(client, admin).json["items"]
    words = str(event).lower()
    assert not any(
        one in words for one in ("latitude", "longitude", "21.59", "device", "volunteer")
    )


def test_an_official_reads_the_events_of_the_area(
    app: Flask, client: FlaskClient, official: dict[str, str], admin: dict[str, str]
) -> None:
    here = people.unit_id(app, "19", level="province")
    hanoi = people.unit_id(app, "01", level="province")
    for unit in (here, hanoi, None, here):
        add(app, 1, unit)
    seen = read(client, official).json
    assert [one["number"] for one in seen["items"]] == [1, 4]
    assert seen["next"] == 4 and not seen["more"]
    assert len(read(client, admin).json["items"]) == 4
    first = read(client, official, limit=1).json
    assert first["next"] == 1 and first["more"]
    assert read(client, official, after=1, limit=1).json["items"][0]["number"] == 4


def test_a_commune_reads_its_own_events_alone(app: Flask, client: FlaskClient) -> None:
    change_verdict(client)
    with app.app_context():
        unit = db.session.scalar(select(Event.unit_id))
    add(app, 1, people.unit_id(app, "19", level="province"))
    own = people.person(app, "official", unit)
    assert kinds(read(client, own)) == ["verdict.changed"]
    other = people.person(app, "official", people.unit_id(app, "00001"))
    assert kinds(read(client, other)) == []


def test_a_token_for_reading_reads(app: Flask, client: FlaskClient) -> None:
    reader = people.person(app, "admin", scopes=("read",))
    assert read(client, reader).status_code == 200


def test_a_long_feed_comes_in_pages_without_a_gap(
    app: Flask, client: FlaskClient, admin: dict[str, str], official: dict[str, str]
) -> None:
    hanoi, here = (people.unit_id(app, code, level="province") for code in ("01", "19"))
    add(app, 1_200, hanoi)
    add(app, 3, here)
    after, seen = 0, []
    while True:
        page = read(client, admin, after=after, limit=500).json
        seen += [one["number"] for one in page["items"]]
        after = page["next"]
        if not page["more"]:
            break
    assert seen == list(range(1, 1_204))
    assert [one["number"] for one in read(client, official).json["items"]] == [1_201, 1_202, 1_203]


def test_a_number_that_does_not_exist_yet_is_422(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    add(app, 1)
    assert read(client, admin, after=1).status_code == 200
    answer = read(client, admin, after=2)
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "after_last_event")


def test_a_number_before_the_oldest_event_is_410(
    app: Flask, client: FlaskClient, admin: dict[str, str], clock: FakeClock
) -> None:
    add(app, 3)
    with app.app_context():
        old = clock.now - outbox.KEPT - timedelta(seconds=1)
        db.session.execute(update(Event).where(Event.number <= 2).values(at=old))
        db.session.execute(update(Event).where(Event.number > 2).values(at=clock.now))
        assert outbox.delete_expired(clock.now) == 2
        db.session.commit()
    answer = read(client, admin, after=1)
    assert (answer.status_code, answer.json["code"]) == (410, "events_deleted")
    assert answer.json["first"] == 2
    for query in ({"after": 2}, {}):
        assert [one["number"] for one in read(client, admin, **query).json["items"]] == [3]


def test_numbers_go_on_after_all_events_were_deleted(
    app: Flask, client: FlaskClient, admin: dict[str, str], clock: FakeClock
) -> None:
    add(app, 2)
    with app.app_context():
        db.session.execute(update(Event).values(at=clock.now - timedelta(days=4_000)))
        assert outbox.delete_expired(clock.now) == 2
        db.session.commit()
    add(app, 1)
    assert [one["number"] for one in read(client, admin).json["items"]] == [3]


def test_a_restored_backup_goes_on_with_higher_numbers(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    add(app, 2)
    with app.app_context():
        outbox.skip_numbers()
        db.session.commit()
    assert read(client, admin, after=900).json["items"] == []
    add(app, 1)
    (event,) = read(client, admin, after=900).json["items"]
    assert event["number"] == 2 + outbox.RESTORE_GAP + 1


@pytest.mark.parametrize("numbered", [True, False])
def test_a_withdrawal_scrubs_the_events_of_the_device(
    client: FlaskClient, admin: dict[str, str], numbered: bool
) -> None:
    phone = register(client)
    gone, kept = change_verdict(client, phone=phone), change_verdict(client)
    if numbered:
        assert len(read(client, admin).json["items"]) == 2
    assert client.delete(ME, headers=phone).status_code == 200
    events = read(client, admin).json["items"]
    assert [one["number"] for one in events] == [1, 2]
    assert [one["scrubbed"] for one in events] == [True, False]
    assert events[0]["data"] == {} and gone not in str(events)
    assert events[1]["data"]["sample"] == kept


def test_the_export_of_a_phone_has_its_events(client: FlaskClient) -> None:
    phone = register(client)
    changed = change_verdict(client, phone=phone)
    change_verdict(client)
    (event,) = client.get(f"{ME}/export", headers=phone).json["events"]
    assert event["measurement_id"] == changed and event["kind"] == "verdict.changed"


def target_of(app: Flask, threshold: int) -> None:
    with app.app_context(), owner_session() as owner:
        general = (Target.unit_id.is_(None), Target.level == "commune", Target.purpose == "target")
        owner.execute(update(Target).where(*general).values(threshold=threshold))


@pytest.fixture
def small_target(app: Flask) -> Any:
    """A target of two samples; targets are kept between tests."""
    with app.app_context():
        query = select(Target.id, Target.threshold)
        before = [tuple(row) for row in db.session.execute(query)]
    target_of(app, 2)
    yield
    with app.app_context(), owner_session() as owner:
        for identity, threshold in before:
            owner.execute(update(Target).where(Target.id == identity).values(threshold=threshold))


def test_a_commune_reaches_its_target_once(
    app: Flask, client: FlaskClient, admin: dict[str, str], clock: FakeClock, small_target: None
) -> None:
    phone = register(client)
    for hour, noted in ((1, 0), (6, 1), (11, 0)):
        post(client, phone, sample(f"2024-11-15T{hour:02}:12:33+07:00"))
        with app.app_context():
            assert emit_reached_events(clock.now) == noted
    (event,) = read(client, admin).json["items"]
    assert event["type"] == "commune.reached" and event["month"] == "2024-11"
    assert event["data"] == {"samples": 2, "target": 2, "basis": "counted"}
    target_of(app, 4)  # below it, and above it again
    with app.app_context():
        assert emit_reached_events(clock.now) == 0
    target_of(app, 2)
    with app.app_context():
        assert emit_reached_events(clock.now) == 0


def test_a_sealed_report_is_an_event(
    app: Flask, client: FlaskClient, admin: dict[str, str], clock: FakeClock
) -> None:
    office = Office(app, client, clock)
    office.is_demo()
    report = office.approved()
    (event,) = read(client, office.headers).json["items"]
    assert (event["type"], event["unit"]["code"]) == (SEALED, "19")
    digest = office.show(report).json["digest"]
    assert event["data"] == {"report": report, "edition": 1, "digest": digest, "demo": True}


def test_a_deadline_is_an_event_when_it_is_set_and_when_it_is_near(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    office = Office(app, client, clock)
    office.measured(9)
    with app.app_context():
        unit = people.unit_id(app, "19", level="province")
        own = Actor(1, grants=(Grant("official", "unit", unit),))
        set_commune_deadline(own, "19", 8, clock.now)
        assert note_near_deadlines(clock.now) == 1  # the commune, on the 5th before the 8th
        assert note_near_deadlines(clock.now) == 0
        clock.now += timedelta(days=7)
        assert note_near_deadlines(clock.now) == 1  # the province, before the 15th
    events = read(client, office.headers).json["items"]
    assert [(one["type"], one["unit"]["level"]) for one in events] == [
        ("deadline.set", "province"),
        ("deadline.near", "commune"),
        ("deadline.near", "province"),
    ]
    assert events[0]["data"] == {"before_day": 8}
    assert events[1]["data"] == {"deadline": "2024-12-08", "days_left": 3}
    assert events[2]["data"] == {"deadline": "2024-12-15", "days_left": 3}


def test_a_new_signal_is_an_event_of_its_commune_once(
    app: Flask, client: FlaskClient, admin: dict[str, str], clock: FakeClock
) -> None:
    cast = Cast(app, client)
    cast.mock(cast.phone, 12)
    for _ in range(2):
        with app.app_context():
            scans.search_due(app.config["SECRET_KEY"], clock, again=True)
    events = [one for one in read(client, admin).json["items"] if one["type"] == "signal.opened"]
    assert len(events) == len({str(one["data"]) + one["unit"]["code"] for one in events}) > 0
    assert {frozenset(one["data"]) for one in events} == {frozenset({"signal", "samples"})}
    before = kinds(read(client, admin))
    cast.of_campaign()  # a search of a campaign opens none
    assert kinds(read(client, admin)) == before

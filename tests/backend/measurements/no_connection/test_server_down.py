"""Notes made while this server was away: kept apart, never shown or counted, may be made again."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from sqlalchemy.exc import SQLAlchemyError

from backend.database.extensions import db
from backend.measurements.no_connection import heartbeats, rules
from backend.measurements.no_connection.heartbeats import beat
from backend.measurements.no_connection.models import Heartbeat, NoConnectionNote
from backend.server.running import job_poller
from backend.witness.models import TicketRow
from tests.support.clock import FakeClock
from tests.support.factories import location, register
from tests.support.measurements import phones
from tests.support.notes import NOON, NOTES, note, post_notes
from tests.support.sql_statements import execute

MINUTE = timedelta(minutes=1)


def store_beats(app: Flask, minutes: Iterable[int], phones: int = 0) -> None:
    """Store heartbeats at so many minutes after noon."""
    rows = [{"minute": NOON + n * MINUTE, "phones": phones} for n in minutes]
    if rows:
        execute(app, insert(Heartbeat), rows)


def noted(client: FlaskClient, at: datetime = NOON) -> bool:
    """Return whether a note is taken as made while the server was away."""
    answer = post_notes(client, register(client), note(at))
    assert answer.status_code == 201, answer.text
    away: bool = answer.json["server_down"]
    return away


@pytest.mark.parametrize(
    ("beats", "away"),
    [
        ([*range(-60, 1), *range(5, 60)], True),
        # A restart of up to two minutes.
        ([*range(-60, 1), *range(2, 60)], False),
        (range(-60, 60), False),
        # A new installation: nothing is known before its first heartbeat.
        ([], False),
        (range(5, 60), False),
        # The server is back, and its first heartbeat is still to come.
        (range(-60, -3), True),
    ],
)
def test_attempts_in_a_gap_of_the_heartbeats(
    app: Flask, client: FlaskClient, clock: FakeClock, beats: Iterable[int], away: bool
) -> None:
    clock.now = NOON + 60 * MINUTE
    store_beats(app, beats)
    assert noted(client) is away


def test_one_attempt_while_the_server_was_away_is_enough(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    """Two attempts prove nothing: a note needs three."""
    clock.now = NOON + 60 * MINUTE
    store_beats(app, [-10, *range(-2, 60)])
    attempts = [NOON + timedelta(seconds=s) for s in (-130, -60, -20)]
    sent = note(attempts=[one.isoformat() for one in attempts])
    assert post_notes(client, register(client), sent).json["server_down"] is True


def test_a_clock_that_is_wrong_is_corrected_first(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = NOON + 60 * MINUTE
    store_beats(app, [*range(-60, 1), *range(5, 60)])
    ahead = timedelta(hours=3)
    sent = {"notes": [note(NOON + ahead)], "sent_at": (clock.now + ahead).isoformat()}
    answer = client.post(NOTES, json=sent, headers=register(client))
    assert answer.json["results"][0]["server_down"] is True


def use_ticket(app: Flask, device: uuid.UUID, at: datetime, number: int = 1) -> None:
    """Store a ticket whose test arrived with a witness."""
    row = {
        "id": uuid.uuid4(), "device_id": device, "number": number, "host_id": uuid.uuid4(),
        "profile": "single", "issued_at": at, "expires_at": at, "used_by": uuid.uuid4(),
        "used_at": at, "prefix": b"x",
    }  # fmt: skip
    execute(app, insert(TicketRow), [row])


def test_a_server_that_took_tests_was_not_away(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    """The heartbeats alone stopped."""
    clock.now = NOON + 60 * MINUTE
    store_beats(app, range(-60, -3))
    use_ticket(app, phones(app, 1)[0], NOON + 20 * MINUTE)
    assert noted(client) is False


@pytest.mark.parametrize(
    ("usual", "silent", "away"),
    [
        (20, range(1, 4), True),
        (19, range(1, 4), False),
        # Where nobody reaches the server for hours, the last hour with tests is the usual one.
        (20, range(-300, 4), True),
        (20, (), False),
    ],
)
def test_minutes_without_a_test_where_many_are_usual(
    app: Flask,
    client: FlaskClient,
    clock: FakeClock,
    usual: int,
    silent: Iterable[int],
    away: bool,
) -> None:
    clock.now = NOON + 60 * MINUTE
    store_beats(app, silent)
    store_beats(app, sorted(set(range(-400, 60)) - set(silent)), phones=usual)
    assert noted(client) is away


def test_the_place_may_be_noted_again(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    clock.now = NOON + 60 * MINUTE
    store_beats(app, [*range(-60, 1), *range(5, 60)])
    headers, first = register(client), note()
    again, real = note(NOON + MINUTE), note(NOON + 20 * MINUTE)
    answer = post_notes(client, headers, first, again, real)
    told = [(one["server_down"], one["repeats"]) for one in answer.json["results"]]
    assert told == [(True, False), (True, True), (False, False)]
    assert post_notes(client, headers, first).json["server_down"] is True  # sent twice
    listed = client.get(NOTES, headers=headers).json["items"]
    assert [one["server_down"] for one in listed] == [False, True]
    with app.app_context():
        kept = db.session.scalars(select(NoConnectionNote.server_down)).all()
    assert sorted(kept) == [False, True]


def test_they_use_up_no_limit_and_mark_no_address(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = NOON + 60 * MINUTE
    store_beats(app, [*range(-60, 1), *range(5, 60)])
    headers, other = register(client), register(client)
    places = [location(latitude=21.0 + n / 50) for n in range(rules.MAX_DAILY + 1)]
    down = [note(location=place) for place in places]
    answer = post_notes(client, headers, *down)
    outcomes = [one["outcome"] for one in answer.json["results"]]
    assert outcomes == ["accepted"] * rules.MAX_DAILY + ["rejected"]
    assert post_notes(client, headers, note(NOON + 20 * MINUTE)).status_code == 201
    post_notes(client, other, note(NOON + 20 * MINUTE, location=places[0]))
    with app.app_context():
        real = select(NoConnectionNote.shared_network).where(~NoConnectionNote.server_down)
        assert db.session.scalars(real).all() == [False, False]


def test_a_heartbeat_counts_the_phones_of_the_minute_before_it(app: Flask) -> None:
    first, second = phones(app, 2)
    for number, (device, seconds) in enumerate(
        [(first, -61), (first, -59), (first, -30), (second, -1), (second, 1)]
    ):
        use_ticket(app, device, NOON + timedelta(seconds=seconds), number)
    with app.app_context():
        for seconds in (2, 5):  # of two workers
            beat(NOON + timedelta(seconds=seconds))
        rows = db.session.execute(select(Heartbeat.minute, Heartbeat.phones)).all()
        assert [tuple(row) for row in rows] == [(NOON, 2)]
        beat(NOON + heartbeats.KEPT + MINUTE)
        assert db.session.scalars(select(Heartbeat.phones)).all() == [0]


def test_workers_write_a_heartbeat_a_minute_and_again_after_an_error(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a database no heartbeat is written, and the thread goes on."""
    seconds = iter([0, 3, 3, 60, 60, 63, 63])  # a round asks for the heartbeat, then for jobs
    written: list[datetime] = []

    class Ended(Exception):
        """That the clock has no more times."""

    def clock() -> datetime:
        try:
            return NOON + timedelta(seconds=next(seconds))
        except StopIteration:
            raise Ended from None

    def write(now: datetime) -> None:
        written.append(now)
        if len(written) == 1:
            raise SQLAlchemyError

    monkeypatch.setattr(job_poller, "EVERY_S", 0.0)
    monkeypatch.setattr(job_poller, "utc_now", clock)
    monkeypatch.setattr(job_poller, "beat", write)
    monkeypatch.setattr(job_poller, "claim", lambda now: False)
    with pytest.raises(Ended):
        job_poller._poll(app)
    assert [(one - NOON).total_seconds() for one in written] == [0, 3, 60]

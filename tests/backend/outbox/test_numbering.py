"""Numbers of events: given after the commit, so that a reader misses none."""

import random
import threading
import time

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text

from backend.database.extensions import db
from backend.outbox import service as outbox
from backend.outbox.models import Event
from backend.outbox.service import NewEvent

INSERT = text("insert into events (kind, data) values ('report.sealed', '{}') returning id")


def numbers(app: Flask) -> dict[int, int | None]:
    with app.app_context():
        rows = db.session.execute(select(Event.id, Event.number).order_by(Event.id))
        return {row.id: row.number for row in rows}


def test_an_event_that_commits_late_has_a_later_number(app: Flask) -> None:
    engine = create_engine(app.config["DATABASE_URL"])
    with engine.connect() as slow:
        early = slow.execute(INSERT).scalar_one()  # its id is lower
        with engine.begin() as quick:
            late = quick.execute(INSERT).scalar_one()
        with app.app_context():
            assert outbox.number_pending() == 1
        assert numbers(app) == {late: 1}
        slow.commit()
    engine.dispose()
    with app.app_context():
        assert outbox.number_pending() == 1
        assert outbox.number_pending() == 0
    assert early < late and numbers(app) == {early: 2, late: 1}


@pytest.mark.slow
def test_a_reader_sees_every_event_however_transactions_overlap(app: Flask) -> None:
    """Eight writers commit out of order or roll back, two readers number and follow."""
    engine = create_engine(app.config["DATABASE_URL"], pool_size=12)
    committed: list[int] = []
    done = threading.Event()

    def write(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(25):
            with engine.connect() as connection:
                made = [connection.execute(INSERT).scalar_one() for _ in range(rng.randint(1, 4))]
                time.sleep(rng.random() / 100)
                if rng.random() < 0.2:
                    connection.rollback()
                else:
                    connection.commit()
                    committed.extend(made)

    seen: list[list[int]] = [[], []]

    def follow(mine: list[int]) -> None:
        after = 0
        with app.app_context():
            while True:
                last_time = done.is_set()
                outbox.number_pending()
                query = select(Event.id, Event.number).where(Event.number > after)
                for row in db.session.execute(query.order_by(Event.number)):
                    assert row.number == after + 1
                    after = row.number
                    mine.append(row.id)
                db.session.rollback()
                if last_time:
                    return

    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(8)]
    readers = [threading.Thread(target=follow, args=(mine,)) for mine in seen]
    for one in (*writers, *readers):
        one.start()
    for one in writers:
        one.join()
    done.set()
    for one in readers:
        one.join()
    engine.dispose()
    assert sorted(committed) == sorted(seen[0]) == sorted(seen[1])
    assert seen[0] == seen[1]


def test_an_event_that_happens_once_is_added_once(app: Flask) -> None:
    event = NewEvent("commune.reached", None, "2024-11", {}, once="reached:1:mobile:2024-11")
    with app.app_context():
        assert outbox.add_once([event]) == 1
        db.session.commit()
        assert outbox.add_once([event]) == 0
        outbox.add(event)
        db.session.commit()
        assert outbox.number_pending() == 1


def test_a_cause_that_is_rolled_back_leaves_no_event(app: Flask) -> None:
    with app.app_context():
        outbox.add(NewEvent("report.sealed", None, "2024-11", {}))
        db.session.rollback()
        assert outbox.number_pending() == 0

"""The ten kinds of fault between the database, the feed, webhooks and their receivers."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import text

from tests.tools.event_faults.reader import Reader
from tests.tools.event_faults.receiver import set_mode
from tests.tools.event_faults.site import EventSite
from tests.tools.phone_simulator.client import NoAnswerError

FAULTY_S = (1.0, 3.0)
WRITERS, TRANSACTIONS = 8, 12
INSERT = text("insert into events (kind, data) values ('report.sealed', '{}')")
# As after a year without this reader: the first half of what is kept is too old.
AGE = text("update events set at = at - interval '10 years' where number <= :edge")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: its label in the table, and its action."""

    label: str
    strike: Callable[[EventSite, random.Random, Reader], str]


def _misbehave(site: EventSite, rng: random.Random, mode: str, share: float) -> None:
    set_mode(site.folder, mode, share)
    time.sleep(rng.uniform(*FAULTY_S))
    set_mode(site.folder, "ok")


def answer_500(site: EventSite, rng: random.Random, reader: Reader) -> str:
    """Answer 500 to most or all deliveries for some seconds."""
    _misbehave(site, rng, "500", rng.choice((0.5, 1.0)))
    return ""


def answer_late(site: EventSite, rng: random.Random, reader: Reader) -> str:
    """Apply events, and answer after the server has given up waiting."""
    _misbehave(site, rng, "slow", rng.choice((0.3, 1.0)))
    return ""


def cut(site: EventSite, rng: random.Random, reader: Reader) -> str:
    """Reset connections before or after the receiver's commit."""
    mode = rng.choice(("cut_before", "cut_after"))
    _misbehave(site, rng, mode, rng.choice((0.5, 1.0)))
    return mode


def restart_receiver(site: EventSite, rng: random.Random, reader: Reader) -> str:
    """Kill the receiver, and start it again some seconds later."""
    site.kill_receiver()
    time.sleep(rng.uniform(0.2, 3.0))
    site.start_receiver()
    return ""


def kill_delivery(site: EventSite, rng: random.Random, reader: Reader) -> str:
    """Kill the process that delivers; `serve` starts another."""
    return f"{site.kill_delivery()} killed"


def kill_worker(site: EventSite, rng: random.Random, reader: Reader) -> str:
    """Kill gunicorn workers one after another; their parent starts new ones."""
    for _ in range(3):
        if workers := site.workers():
            with suppress(ProcessLookupError):
                os.kill(rng.choice(workers), signal.SIGKILL)
        time.sleep(rng.uniform(0.1, 0.9))
    return ""


def restart_database(site: EventSite, rng: random.Random, reader: Reader) -> str:
    """Kill PostgreSQL; `serve` starts it again, and it recovers from its log."""
    pid = site.server.database_pid()
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
    return ""


def deliver_twice(site: EventSite, rng: random.Random, reader: Reader) -> str:
    """Replay from earlier numbers while a second process delivers too."""
    other = site.deliver_too(5)
    replays = 0
    for _ in range(3):
        with suppress(NoAnswerError):
            last = int(site.show().get("last", 0))
            after = max(0, last - rng.randint(1, 30))
            answer = site.post(f"webhooks/{site.webhook}/replay", {"after": after})
            replays += answer.status == 200
        time.sleep(rng.uniform(0.2, 1.0))
    other.wait()
    return f"{replays} replays"


def commit_out_of_order(site: EventSite, rng: random.Random, reader: Reader) -> str:
    """Write events in overlapping transactions that commit in another order, or roll back."""
    engine = site.database()

    def write(seed: int) -> None:
        mine = random.Random(seed)
        for _ in range(TRANSACTIONS):
            with engine.connect() as connection:
                for _ in range(mine.randint(1, 3)):
                    connection.execute(INSERT)
                    time.sleep(mine.random() / 20)
                connection.rollback() if mine.random() < 0.2 else connection.commit()

    threads = [threading.Thread(target=write, args=(rng.random(),)) for _ in range(WRITERS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return ""


def read_from_a_stale_place(site: EventSite, rng: random.Random, reader: Reader) -> str:
    """Restore an older place of the reader; every other time one whose events are deleted."""
    with site.database().begin() as connection:
        edges = text("select last, deleted_to from event_numbers")
        last, deleted_to = connection.execute(edges).one()
        expire = rng.random() < 0.5 and last - deleted_to > 40
        if expire:
            connection.execute(AGE, {"edge": deleted_to + 10})
    if not expire:
        reader.go_back(rng.randint(deleted_to, last))
        return ""
    site.server.flask("privacy", "expire")
    before = reader.deleted
    reader.go_back(deleted_to)
    time.sleep(1.5)
    if reader.deleted == before:
        raise RuntimeError("a place before the oldest event was not answered with 410")
    return "410 answered"


KINDS = {
    "500": Kind("receiver answers 500", answer_500),
    "slow": Kind("receiver answers after the timeout", answer_late),
    "cut": Kind("connection cut before or after the receiver's commit", cut),
    "receiver": Kind("receiver killed -9 and started again", restart_receiver),
    "delivery": Kind("delivering process killed -9", kill_delivery),
    "worker": Kind("gunicorn workers killed -9, 3 in a round", kill_worker),
    "database": Kind("PostgreSQL killed -9", restart_database),
    "twice": Kind("replays, and two processes deliver", deliver_twice),
    "writers": Kind("transactions commit out of order", commit_out_of_order),
    "stale": Kind("reader restored to an old or deleted place", read_from_a_stale_place),
}

"""One round: verdicts change, a fault happens, then receiver and reader are compared."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tests.tools.event_faults.kinds import Kind
from tests.tools.event_faults.reader import Reader
from tests.tools.event_faults.site import EventSite, Phone
from tests.tools.event_faults.store import EventStore

PHONES, PAIRS = 3, 6  # of samples of a phone
MOMENT_S = (0.2, 1.5)
QUIET_S = 240.0
EVENTS = text("""
    select key::text as id, number, kind, measurement_id::text as sample from events
    where number > :start or number is null order by number
""")


@dataclass(frozen=True, slots=True)
class EventRound:
    """The result of a round; `lost` and `doubled` are of the receiver and of the reader."""

    events: int  # stored in the round
    changed: int  # verdicts that phones changed
    deliveries: int  # to the receiver
    unannounced: list[str]  # changed verdicts without an event
    lost: list[str]
    doubled: list[str]
    foreign: list[str]  # received, and not in the database
    seconds: float
    note: str

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.unannounced or self.lost or self.doubled or self.foreign)


def run_round(site: EventSite, kind: Kind, reader: Reader, seed: str) -> EventRound:
    """Run one round; the same seed gives the same moments."""
    rng, began = random.Random(seed), time.monotonic()
    start, arrivals = last_number(site), site.received().arrivals()
    phones = [site.phone(random.Random(f"{seed} {number}")) for number in range(PHONES)]
    with ThreadPoolExecutor(PHONES) as pool:
        running = [pool.submit(_change, phone) for phone in phones]
        time.sleep(rng.uniform(*MOMENT_S))
        note = kind.strike(site, rng, reader)
        changed = {sample for one in running for sample in one.result()}
    _wait_until_quiet(site, reader)
    with site.database().connect() as connection:
        rows = connection.execute(EVENTS, {"start": start}).all()
    stores = [site.received(), EventStore(site.folder / "reader.sqlite")]
    stored = {row.id: row.number for row in rows}
    lost, foreign, doubled = [], [], []
    for store in stores:
        numbers = {id: number for id, number in store.numbers().items() if number > start}
        lost += [id for id, number in stored.items() if numbers.get(id) != number]
        foreign += [id for id in numbers if id not in stored]
        doubled += store.doubled()
    announced = {row.sample for row in rows if row.kind == "verdict.changed"}
    deliveries = stores[0].arrivals() - arrivals
    for store in stores:
        store.close()
    return EventRound(
        len(stored),
        len(changed),
        deliveries,
        sorted(changed - announced),
        lost,
        doubled,
        foreign,
        time.monotonic() - began,
        note,
    )


def _change(phone: Phone) -> list[str]:
    return [phone.change_verdict() for _ in range(PAIRS)]


def last_number(site: EventSite) -> int:
    """Return the last number."""
    with site.database().connect() as connection:
        last = connection.execute(text("select last from event_numbers")).scalar()
    return int(last or 0)


def _wait_until_quiet(site: EventSite, reader: Reader) -> None:
    """Wait until all events are numbered, delivered and read, or for a limited time."""
    deadline = time.monotonic() + QUIET_S
    while time.monotonic() < deadline:
        shown = site.show()
        if shown and not shown["failed"] and shown["cursor"] == shown["last"]:
            pending, last = _state(site)
            store = EventStore(site.folder / "reader.sqlite")
            after = store.after()
            store.close()
            if not pending and last == shown["last"] == after:
                return
        time.sleep(0.5)
    print(f"not quiet after {QUIET_S:.0f} s: {json.dumps(site.show())[:2_000]}", flush=True)


def _state(site: EventSite) -> tuple[bool, int]:
    """Return whether an event is not numbered, and the last number."""
    try:
        with site.database().connect() as connection:
            pending = text("select exists (select from events where number is null)")
            exists = bool(connection.execute(pending).scalar_one())
            last = connection.execute(text("select last from event_numbers")).scalar()
            return exists, int(last or 0)
    except SQLAlchemyError:
        return True, -1

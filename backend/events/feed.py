"""The numbered feed: the events after a number that a person may read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import RowMapping, text

from backend.accounts.access import SYSTEM, Actor, can, require_person
from backend.coverage.figures.unit_access import UnitWithLevel
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.organisations.scopes import unit_scopes
from backend.outbox.service import bounds, number_pending

# The kinds of events, and the act that lets a person read each: an official reads the events of an
# area by the rights to the things that changed there.
ACT_OF = {
    "verdict.changed": "unit.samples",
    "commune.reached": "unit.figures",
    "report.sealed": "report.read",
    "deadline.set": "report.read",
    "deadline.near": "report.read",
    "signal.opened": "unit.signals",
    "source.failed": "report.read",
}
KINDS = tuple(ACT_OF)

# Rows read at a time, and blocks of one request: an official of a commune may read few of them.
BLOCK, MAX_BLOCKS = 500, 10

COLUMNS = """
    e.id as event_id, e.key as id, e.number, e.kind, e.at, e.unit_id, e.month, e.network,
    e.measurement_id, e.data, e.scrubbed, u.system, u.level, u.code, u.name
"""
AFTER = text(f"""
    select {COLUMNS} from events e left join units u on u.id = e.unit_id
    where e.number > :after and e.number <= :last
    order by e.number limit :most
""")  # noqa: S608 # fixed words


class FeedQuery(TypedDict):
    """Which events are asked for."""

    after: int | None  # a number; null: from the oldest that is kept
    limit: int


class FeedEvent(TypedDict):
    """An event, in the feed and as the body of a webhook. docs/events.md describes `data`."""

    id: str  # a UUID
    number: int
    type: str  # of KINDS
    timestamp: datetime
    unit: UnitWithLevel | None  # null: of no unit
    month: str | None  # YYYY-MM
    network: str | None
    scrubbed: bool  # its data were removed with a person's
    data: dict[str, Any]  # by the type


class Feed(TypedDict):
    """Events in the order of their numbers; `next` is the `after` of the next request."""

    items: list[FeedEvent]
    next: int
    more: bool


def read_events(actor: Actor, query: FeedQuery) -> Feed:
    """Return the events after a number that an actor may read, and the number to continue with.

    410 for a number whose successors were deleted, 422 for one that does not exist yet.
    """
    require_person(actor)
    if not any(grant.role in ("official", "admin") for grant in actor.grants):
        raise Problem(403, "forbidden")
    number_pending()
    known = bounds()
    after = known.deleted_to if query["after"] is None else query["after"]
    check_cursor(after)
    items: list[FeedEvent] = []
    for _ in range(MAX_BLOCKS):
        rows, rest = _read(after, known.last), query["limit"] - len(items)
        shown = readable(actor, rows)[:rest]
        items += map(serialize_event, shown)
        if len(shown) == rest:
            after = shown[-1]["number"]
            break
        after = rows[-1]["number"] if len(rows) == BLOCK else known.last
        if after == known.last:
            break
    # Retention may have deleted events while they were read.
    check_cursor(query["after"] if query["after"] is not None else known.deleted_to)
    return {"items": items, "next": after, "more": after < known.last}


def check_cursor(after: int) -> None:
    """Raise 410 if events after a number were deleted, 422 if the number does not exist yet."""
    known = bounds()
    if after < known.deleted_to:
        raise Problem(410, "events_deleted", members={"first": known.deleted_to})
    if after > known.last:
        raise invalid("after", "after_last_event")


def _read(after: int, last: int) -> Sequence[RowMapping]:
    values = {"after": after, "last": last, "most": BLOCK}
    return db.session.execute(AFTER, values).mappings().all()


def readable(actor: Actor, rows: Sequence[RowMapping]) -> list[RowMapping]:
    """Return the events that an actor may read by the rights over their units."""
    if any(grant.role == "admin" for grant in actor.grants):
        return list(rows)
    units = {row["unit_id"] for row in rows if row["unit_id"] is not None}
    scopes = unit_scopes(units) if units else {}
    return [
        row for row in rows if can(actor, ACT_OF[row["kind"]], scopes.get(row["unit_id"], SYSTEM))
    ]


def serialize_event(row: RowMapping) -> FeedEvent:
    """Return an event as readers of the feed and receivers of webhooks see it."""
    data = dict(row["data"])
    if row["measurement_id"] is not None:
        data["sample"] = str(row["measurement_id"])
    unit: UnitWithLevel | None = None
    if row["unit_id"] is not None:
        unit = {
            "system": row["system"],
            "level": row["level"],
            "code": row["code"],
            "name": row["name"],
        }
    return {
        "id": str(row["id"]),
        "number": row["number"],
        "type": row["kind"],
        "timestamp": row["at"],
        "unit": unit,
        "month": row["month"],
        "network": row["network"],
        "scrubbed": row["scrubbed"],
        "data": data,
    }

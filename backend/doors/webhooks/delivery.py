"""Deliver events to webhooks: in order, again after failures, at least once.

A delivery holds no transaction. A hook's cursor moves when an event was delivered or noted as a
failure, and only if nobody has moved it meanwhile; so a killed process repeats one event at most.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from flask import Flask
from sqlalchemy import RowMapping, text
from sqlalchemy.exc import SQLAlchemyError
from standardwebhooks import Webhook as Signer

from backend.database.extensions import db, setting
from backend.doors.webhooks.models import Webhook
from backend.doors.webhooks.service import WANTED, signing_secrets
from backend.events.feed import COLUMNS, serialize_event
from backend.http.pinned_client import Answer, send
from backend.outbox.service import bounds

# Between two tries of an event; after two days it is given up.
PAUSES_S = (1, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400)
# After so many failures in a row the receiver is taken to be away, and the hook pauses.
FAILURES_IN_A_ROW = 3
MAX_PAUSE_S = 3_600
# Without any success for so long a hook is disabled.
DISABLE_AFTER = timedelta(days=5)
# Tries of a hook that fails are at most so far apart. After a longer time without events nothing
# was wrong meanwhile: a hook of monthly reports is not disabled by the first failure of a month.
FAILING_PAUSE = timedelta(seconds=PAUSES_S[-1] + MAX_PAUSE_S)
# Longer than a delivery, so that a process that was killed is replaced soon.
LEASE = timedelta(seconds=20)
RETRIES = 20  # of events that failed, in one pass
# Webhooks that are served at the same time: a slow receiver delays no other.
AT_ONCE = 8
# Answers that ask for a pause of the whole hook.
THROTTLED = frozenset({429, 502, 503, 504})
GONE = 410

CLAIM = text("""
    update webhooks set leased_until = :until
    where id = :id and disabled_at is null and (leased_until is null or leased_until <= :now)
        and (pause_until is null or pause_until <= :now)
    returning id
""")
DUE = text("""
    select id from webhooks
    where disabled_at is null and (leased_until is null or leased_until <= :now)
        and (pause_until is null or pause_until <= :now)
        and (cursor < (select coalesce(max(last), 0) from event_numbers)
            or exists (select from webhook_failures f
                where f.webhook_id = webhooks.id and f.next_at <= :now))
    order by id
""")
NEXT = text(f"""
    select {COLUMNS} from events e left join units u on u.id = e.unit_id
    where e.number > :cursor and e.number <= :last and {WANTED}
    order by e.number limit 1
""")  # noqa: S608 # fixed words
RETRIED = text(f"""
    select {COLUMNS}, f.tries from webhook_failures f
    join events e on e.id = f.event_id left join units u on u.id = e.unit_id
    where f.webhook_id = :hook and (f.next_at <= :now or :any and f.next_at is not null)
    order by f.next_at, e.number limit 1
""")  # noqa: S608
# Only from where this process took it: an admin may have moved it for a replay.
ADVANCE = text("""
    update webhooks set cursor = :number, leased_until = :until
    where id = :id and cursor = :cursor and disabled_at is null
    returning salt, former_salts, former_until
""")
SUCCEEDED = text("""
    update webhooks set delivered_at = :now, error = null, failures = 0, failing_since = null,
        pause_until = null
    where id = :id
""")
FAILED = text("""
    update webhooks set error = :error, failures = failures + 1,
        failing_since = coalesce(case when (select max(last_at) from webhook_failures
            where webhook_id = :id) > :recent then failing_since end, :now)
    where id = :id returning failures, failing_since
""")
NOTE = text("""
    insert into webhook_failures (webhook_id, event_id, tries, first_at, last_at, next_at, error)
    values (:id, :event, 1, :now, :now, :next, :error)
    on conflict (webhook_id, event_id) do update
    set tries = webhook_failures.tries + 1, last_at = excluded.last_at,
        next_at = excluded.next_at, error = excluded.error
""")
SETTLED = text("delete from webhook_failures where webhook_id = :id and event_id = :event")
# What failed or was given up while a receiver was away is tried again when it is back.
RESUME = text("""
    update webhook_failures set next_at = :now
    where webhook_id = :id and (next_at > :now or next_at is null)
""")
PAUSE = text("update webhooks set pause_until = :until where id = :id")
DISABLE = text("""
    update webhooks set disabled_at = :now, disabled_reason = :reason
    where id = :id and disabled_at is null
""")
RELEASE = text("update webhooks set leased_until = null where id = :id and leased_until = :until")

Sender = Callable[..., Answer]

log = structlog.get_logger()


@contextmanager
def delivering(
    app: Flask, clock: Callable[[], datetime], sender: Sender = send
) -> Iterator[Callable[[], bool]]:
    """Yield a function that starts what is due, and returns whether more may be due soon."""
    running: dict[int, Future[None]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:

        def start() -> bool:
            for hook in due_webhooks(clock()):
                if hook not in running or running[hook].done():
                    running[hook] = pool.submit(_deliver, app, hook, clock, sender)
            return any_enabled() or not all(one.done() for one in running.values())

        yield start


def _deliver(app: Flask, hook: int, clock: Callable[[], datetime], sender: Sender) -> None:
    with app.app_context():
        try:
            deliver(hook, clock, sender)
        except SQLAlchemyError as error:  # the lease ends, and the event is sent again
            log.warning("not delivered", webhook=hook, error=type(error).__name__)
        except Exception as error:  # of one hook: the others go on
            log.error("not delivered", webhook=hook, exc_info=error)
        finally:
            db.session.remove()


def due_webhooks(now: datetime) -> list[int]:
    """Return the webhooks that have something to deliver now."""
    found = list(db.session.execute(DUE, {"now": now}).scalars())
    db.session.rollback()
    return found


def any_enabled() -> bool:
    """Return whether there is a webhook that is not disabled."""
    found = db.session.execute(
        text("select exists (select from webhooks where disabled_at is null)")
    ).scalar_one()
    db.session.rollback()
    return bool(found)


@dataclass(slots=True)
class Delivery:
    """A pass over what one webhook has to deliver, under a lease."""

    hook: Webhook
    clock: Callable[[], datetime]
    sender: Sender
    until: datetime  # the end of the lease
    delivered: int = 0
    paused: bool = False
    ended: bool = False  # somebody has moved, disabled or removed the hook


def deliver(webhook_id: int, clock: Callable[[], datetime], sender: Sender = send) -> int:
    """Deliver what is due for a webhook; return the number of delivered events.

    One process at a time delivers for a webhook. A pass ends when nothing is left, or with a
    failure of a receiver that is away. Then only one event that failed and one new event are
    tried, so that a single event that is refused for ever holds up no other.
    """
    now = clock()
    until = now + LEASE
    claimed = db.session.execute(CLAIM, {"id": webhook_id, "now": now, "until": until}).first()
    db.session.commit()
    if claimed is None:
        return 0
    hook = db.session.get_one(Webhook, webhook_id)
    one = Delivery(hook, clock, sender, until)
    db.session.expunge(hook)  # statements change the row; these values are its start
    db.session.rollback()
    away = hook.failures >= FAILURES_IN_A_ROW
    for _ in range(1 if away else RETRIES):
        if one.paused or one.ended or not _send_failed(one, regardless=away):
            break
    one.paused = one.paused and not away
    while not (one.paused or one.ended) and _send_new(one):
        pass
    db.session.execute(RELEASE, {"id": webhook_id, "until": one.until})
    db.session.commit()
    return one.delivered


def _send_failed(one: Delivery, *, regardless: bool) -> bool:
    """Send an event again that failed and is due, or `regardless` of that; False if none is."""
    values = {"hook": one.hook.id, "now": one.clock(), "any": regardless}
    row = db.session.execute(RETRIED, values).mappings().first()
    db.session.rollback()
    if row is None:
        return False
    sent = _send(one, row)
    if _advance(one, one.hook.cursor):
        _record(one, row, sent, row["tries"])
    db.session.commit()
    return True


def _send_new(one: Delivery) -> bool:
    """Send the event after the cursor; False if there is none.

    It is read just before, so that the content that a withdrawal has removed is not sent.
    """
    known = bounds()
    if one.hook.cursor < known.deleted_to:
        values = {"id": one.hook.id, "now": one.clock(), "reason": "events_deleted"}
        db.session.execute(DISABLE, values)
        db.session.commit()
        return False
    hook = {"cursor": one.hook.cursor, "kinds": one.hook.kinds, "unit": one.hook.unit_id}
    row = db.session.execute(NEXT, {**hook, "last": known.last}).mappings().first()
    db.session.rollback()
    if row is None:
        _advance(one, known.last)  # the others are not for this hook
        db.session.commit()
        return False
    sent = _send(one, row)
    if _advance(one, row["number"]):
        _record(one, row, sent, tries=0)
    db.session.commit()
    return True


def _advance(one: Delivery, number: int) -> bool:
    """Move the cursor and extend the lease; False if somebody else has moved it, which ends."""
    until = one.clock() + LEASE
    values = {"id": one.hook.id, "cursor": one.hook.cursor, "number": number, "until": until}
    signing = db.session.execute(ADVANCE, values).first()
    if signing is None:
        one.ended = True
        return False
    one.hook.cursor, one.until = number, until
    # A pass may last for hours: the next event is signed by a secret that was made meanwhile.
    one.hook.salt, one.hook.former_salts, one.hook.former_until = signing
    return True


def _send(one: Delivery, row: RowMapping) -> Answer:
    """Send an event, signed; the body is that of the feed."""
    now = one.clock()
    body = orjson.dumps(serialize_event(row))
    key = str(row["id"])
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "DoSong-Webhooks",
        "webhook-id": key,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(
            Signer(secret).sign(key, now, body.decode())
            for secret in signing_secrets(one.hook, now)
        ),
    }
    return one.sender(one.hook.url, body, headers, setting("WEBHOOK_NETWORKS"))


def _record(one: Delivery, row: RowMapping, sent: Answer, tries: int) -> None:
    """Store the result of a try in the transaction that moves the cursor."""
    now, hook = one.clock(), {"id": one.hook.id}
    event = {**hook, "event": row["event_id"]}
    if sent.succeeded:
        one.delivered += 1
        db.session.execute(SETTLED, event)
        db.session.execute(SUCCEEDED, {**hook, "now": now})
        if one.hook.failures >= FAILURES_IN_A_ROW:
            db.session.execute(RESUME, {**hook, "now": now})
        one.hook.failures = 0
        return
    next_at = None
    if tries < len(PAUSES_S):
        next_at = now + timedelta(seconds=PAUSES_S[tries])
    recent = {**hook, "now": now, "error": sent.problem, "recent": now - FAILING_PAUSE}
    failed = db.session.execute(FAILED, recent).one()
    note: dict[str, Any] = {**event, "now": now, "next": next_at, "error": sent.problem}
    db.session.execute(NOTE, note)
    one.hook.failures = failed.failures
    if sent.status == GONE or now - failed.failing_since >= DISABLE_AFTER:
        reason = "gone" if sent.status == GONE else "failing"
        db.session.execute(DISABLE, {**hook, "now": now, "reason": reason})
        one.ended = True
        return
    pause = _pause(failed.failures, sent)
    if pause:
        until = now + timedelta(seconds=pause)
        db.session.execute(PAUSE, {**hook, "until": until})
        one.paused = True


def _pause(failures: int, sent: Answer) -> int:
    """Return the seconds for which a hook pauses after so many failures in a row; 0: none."""
    wanted = sent.retry_after_s if sent.status in THROTTLED else 0
    if failures < FAILURES_IN_A_ROW:
        return wanted
    place = min(failures - FAILURES_IN_A_ROW, len(PAUSES_S) - 1)
    return max(wanted, min(PAUSES_S[place], MAX_PAUSE_S))

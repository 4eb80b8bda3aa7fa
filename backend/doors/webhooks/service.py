"""Set webhooks: add, enable, disable, replay and remove them; for admins."""

import base64
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Annotated, TypedDict, cast

from sqlalchemy import delete, func, select, text

from backend.accounts.access import Actor, require, require_recent
from backend.accounts.audit import record_act
from backend.coverage.figures.unit_access import UnitWithLevel, serialize_unit
from backend.database.extensions import db, setting
from backend.doors.webhooks.models import Webhook, WebhookFailure
from backend.errors import Problem, or_404
from backend.events.feed import check_cursor
from backend.http.addresses import check_url, parse_url
from backend.organisations.references import UnitReference, unit_id
from backend.outbox.models import Event
from backend.outbox.service import bounds, number_pending
from backend.units.models import Unit

ACT = "system.manage"
# Each is tried again and again: an office has a few.
MAX_WEBHOOKS = 20
FAILURES_SHOWN = 200
SALT_BYTES = 16
# A receiver takes over a new secret within a day; a secret whose answer was lost is no obstacle.
FORMER_FOR = timedelta(hours=24)
MAX_FORMER = 5
# Which events a webhook is sent, by its kinds and unit.
WANTED = """
    e.kind = any(:kinds) and (cast(:unit as int) is null
        or :unit in (u.id, u.parent_id, u.province_id))
"""
WAITING = text(f"""
    select count(*) from events e left join units u on u.id = e.unit_id
    where e.number > :cursor and {WANTED}
""")  # noqa: S608 # fixed words


class WebhookDetails(TypedDict):
    """A webhook: every event up to `cursor` was delivered, or is among those that failed."""

    id: int
    url: str
    kinds: list[str]  # of events
    unit: UnitWithLevel | None  # whose events it gets; null: all
    enabled: bool
    created_at: datetime
    cursor: int  # the number of an event
    disabled_at: datetime | None
    disabled_reason: str | None  # a code
    failing_since: datetime | None
    delivered_at: datetime | None  # the last time
    error: str | None  # the last one
    former_until: Annotated[datetime | None, "former secrets sign too until then"]


class Webhooks(TypedDict):
    """All webhooks."""

    items: list[WebhookDetails]


class NewWebhook(WebhookDetails):
    """A webhook with a new secret, which is shown this once."""

    secret: str


class FailedEvent(TypedDict):
    """An event that a webhook could not deliver; without `next_at` it is given up."""

    number: int
    type: str
    tries: int
    first_at: datetime
    last_at: datetime
    next_at: datetime | None
    error: str


class WebhookDetail(WebhookDetails):
    """A webhook with the events that it could not deliver, and how many wait."""

    failed: Annotated[list[FailedEvent], "the oldest 200"]
    failed_total: int
    first: Annotated[int, "the smallest number to replay after"]
    last: int  # number of the latest event
    waiting: int  # events to deliver


class WebhookCreate(TypedDict):
    """A new webhook, as `WebhookCreateSchema` reads it."""

    url: str
    kinds: list[str]
    unit: UnitReference | None
    after: int | None  # the number that it begins after; null: the last one


def secret_of(salt: bytes) -> str:
    """Return the secret of a salt, derived from SECRET_KEY: a dump of the database has none."""
    key = str(setting("SECRET_KEY")).encode()
    digest = hmac.digest(key, b"webhook|" + salt, "sha256")
    return "whsec_" + base64.b64encode(digest).decode()


def signing_secrets(hook: Webhook, now: datetime) -> list[str]:
    """Return the secrets that sign at a time: the present one, then former ones."""
    return [secret_of(salt) for salt in (hook.salt, *_former_salts(hook, now))]


def _former_salts(hook: Webhook, now: datetime) -> list[bytes]:
    current = hook.former_until is not None and now < hook.former_until
    return list(hook.former_salts) if current else []


def host_of(hook: Webhook) -> str:
    """Return the host for the audit log: the path may contain a secret of the receiver."""
    return parse_url(hook.url).host


def list_webhooks(actor: Actor) -> Webhooks:
    """Return all webhooks."""
    require(actor, ACT)
    hooks = db.session.scalars(select(Webhook).order_by(Webhook.id))
    return {"items": [serialize_webhook(hook) for hook in hooks]}


def show_webhook(actor: Actor, webhook_id: int) -> WebhookDetail:
    """Return a webhook with the events that it could not deliver, the oldest first."""
    require(actor, ACT)
    hook = _get(webhook_id, lock=False)
    query = (
        select(WebhookFailure, Event.number, Event.kind)
        .join(Event, Event.id == WebhookFailure.event_id)
        .where(WebhookFailure.webhook_id == webhook_id)
        .order_by(Event.number)
        .limit(FAILURES_SHOWN)
    )
    number = select(func.count()).where(WebhookFailure.webhook_id == webhook_id)
    failed: list[FailedEvent] = [
        {
            "number": cast(int, number),  # it was sent, so it has one
            "type": kind,
            "tries": row.tries,
            "first_at": row.first_at,
            "last_at": row.last_at,
            "next_at": row.next_at,
            "error": row.error,
        }
        for row, number, kind in db.session.execute(query)
    ]
    waiting = {"cursor": hook.cursor, "kinds": hook.kinds, "unit": hook.unit_id}
    known = bounds()
    return {
        **serialize_webhook(hook),
        "failed": failed,
        "failed_total": db.session.execute(number).scalar_one(),
        "first": known.deleted_to,
        "last": known.last,
        "waiting": db.session.execute(WAITING, waiting).scalar_one(),
    }


def add_webhook(actor: Actor, data: WebhookCreate, now: datetime) -> NewWebhook:
    """Add a webhook and return it with its secret, which is never shown again.

    It begins after `after`, or with what happens from now on.
    """
    require(actor, ACT)
    require_recent(actor, now)
    check_url(data["url"], setting("WEBHOOK_NETWORKS"))
    if len(db.session.scalars(select(Webhook.id)).all()) >= MAX_WEBHOOKS:
        raise Problem(409, "too_many_webhooks")
    unit = unit_id(data["unit"], "unit")
    number_pending()
    after = bounds().last if data["after"] is None else data["after"]
    check_cursor(after)
    hook = Webhook(
        url=data["url"],
        kinds=sorted(set(data["kinds"])),
        unit_id=unit,
        salt=secrets.token_bytes(SALT_BYTES),
        created_at=now,
        cursor=after,
    )
    db.session.add(hook)
    db.session.flush()
    record_act(actor, "webhook.add", f"webhook:{hook.id}", host=host_of(hook), unit_id=unit)
    db.session.refresh(hook)
    answer: NewWebhook = {**serialize_webhook(hook), "secret": secret_of(hook.salt)}
    db.session.commit()
    return answer


def renew_secret(actor: Actor, webhook_id: int, now: datetime) -> NewWebhook:
    """Return a webhook with a new secret, which is never shown again.

    Former ones sign beside it for `FORMER_FOR`, also one that a lost answer had.
    """
    require(actor, ACT)
    require_recent(actor, now)
    hook = _get(webhook_id)
    hook.former_salts = [hook.salt, *_former_salts(hook, now)][:MAX_FORMER]
    hook.former_until = now + FORMER_FOR
    hook.salt = secrets.token_bytes(SALT_BYTES)
    record_act(actor, "webhook.secret", f"webhook:{hook.id}")
    return {**_commit(hook), "secret": secret_of(hook.salt)}


def enable_webhook(actor: Actor, webhook_id: int, enabled: bool, now: datetime) -> WebhookDetails:
    """Enable or disable a webhook; it continues where it stopped.

    409 for an address that is no longer allowed, 410 if the next events were deleted.
    """
    require(actor, ACT)
    hook = _get(webhook_id)
    if enabled:
        try:
            check_url(hook.url, setting("WEBHOOK_NETWORKS"))
        except Problem:  # of a stored address: the request has no field of it
            raise Problem(409, "webhook_url_refused") from None
        check_cursor(hook.cursor)
        hook.disabled_at = hook.disabled_reason = None
        _begin_again(hook)
    elif hook.disabled_at is None:
        hook.disabled_at, hook.disabled_reason = now, "by_admin"
    record_act(actor, "webhook.enable" if enabled else "webhook.disable", f"webhook:{hook.id}")
    return _commit(hook)


def replay(actor: Actor, webhook_id: int, after: int) -> WebhookDetails:
    """Deliver all events after a number again, and first those that failed before it.

    Events that were not sent yet are sent too, also those before the number; deleted ones cannot.
    """
    require(actor, ACT)
    hook = _get(webhook_id)
    check_cursor(after)
    if hook.cursor >= bounds().deleted_to:
        after = min(after, hook.cursor)
    hook.cursor = after
    repeated = select(Event.id).where(Event.number > after)
    db.session.execute(
        delete(WebhookFailure)
        .where(WebhookFailure.webhook_id == hook.id, WebhookFailure.event_id.in_(repeated))
        .execution_options(synchronize_session=False)
    )
    _begin_again(hook)
    record_act(actor, "webhook.replay", f"webhook:{hook.id}", after=after)
    return _commit(hook)


def remove_webhook(actor: Actor, webhook_id: int) -> None:
    """Remove a webhook with what it could not deliver."""
    require(actor, ACT)
    hook = _get(webhook_id)
    record_act(actor, "webhook.remove", f"webhook:{hook.id}", host=host_of(hook))
    db.session.delete(hook)
    db.session.commit()


def serialize_webhook(hook: Webhook) -> WebhookDetails:
    """Return a webhook without its secret."""
    unit = db.session.get(Unit, hook.unit_id) if hook.unit_id is not None else None
    return {
        "id": hook.id,
        "url": hook.url,
        "kinds": hook.kinds,
        "created_at": hook.created_at,
        "cursor": hook.cursor,
        "disabled_at": hook.disabled_at,
        "disabled_reason": hook.disabled_reason,
        "failing_since": hook.failing_since,
        "delivered_at": hook.delivered_at,
        "error": hook.error,
        "former_until": hook.former_until,
        "enabled": hook.disabled_at is None,
        "unit": serialize_unit(unit) if unit else None,
    }


def _begin_again(hook: Webhook) -> None:
    """Forget pauses; what was given up is tried again."""
    hook.failures, hook.failing_since, hook.pause_until = 0, None, None
    retry_now = text(
        "update webhook_failures set next_at = now(), tries = 0 where webhook_id = :id"
    )
    db.session.execute(retry_now, {"id": hook.id})


def _get(webhook_id: int, *, lock: bool = True) -> Webhook:
    return or_404(db.session.get(Webhook, webhook_id, with_for_update=lock or None))


def _commit(hook: Webhook) -> WebhookDetails:
    db.session.flush()
    answer = serialize_webhook(hook)
    db.session.commit()
    return answer

"""Webhooks, and the events that they could not deliver."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.outbox import models as outbox  # noqa: F401 # referenced table


class Webhook(db.Model):
    """An address that events are sent to, and how far it is."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    url: Mapped[str]
    kinds: Mapped[list[str]]
    # Only events of this unit and of those inside it; null: all.
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    salt: Mapped[bytes]  # the secret is derived from it and SECRET_KEY
    # Those of former secrets, which sign too until `former_until`.
    former_salts: Mapped[list[bytes]] = mapped_column(server_default="{}")
    former_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    # Every event up to this number was delivered, is a failure, or is not for this hook.
    cursor: Mapped[int] = mapped_column(BigInteger)
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]  # by_admin, failing, gone, events_deleted
    failing_since: Mapped[datetime | None]  # the first failure after the last success
    failures: Mapped[int] = mapped_column(server_default="0")  # in a row
    pause_until: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]  # a process delivers
    delivered_at: Mapped[datetime | None]  # the last success
    error: Mapped[str | None]  # of the last try; null: it succeeded


class WebhookFailure(db.Model):
    """An event that a webhook could not deliver, which is sent again later."""

    __tablename__ = "webhook_failures"
    __table_args__ = (Index(None, "event_id"),)

    webhook_id: Mapped[int] = mapped_column(
        ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True
    )
    event_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("events.id", ondelete="CASCADE"), primary_key=True
    )
    tries: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    next_at: Mapped[datetime | None]  # null: given up
    error: Mapped[str]

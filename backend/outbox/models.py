"""Events and the last number given to one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db


class Event(db.Model):
    """A change that readers follow: stored by the transaction that causes it, numbered later."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("once"),
        Index("ix_events_unnumbered", "id", postgresql_where=text("number is null")),
        Index(None, "measurement_id", postgresql_where=text("measurement_id is not null")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    # The id that receivers see: it stays unique where a backup is restored.
    key: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())
    number: Mapped[int | None] = mapped_column(BigInteger)  # null: not numbered yet
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    month: Mapped[str | None]
    network: Mapped[str | None]
    measurement_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]]  # without a position or a person
    once: Mapped[str | None]  # key of an event that happens once
    scrubbed: Mapped[bool] = mapped_column(server_default="false")  # its device has withdrawn


class EventNumbers(db.Model):
    """The last number, and the last one that retention has deleted; one row at most."""

    __tablename__ = "event_numbers"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # always 1
    last: Mapped[int] = mapped_column(BigInteger)
    deleted_to: Mapped[int] = mapped_column(BigInteger)

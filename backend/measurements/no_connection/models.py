"""No-connection notes, and heartbeats of the server by which they are judged."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.devices import models as devices  # noqa: F401 # referenced tables
from backend.i18n.catalogues import N_
from backend.units import models as units  # noqa: F401


class NoConnectionNote(db.Model):
    """A place where a phone got no ticket for a speed test; never a measurement, never counted."""

    __tablename__ = "no_connection_notes"
    __personal__ = (
        N_("says where there is no connection"),
        N_("rounded after COARSEN_AFTER_DAYS, removed after RETENTION_DAYS or by the person"),
    )
    __table_args__ = (
        # At most one a device, cell and day, apart from those made while the server was away; rows
        # without a cell are older than the retention time.
        UniqueConstraint("device_id", "cell", "day", "server_down"),
        CheckConstraint("assurance = 'claimed'", name="assurance"),
        Index(None, "unit_id", "day"),
        Index(None, "day"),
        Index(
            "ix_no_connection_notes_network",
            "network",
            postgresql_where=text("network is not null"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)  # the client's UUID
    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    received_at: Mapped[datetime]
    began_at: Mapped[datetime]  # the first attempt
    noted_at: Mapped[datetime]  # the last attempt
    skew_s: Mapped[float | None]  # error of the phone's clock, if corrected
    day: Mapped[date]  # in Vietnam
    attempts: Mapped[int]
    operator: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    cell: Mapped[str | None]  # H3 index at rules.RESOLUTION
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    set_id: Mapped[int]
    how: Mapped[str]  # inside, edge, snapped
    assurance: Mapped[str] = mapped_column(server_default="claimed")
    # An attempt was made while this server was away: never shown, never counted.
    server_down: Mapped[bool] = mapped_column(server_default="false")
    # Digest of the sender's address under the key of the day, kept for a week.
    network: Mapped[bytes | None]
    # Another device had sent a note of the same area from the same address on the same day.
    shared_network: Mapped[bool] = mapped_column(server_default="false")
    raw: Mapped[dict[str, Any] | None]
    excluded_at: Mapped[datetime | None]  # by an official; the audit log has person and reason


class Heartbeat(db.Model):
    """A minute in which the server ran, with the phones whose tests it took in the one before."""

    __tablename__ = "heartbeats"
    __table_args__ = (Index("ix_heartbeats_phones", "minute", postgresql_where=text("phones > 0")),)

    minute: Mapped[datetime] = mapped_column(primary_key=True)
    phones: Mapped[int]  # tests with a witness alone

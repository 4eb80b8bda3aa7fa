"""Measuring hosts with their keys, tickets, and the networks of carriers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.devices import models as devices  # noqa: F401 # referenced tables
from backend.i18n.catalogues import N_


class MeasuringHost(db.Model):
    """A host that phones measure against; one row is this installation's own host."""

    __tablename__ = "measuring_hosts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, Identity(), unique=True)  # of samples
    name: Mapped[str]
    url: Mapped[str | None] = mapped_column(unique=True)  # null: this installation
    operator: Mapped[str | None]  # the mobile operator in whose network it stands; null: neutral
    signs: Mapped[bool]
    added_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    reason: Mapped[str | None]  # of the revocation


class HostState(db.Model):
    """The last check of a host: one that failed twice in a row is down, one never checked is up.

    A table of its own: the serving role writes it, and reads the registry.
    """

    __tablename__ = "host_states"

    host_id: Mapped[UUID] = mapped_column(ForeignKey("measuring_hosts.id"), primary_key=True)
    checked_at: Mapped[datetime]
    failed_since: Mapped[datetime | None]  # null: the last check succeeded
    problem: Mapped[str | None]  # a code


class HostKey(db.Model):
    """A public key of a measuring host; the bytes of a key id never change."""

    __tablename__ = "host_keys"
    __table_args__ = (UniqueConstraint("host_id", "kid"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    host_id: Mapped[UUID] = mapped_column(ForeignKey("measuring_hosts.id"))
    kid: Mapped[str]
    public_key: Mapped[bytes]
    added_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]


class TicketRow(db.Model):
    """A ticket that was issued, and the measurement that used it."""

    __tablename__ = "tickets"
    __personal__ = N_("proves a test at a measuring host"), N_("60 days after it expires")
    __table_args__ = (
        # Two requests at the same time collide here, so that the limits are exact.
        UniqueConstraint("device_id", "number"),
        Index("ix_tickets_prefix", "used_at", postgresql_where="prefix is not null"),
        Index(None, "used_by", unique=True, postgresql_where="used_by is not null"),
        Index(None, "expires_at", postgresql_using="brin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    number: Mapped[int]  # of the device
    # Without a foreign key: hosts are never deleted, and every ticket would lock the host's row.
    host_id: Mapped[UUID]
    profile: Mapped[str]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_by: Mapped[UUID | None]  # a measurement
    used_at: Mapped[datetime | None]
    # Keyed digest of the client's network under the key of the day, for 7 days.
    prefix: Mapped[bytes | None]
    # Whether the client's network is none of the carriers' listed ones; null: no list, no witness.
    outside: Mapped[bool | None]


class CarrierNetwork(db.Model):
    """A network of a mobile carrier, from the list that an admin loaded last."""

    __tablename__ = "carrier_networks"

    prefix: Mapped[str] = mapped_column(primary_key=True)
    operator: Mapped[str]
    loaded_at: Mapped[datetime]

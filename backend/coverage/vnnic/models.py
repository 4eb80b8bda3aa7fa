"""Counts published by VNNIC, and pairs of its app's results with ours."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.i18n.catalogues import N_


class VnnicCount(db.Model):
    """VNNIC's own figures of a unit's month beside ours: published ones, and a draft of others."""

    __tablename__ = "vnnic_counts"
    __table_args__ = (CheckConstraint("source in ('table', 'atlas')", name="source"),)

    month: Mapped[str] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(
        ForeignKey("units.id"), primary_key=True, autoincrement=False
    )
    draft: Mapped[bool] = mapped_column(primary_key=True)
    samples: Mapped[int | None]  # null: "not enough samples"
    download_mbps: Mapped[float | None]
    upload_mbps: Mapped[float | None]
    ping_ms: Mapped[float | None]
    jitter_ms: Mapped[float | None]
    source: Mapped[str]
    day: Mapped[date]  # to which the table counts
    imported_at: Mapped[datetime]


class Steering(db.Model):
    """Whose count steers a province from a day on; without a row, ours."""

    __tablename__ = "steering"
    __table_args__ = (CheckConstraint("steered_by in ('own', 'vnnic')", name="steered_by"),)

    province_id: Mapped[int] = mapped_column(
        ForeignKey("units.id"), primary_key=True, autoincrement=False
    )
    network: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[date] = mapped_column(primary_key=True)
    steered_by: Mapped[str]


class SpeedPair(db.Model):
    """A result of i-Speed typed in beside a test here; ratios are ours divided by i-Speed's."""

    __tablename__ = "speed_pairs"
    __personal__ = (
        N_("compares our speeds with those of i-Speed on one phone"),
        N_("a year, or until the person withdraws"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)  # of the typed result
    own_id: Mapped[UUID] = mapped_column(unique=True)
    # A withdrawal deletes the phone and so its pairs.
    device_id: Mapped[UUID] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), index=True
    )
    day: Mapped[date]
    network: Mapped[str]
    typed_first: Mapped[bool]
    download: Mapped[float]
    upload: Mapped[float]
    ping: Mapped[float]

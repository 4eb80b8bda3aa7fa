"""Targets, what people said of signals, and statistics as they were found last."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.extensions import db


class Target(db.Model):
    """How many samples a month a unit of a level needs on a network, and who says so."""

    __tablename__ = "targets"
    __table_args__ = (
        CheckConstraint("threshold > 0", name="threshold"),
        ExcludeConstraint(
            ("level", "="),
            ("network", "="),
            ("purpose", "="),
            (literal_column("coalesce(unit_id, 0)"), "="),
            (literal_column("daterange(valid_from, valid_to, '[]')"), "&&"),
            name="one_target_at_a_time",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(Text)
    network: Mapped[str] = mapped_column(Text)
    threshold: Mapped[int]
    basis: Mapped[str] = mapped_column(Text)  # received, valid, counted
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)
    # What is to be reached, or from how many samples on a unit can be assessed at all.
    purpose: Mapped[str] = mapped_column(Text, server_default="target")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))  # null: every unit
    version: Mapped[int] = mapped_column(server_default="1")


class PublishedMonth(db.Model):
    """A province's month that everybody may see: its report was approved once."""

    __tablename__ = "published_months"

    month: Mapped[str] = mapped_column(Text, primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)


class CountChange(db.Model):
    """When counts of a unit's month changed last; whatever writes counts notes it (0018)."""

    __tablename__ = "count_changes"

    month: Mapped[str] = mapped_column(Text, primary_key=True)
    network: Mapped[str] = mapped_column(Text, primary_key=True)
    # 0: in no commune.
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)


class Signal(db.Model):
    """A sign of gaming in one campaign's or unit's month, and what people made of it.

    Kept are figures alone: neither devices nor volunteers can be read from a row.
    """

    __tablename__ = "signals"
    __table_args__ = (
        CheckConstraint("num_nonnulls(campaign_id, unit_id) = 1", name="scope"),
        CheckConstraint("state in ('open', 'explained', 'excluded')", name="state"),
        UniqueConstraint(
            "campaign_id", "unit_id", "month", "kind", "subject",
            name="uq_signals_key", postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    month: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)  # a keyed digest of whom and what it is about
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(Text, server_default="open")
    note: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[int | None]  # who set the state last
    changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Statistic(db.Model):
    """The speeds of one group of counted samples, as they were found last."""

    __tablename__ = "statistics"

    month: Mapped[str] = mapped_column(Text, primary_key=True)
    network: Mapped[str] = mapped_column(Text, primary_key=True)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0: the country
    operator: Mapped[str] = mapped_column(Text, primary_key=True)  # "": all of them
    technology: Mapped[str] = mapped_column(Text, primary_key=True)  # "": all of them
    n: Mapped[int]
    devices: Mapped[int]
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # null: too few samples
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class StatisticStale(db.Model):
    """A mark, set by triggers: other samples of a unit and month are counted than before."""

    __tablename__ = "statistics_stale"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    month: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[int]  # 0: the country
    network: Mapped[str] = mapped_column(Text)


class VnnicCount(db.Model):
    """What VNNIC itself says of a unit's month: another number than ours, kept beside it."""

    __tablename__ = "vnnic_counts"
    __table_args__ = (CheckConstraint("source in ('table', 'atlas')", name="source"),)

    month: Mapped[str] = mapped_column(Text, primary_key=True)
    network: Mapped[str] = mapped_column(Text, primary_key=True)
    unit_id: Mapped[int] = mapped_column(
        ForeignKey("units.id"), primary_key=True, autoincrement=False
    )
    samples: Mapped[int | None]  # null: "not enough samples"
    download_mbps: Mapped[float | None]
    upload_mbps: Mapped[float | None]
    ping_ms: Mapped[float | None]
    jitter_ms: Mapped[float | None]
    source: Mapped[str] = mapped_column(Text)
    imported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class VnnicColumns(db.Model):
    """Which column of VNNIC's tables is which, as a person said of a set of titles."""

    __tablename__ = "vnnic_columns"

    titles: Mapped[str] = mapped_column(Text, primary_key=True)  # a digest of the set
    columns: Mapped[dict[str, str]] = mapped_column(JSONB)
    learned_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

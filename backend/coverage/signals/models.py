"""Signals of gaming: what was found in communes, and the decisions on it."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Integer,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.i18n.catalogues import N_


class Signal(db.Model):
    """A signal of gaming in one campaign's or unit's month, and the decision on it.

    Only figures are stored: a row identifies neither devices nor volunteers.
    """

    __tablename__ = "signals"
    __personal__ = (
        N_("names who decided on a signal; of a phone only a keyed digest"),
        N_("as long as the decision"),
    )
    __table_args__ = (
        CheckConstraint("num_nonnulls(campaign_id, unit_id) = 1", name="scope"),
        CheckConstraint("state in ('open', 'explained', 'excluded')", name="state"),
        UniqueConstraint(
            "campaign_id", "unit_id", "month", "kind", "subject",
            name="uq_signals_key", postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    month: Mapped[str]
    subject: Mapped[str]  # a keyed digest of its device and facts
    evidence: Mapped[dict[str, Any]]
    found_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="open")
    note: Mapped[str | None]
    user_id: Mapped[int | None]  # the user who set the state last
    changed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")
    # Whether its samples were excluded with it; else `excluded` is a note without effect.
    with_samples: Mapped[bool] = mapped_column(server_default="false")


class SignalScan(db.Model):
    """A unit's month that was searched; a campaign has a row without a unit too.

    The time of a search stands in the row of its province or campaign.
    """

    __tablename__ = "signal_scans"
    __table_args__ = (
        UniqueConstraint(
            "unit_id", "month", "campaign_id",
            name="uq_signal_scans_key", postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    month: Mapped[str]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
    scanned_at: Mapped[datetime | None]
    measurements: Mapped[int] = mapped_column(server_default="0")  # in the commune
    devices: Mapped[int] = mapped_column(server_default="0")


class SignalFinding(db.Model):
    """One finding of a search; devices are numbers of the month."""

    __tablename__ = "signal_findings"
    __table_args__ = (UniqueConstraint("scan_id", "kind", "subject"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    scan_id: Mapped[int] = mapped_column(ForeignKey("signal_scans.id", ondelete="CASCADE"))
    kind: Mapped[str]
    subject: Mapped[str]
    evidence: Mapped[dict[str, Any]]
    units: Mapped[list[int]] = mapped_column(ARRAY(Integer))  # communes of its samples
    devices: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    found_at: Mapped[datetime]

"""Signals of gaming and the decisions on them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Identity, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db


class Signal(db.Model):
    """A signal of gaming in one campaign's or unit's month, and the decision on it.

    Only figures are stored: a row identifies neither devices nor volunteers.
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
    subject: Mapped[str] = mapped_column(Text)  # a keyed digest of its device and facts
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[str] = mapped_column(Text, server_default="open")
    note: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[int | None]  # the user who set the state last
    changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

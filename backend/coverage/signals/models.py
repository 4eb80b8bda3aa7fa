"""Signals of gaming and the decisions on them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, UniqueConstraint
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

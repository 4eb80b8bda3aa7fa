"""Jobs."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db


class Job(db.Model):
    """Work that a process of its own does: started by an admin on a page, or for one place."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'running', 'done', 'failed')", name="state"),
        # A second job of the same kind and place is a double click.
        Index(
            "uq_jobs_open",
            "kind",
            "place",
            unique=True,
            postgresql_where=text("state in ('waiting', 'running')"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    place: Mapped[str | None]  # null: started by an admin; else no row is left of it
    arguments: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default="waiting")
    done: Mapped[int] = mapped_column(server_default="0")
    whole: Mapped[int] = mapped_column(server_default="0")  # 0: not known yet
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    # The name in the audit log, not a reference: demo accounts are deleted.
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    called_at: Mapped[datetime | None]  # a runner
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    @property
    def days(self) -> tuple[date, date] | None:
        """The first and the last day in the arguments, if any."""
        if "first" not in self.arguments:
            return None
        first, last = (date.fromisoformat(self.arguments[name]) for name in ("first", "last"))
        return first, last

"""Tables of sources, their keys and state, and the sealed reports that were collected."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.i18n.catalogues import N_


class ReportSource(db.Model):
    """A server of another office, which approves the reports of a province."""

    __tablename__ = "report_sources"

    province_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    url: Mapped[str | None]  # null: its reports come as files
    added_at: Mapped[datetime]


class SourceKey(db.Model):
    """A public key with which a source seals."""

    __tablename__ = "report_source_keys"

    province_id: Mapped[int] = mapped_column(
        ForeignKey("report_sources.province_id", ondelete="CASCADE"), primary_key=True
    )
    public_key: Mapped[bytes] = mapped_column(primary_key=True)  # Ed25519, 32 bytes
    added_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]


class SourceState(db.Model):
    """The last time that a source was asked, and what was wrong with its answers."""

    __tablename__ = "report_source_states"

    province_id: Mapped[int] = mapped_column(
        ForeignKey("report_sources.province_id", ondelete="CASCADE"), primary_key=True
    )
    asked_at: Mapped[datetime]
    failed_since: Mapped[datetime | None]  # null: nothing was wrong
    problem: Mapped[str | None]  # a code
    month: Mapped[str | None]  # of the problem


class CollectedReport(db.Model):
    """An edition of a report as its source sealed it; never changed."""

    __tablename__ = "collected_reports"
    __personal__ = N_("names who approved and signed a report"), N_("as long as the report")
    __table_args__ = (Index(None, "month"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)  # in the month
    month: Mapped[str] = mapped_column(primary_key=True)
    edition: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]  # SHA-256 of the content
    content: Mapped[bytes] = mapped_column(deferred=True)  # report.json
    statement: Mapped[str]  # the signed text of the seal
    signature: Mapped[bytes]
    approved_at: Mapped[datetime]  # by the clock of the source
    received_at: Mapped[datetime]
    by_file: Mapped[bool]  # brought as a file

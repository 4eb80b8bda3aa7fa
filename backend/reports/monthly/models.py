"""Tables of reports, their files, attachments and seal keys; letterheads."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.i18n.catalogues import N_


class SealKey(db.Model):
    """The public half of a present or former seal key; never deleted."""

    __tablename__ = "seal_keys"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public_key: Mapped[bytes] = mapped_column(unique=True)  # Ed25519, 32 bytes
    first_used_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]


class ReportRow(db.Model):
    """One edition of a unit's report of a month."""

    __tablename__ = "reports"
    __personal__ = N_("names who approved and signed a report"), N_("as long as the report")
    __table_args__ = (
        UniqueConstraint("unit_id", "month", "edition"),
        CheckConstraint("state in ('draft', 'frozen', 'approved', 'superseded')", name="state"),
        CheckConstraint(
            "(state = 'draft') = (frozen_at is null)"
            " and num_nulls(frozen_at, content, digest) in (0, 3)",
            name="frozen",
        ),
        CheckConstraint(
            "num_nulls(approved_at, approver_name, statement, signature, key_number) in (0, 5)"
            " and (state <> 'approved' or approved_at is not null)",
            name="sealed",
        ),
        Index(None, "month"),
        Index(None, "digest"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    month: Mapped[str]
    edition: Mapped[int]
    reason: Mapped[str | None]  # why it replaces the previous edition
    state: Mapped[str] = mapped_column(server_default="draft")
    demo: Mapped[bool] = mapped_column(server_default="false")
    version: Mapped[int] = mapped_column(server_default="1")  # increased by every change: the ETag
    remarks: Mapped[dict[str, str]]  # texts of the official, by section
    rewritten: Mapped[list[str]] = mapped_column(server_default="{}")  # sections of remarks alone
    # Kind and documents of the letter, chosen in the draft; its signature, given at approval.
    letter: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    # Canonical JSON as it was hashed: text, since jsonb does not keep the bytes.
    content: Mapped[str | None] = mapped_column(deferred=True)
    digest: Mapped[str | None]
    frozen_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    approver_name: Mapped[str | None]
    approver_title: Mapped[str | None]
    statement: Mapped[str | None]  # the signed text of the seal
    signature: Mapped[bytes | None]
    key_number: Mapped[int | None] = mapped_column(ForeignKey("seal_keys.number"))
    superseded_at: Mapped[datetime | None]


class RemarkVersion(db.Model):
    """The version of a section's remark: counts its changes; the text is in the report."""

    __tablename__ = "remark_versions"

    report_id: Mapped[int] = mapped_column(
        ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True
    )
    section: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    changed_at: Mapped[datetime]


class ReportFile(db.Model):
    """A file of a frozen report."""

    __tablename__ = "report_files"
    __table_args__ = (Index(None, "digest"),)

    report_id: Mapped[int] = mapped_column(
        ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(deferred=True)


class Attachment(db.Model):
    """The letter that the office sent: number, date and signed PDF, with the server's seal."""

    __tablename__ = "report_attachments"
    __table_args__ = (
        CheckConstraint("num_nulls(statement, signature, key_number) in (0, 3)", name="sealed"),
        Index(None, "report_id"),
        Index(None, "digest"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"))
    number: Mapped[str]
    signed_on: Mapped[date]
    digest: Mapped[str]
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(deferred=True)
    attached_at: Mapped[datetime]
    # Null: attached before version 1.1.
    statement: Mapped[str | None]  # the signed text of the seal
    signature: Mapped[bytes | None]
    key_number: Mapped[int | None] = mapped_column(ForeignKey("seal_keys.number"))


class CommuneDeadline(db.Model):
    """The day before which the communes of a province report, from one month's reports on."""

    __tablename__ = "commune_deadlines"
    __table_args__ = (CheckConstraint("before_day between 2 and 15", name="day"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)  # province
    month: Mapped[str] = mapped_column(primary_key=True)
    before_day: Mapped[int | None]  # of the following month; null: communes need not report
    changed_at: Mapped[datetime]


class Letterhead(db.Model):
    """Sender, place, recipients and signer of a unit's letters, valid from a day on."""

    __tablename__ = "letterheads"
    __personal__ = N_("names the signer of letters"), N_("until it is changed")

    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    superior: Mapped[str | None]  # null: no superior
    agency: Mapped[str]
    symbol: Mapped[str]
    place: Mapped[str]
    recipients: Mapped[list[str]]  # Kính gửi
    titles: Mapped[list[str]]  # above the signature, line by line
    signer: Mapped[str | None]  # null: by hand
    copies: Mapped[list[str]]  # Nơi nhận
    headings: Mapped[list[str]]  # of the sections of a report
    references: Mapped[list[str]]  # documents that letters answer; empty: those of the unit above
    version: Mapped[int]  # counts the changes of all of the unit's rows
    changed_at: Mapped[datetime]

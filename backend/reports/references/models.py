"""Table of the documents that letters answer."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db


class Reference(db.Model):
    """A document of another office, for the letters of a unit or of the whole installation."""

    __tablename__ = "reference_documents"
    __table_args__ = (
        CheckConstraint("confirmed_at is null or about is not null", name="confirmed"),
        Index(
            "uq_reference_documents_document", "unit_id", "number", "symbol", "issued_on",
            unique=True, postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))  # null: installation
    type: Mapped[str]  # Công văn, Kế hoạch, …
    number: Mapped[str]
    symbol: Mapped[str]
    issued_on: Mapped[date]
    issuer: Mapped[str]  # as named then
    about: Mapped[str | None]  # trích yếu; null: not known yet
    confirmed_at: Mapped[datetime | None]  # by the office; only confirmed documents are cited
    version: Mapped[int] = mapped_column(server_default="1")

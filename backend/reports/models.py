"""What stands around a letter's text: of each unit one row per day from which it holds."""

from datetime import date, datetime

from sqlalchemy import Date, DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from backend.extensions import db


class Letterhead(db.Model):
    """Who writes, from where, to whom and who signs, as a unit's letters show it from a day on."""

    __tablename__ = "letterheads"

    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    superior: Mapped[str | None] = mapped_column(Text)  # null: nobody is named above
    agency: Mapped[str] = mapped_column(Text)
    symbol: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(Text)
    recipients: Mapped[list[str]] = mapped_column(ARRAY(Text))  # Kính gửi
    titles: Mapped[list[str]] = mapped_column(ARRAY(Text))  # above the signature, line by line
    signer: Mapped[str | None] = mapped_column(Text)  # null: written by hand
    copies: Mapped[list[str]] = mapped_column(ARRAY(Text))  # Nơi nhận
    version: Mapped[int]  # of all of the unit's rows together: each change has the next one
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

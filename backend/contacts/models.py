"""Contacts of units."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.i18n.catalogues import N_


class UnitContact(db.Model):
    """A person of a unit's office, kept by the unit's officials."""

    __tablename__ = "unit_contacts"
    __personal__ = (
        N_("reaches the office of a commune with reminders"),
        N_("24 months after the last change"),
    )
    __table_args__ = (
        UniqueConstraint("unit_id", "name"),
        CheckConstraint("num_nonnulls(phone, email) > 0", name="reachable"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    name: Mapped[str]
    office: Mapped[str | None]
    phone: Mapped[str | None]  # +84…
    email: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")
    changed_at: Mapped[datetime]  # a contact that nobody confirmed for long is deleted


class ContactReminder(db.Model):
    """The last reminder mailed to a contact about a network."""

    __tablename__ = "contact_reminders"

    contact_id: Mapped[int] = mapped_column(
        ForeignKey("unit_contacts.id", ondelete="CASCADE"), primary_key=True
    )
    network: Mapped[str] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime]

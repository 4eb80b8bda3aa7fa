"""Devices and their consents."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.i18n.catalogues import N_


class Device(db.Model):
    """An installation of the app; of tokens and the withdrawal code only hashes are stored."""

    __tablename__ = "devices"
    __table_args__ = (
        Index(
            "ix_devices_without_positions",
            "id",
            postgresql_where=text("without_positions_since is not null"),
        ),
    )
    __personal__ = (
        N_("knows a phone again, by hashes of its token and code"),
        N_("until the person withdraws"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    withdrawal_hash: Mapped[bytes] = mapped_column(unique=True)
    registered_at: Mapped[datetime]
    token_used_at: Mapped[datetime | None]
    platform: Mapped[str | None]
    model: Mapped[str | None]
    app_version: Mapped[str | None]
    consent_version: Mapped[str]
    demo: Mapped[bool] = mapped_column(server_default="false")
    # An admin knows its external GPS receiver: its mock positions count from then on.
    receiver_from: Mapped[datetime | None]
    # Raised by every change of the device's measurements: a post that was judged on an older state
    # is judged again before it is stored.
    version: Mapped[int] = mapped_column(server_default="0")
    # Whether it ever joined a team, or an organiser attributed one of its samples to a team: only
    # then a post reads memberships.
    joined: Mapped[bool] = mapped_column(server_default="false")
    # The person asked that no position is kept longer than a week from then on.
    without_positions_since: Mapped[datetime | None]
    # Number of measurements sent in the hour from window_start.
    window_start: Mapped[datetime] = mapped_column(server_default=func.now())
    window_items: Mapped[int] = mapped_column(server_default="0")
    notices: Mapped[int] = mapped_column(server_default="0")  # that it has yet to read


class FormerPhone(db.Model):
    """A token of a phone whose device moved to another one; its withdrawal code stays good."""

    __tablename__ = "former_phones"
    __personal__ = (
        N_("tells a former phone that its person moved to another"),
        N_("until the person withdraws"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    withdrawal_hash: Mapped[bytes] = mapped_column(index=True)
    device_id: Mapped[UUID] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), index=True
    )
    moved_at: Mapped[datetime]


class Consent(db.Model):
    """A consent; one row each time."""

    __tablename__ = "consents"
    __personal__ = N_("shows what a person agreed to and when"), N_("until the person withdraws")

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    device_id: Mapped[UUID] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), index=True
    )
    version: Mapped[str]
    accepted_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Notice(db.Model):
    """A text of the operator to phones."""

    __tablename__ = "notices"
    __personal__ = N_("names who wrote a notice"), N_("90 days after its last day")

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    text: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))  # null: everywhere
    month: Mapped[str | None]  # of the phones' samples; null: any
    sent_at: Mapped[datetime]
    until: Mapped[datetime]
    user_id: Mapped[int]


class NoticePhone(db.Model):
    """A phone that a notice is for; a withdrawal deletes it."""

    __tablename__ = "notice_phones"
    __personal__ = (
        N_("tells whom a notice is for and who read it"),
        N_("90 days after its last day, or until the person withdraws"),
    )

    notice_id: Mapped[int] = mapped_column(
        ForeignKey("notices.id", ondelete="CASCADE"), primary_key=True
    )
    device_id: Mapped[UUID] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]

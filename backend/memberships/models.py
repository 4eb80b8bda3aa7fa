"""Volunteers, their devices and memberships, and corrections of attribution."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from backend.campaigns import models as campaigns  # noqa: F401 # foreign keys refer to them
from backend.database.extensions import db
from backend.i18n.catalogues import N_


class Volunteer(db.Model):
    """A person who measures, identified by devices and named only with consent."""

    __tablename__ = "volunteers"
    __personal__ = (
        N_("names a member to the team, with a consent of its own"),
        N_("until the name is removed, or until the person withdraws"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    display_name: Mapped[str | None]
    name_agreed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    demo: Mapped[bool] = mapped_column(server_default="false")


class DeviceLink(db.Model):
    """A device's link to a volunteer, with start and end; never retroactive."""

    __tablename__ = "device_links"
    __personal__ = N_("links a phone to a member of teams"), N_("until the person withdraws")
    __table_args__ = (
        ExcludeConstraint(("device_id", "="), ("period", "&&"), name="one_volunteer_at_a_time"),
        Index(None, "volunteer_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    period: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)


class Membership(db.Model):
    """A volunteer's time in a team of a campaign; it is rewritten only by an undo of a removal."""

    __tablename__ = "memberships"
    __personal__ = N_("says in which team a person measures"), N_("until the person withdraws")
    __table_args__ = (
        ExcludeConstraint(
            ("volunteer_id", "="),
            ("campaign_id", "="),
            ("period", "&&"),
            name="one_team_of_a_campaign_at_a_time",
        ),
        Index(None, "campaign_id", "team_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    period: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    # The volunteer who helped a resident; such a membership lasts a day and is counted apart.
    guest_of: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"))
    # When the team ended it: the time of that transaction, as of the corrections that it made.
    removed_at: Mapped[datetime | None]


class Pass(db.Model):
    """A one-time code that one phone shows to another: to move to it, or to add a guest."""

    __tablename__ = "passes"
    __personal__ = (
        N_("lets a person move to another phone, or help a resident"),
        N_("until it is used or expires"),
    )

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    kind: Mapped[str]  # move, guest
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"))  # of a guest's
    # That moves to the other phone.
    device_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("devices.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class WithdrawnMembers(db.Model):
    """Number of members of a team in a campaign who withdrew; nothing tells who they were."""

    __tablename__ = "withdrawn_members"

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    team_id: Mapped[int] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    people: Mapped[int]


class WithdrawnResidents(db.Model):
    """Number of residents whom a team helped in a month and who withdrew; tells nobody."""

    __tablename__ = "withdrawn_residents"

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    month: Mapped[str] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(
        ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True
    )
    people: Mapped[int]


class Correction(db.Model):
    """An organiser's decision on the team of a measurement; the latest one beats the rule."""

    __tablename__ = "corrections"
    __personal__ = N_("names who changed the team of a sample"), N_("as long as the decision")
    __table_args__ = (Index(None, "measurement_id", "campaign_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    measurement_id: Mapped[UUID]
    before_team_id: Mapped[int | None]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))  # null: no team
    reason: Mapped[str]
    user_id: Mapped[int | None]  # null: at the operator's shell
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class CampaignExclusion(db.Model):
    """A measurement that an organiser took out of one campaign's figures."""

    __tablename__ = "campaign_exclusions"
    __personal__ = N_("names who excluded a sample from a campaign"), N_("as long as the decision")
    __table_args__ = (Index(None, "signal_id", postgresql_where=text("signal_id is not null")),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    measurement_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]
    user_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    signal_id: Mapped[int | None]  # the signal of gaming that it is based on

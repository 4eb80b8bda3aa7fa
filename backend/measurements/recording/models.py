"""Receipts, measurements, what was refused, and the counts kept in step with them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.organisations import models as campaigns  # noqa: F401 # whom earnings refer to


class Receipt(db.Model):
    """Proof that a client's id was taken, with a keyed digest of what was sent under it."""

    __tablename__ = "receipts"

    id: Mapped[UUID] = mapped_column(primary_key=True)  # the client's UUID
    device_id: Mapped[UUID | None]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    month: Mapped[str] = mapped_column(Text)


class Measurement(db.Model):
    """One speed test: what was sent, where it lies, and the verdict on it."""

    __tablename__ = "measurements"
    __table_args__ = (
        Index(None, "device_id", "measured_at", "id"),
        Index(None, "unit_id", "day"),
        Index(None, "day", postgresql_using="brin"),
        # What may come later than its day was expired, an import or what is too old: nothing else
        # pays for this index.
        Index(
            "ix_measurements_late",
            "day",
            postgresql_where=text(
                "raw is not null and (device_id is null or 'too_old' = any(reasons))"
            ),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)  # the client's, until it is stripped
    device_id: Mapped[UUID | None]
    received_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    measured_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    skew_s: Mapped[float | None]  # how far the phone's clock was off, where corrected for
    day: Mapped[date] = mapped_column(Date)  # in Vietnam
    network: Mapped[str] = mapped_column(Text)  # mobile, fixed, unknown: what is counted apart
    kind: Mapped[str] = mapped_column(Text)  # mobile, wifi, ethernet, unknown: as sent
    source: Mapped[str] = mapped_column(Text)  # app, manual, import
    status: Mapped[str] = mapped_column(Text)
    operator: Mapped[str | None] = mapped_column(Text)
    technology: Mapped[str | None] = mapped_column(Text)
    download_mbps: Mapped[float | None]
    upload_mbps: Mapped[float | None]
    ping_ms: Mapped[float | None]
    jitter_ms: Mapped[float | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    unit_id: Mapped[int | None]
    set_id: Mapped[int | None]
    how: Mapped[str | None] = mapped_column(Text)  # inside, edge, snapped
    candidates: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    # Reasons and marks that follow from the measurement alone, and all of them.
    own_reasons: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text))
    marks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    valid: Mapped[bool]
    counted: Mapped[bool]
    rules: Mapped[int]  # version of the rule set that judged
    raw: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class Refused(db.Model):
    """A body that could not be stored as a measurement, kept so that nothing is lost."""

    __tablename__ = "refused"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    device_id: Mapped[UUID | None] = mapped_column(index=True)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    body: Mapped[str] = mapped_column(Text)
    errors: Mapped[list[dict[str, str]]] = mapped_column(JSONB)


class ExclusionAct(db.Model):
    """What an admin or a province's official decided: out of a unit's counts, or in again."""

    __tablename__ = "exclusion_acts"
    __table_args__ = (Index(None, "unit_id", "month"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    month: Mapped[str] = mapped_column(Text)
    lifts: Mapped[int | None] = mapped_column(ForeignKey("exclusion_acts.id"), unique=True)
    device: Mapped[int | None]  # its number in that month, where all of one device was chosen
    signal_id: Mapped[int | None]  # the sign of gaming that it rests on
    measurements: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Exclusion(db.Model):
    """That a measurement was taken out or in again; judging takes the latest as input."""

    __tablename__ = "exclusions"
    __table_args__ = (Index(None, "measurement_id", "id"), Index(None, "act_id"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    measurement_id: Mapped[UUID]
    excluded: Mapped[bool] = mapped_column(server_default="true")
    reason: Mapped[str] = mapped_column(Text)
    act_id: Mapped[int | None] = mapped_column(ForeignKey("exclusion_acts.id"))  # null: a shell's
    excluded_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now()
    )


class Count(db.Model):
    """How many measurements of a unit, day and network met one fate (`counted` or main reason)."""

    __tablename__ = "counts"
    __table_args__ = (
        UniqueConstraint(
            "month", "unit_id", "day", "network", "fate", postgresql_nulls_not_distinct=True
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    month: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[int | None]
    # Null: the whole month. A page reads one row for a month, a chart one for a day.
    day: Mapped[date | None] = mapped_column(Date)
    network: Mapped[str] = mapped_column(Text)
    fate: Mapped[str] = mapped_column(Text)
    n: Mapped[int]


class CountDelta(db.Model):
    """A change of counts, added by the transaction that made it and folded within seconds."""

    __tablename__ = "count_deltas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    unit_id: Mapped[int | None]
    day: Mapped[date] = mapped_column(Date)
    network: Mapped[str] = mapped_column(Text)
    fate: Mapped[str] = mapped_column(Text)
    n: Mapped[int]


class Earning(db.Model):
    """Which team has a measurement in one campaign, on what basis, and what it is worth there."""

    __tablename__ = "earnings"
    __table_args__ = (
        Index(None, "campaign_id", "team_id"),
        Index(None, "campaign_id", "day"),
        Index(None, "unit_id", "day"),  # who took the needed samples of a commune
        # Whether anything still rests on a membership, as a withdrawal and the foreign key ask.
        Index(None, "membership_id", postgresql_where=text("membership_id is not null")),
    )

    measurement_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    # The basis: a membership by the rule of that version, or a correction that beats it.
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"))
    membership_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id"))
    correction_id: Mapped[int | None] = mapped_column(ForeignKey("corrections.id"))
    rules: Mapped[int]
    guest: Mapped[bool]
    # `counted`, or why not: the measurement's main reason, over_cap, excluded_in_campaign.
    fate: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[int | None]
    day: Mapped[date] = mapped_column(Date)
    network: Mapped[str] = mapped_column(Text)


class TeamCount(db.Model):
    """How many earnings met one fate, at the grain that its null columns leave open."""

    __tablename__ = "team_counts"
    __table_args__ = (
        UniqueConstraint(
            "campaign_id", "month", "grain", "team_id", "day", "unit_id", "volunteer_id", "network",
            "fate", "guest", name="uq_team_counts_key", postgresql_nulls_not_distinct=True,
        ),
        # Who took what in a province: its report asks, of all that any team ever did.
        Index(
            "ix_team_counts_places", "unit_id", "month", postgresql_where=text("grain = 'unit'")
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[int]
    month: Mapped[str] = mapped_column(Text)
    # team: by team; day: by team and day; unit: by team, unit and day; member: by team and person.
    grain: Mapped[str] = mapped_column(Text)
    team_id: Mapped[int]
    day: Mapped[date | None] = mapped_column(Date)
    unit_id: Mapped[int | None]
    volunteer_id: Mapped[int | None] = mapped_column(BigInteger)
    network: Mapped[str] = mapped_column(Text)
    fate: Mapped[str] = mapped_column(Text)
    guest: Mapped[bool]
    n: Mapped[int]


class TeamDelta(db.Model):
    """A change of team counts, added by the transaction that made it and folded within seconds."""

    __tablename__ = "team_deltas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[int]
    team_id: Mapped[int]
    volunteer_id: Mapped[int | None] = mapped_column(BigInteger)
    unit_id: Mapped[int | None]
    day: Mapped[date] = mapped_column(Date)
    network: Mapped[str] = mapped_column(Text)
    fate: Mapped[str] = mapped_column(Text)
    guest: Mapped[bool]
    n: Mapped[int]


class ExpiredDay(db.Model):
    """A day whose positions were coarsened or removed, as old as they are."""

    __tablename__ = "expired_days"
    __table_args__ = (CheckConstraint("step in ('coarsened', 'removed')", name="step"),)

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    step: Mapped[str] = mapped_column(Text, primary_key=True)


class WithdrawalRequest(db.Model):
    """That somebody withdrew, how, and when it was answered; whose it is stands nowhere."""

    __tablename__ = "withdrawal_requests"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    channel: Mapped[str] = mapped_column(Text)  # app, code, or how an admin was asked
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    acknowledged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DemoMonth(db.Model):
    """A month that the demo wrote into; whatever shows it says so."""

    __tablename__ = "demo_months"

    month: Mapped[str] = mapped_column(Text, primary_key=True)

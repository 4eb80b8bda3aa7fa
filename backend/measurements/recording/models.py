"""Receipts, measurements, rejected bodies, counts and earnings."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.i18n.catalogues import N_
from backend.measurements.recording.reasons import BASES, COLUMNS, NOT_VALID, PARTS
from backend.memberships import models as memberships  # noqa: F401 # referenced tables
from backend.memberships.attribution import EXCLUDED, OVER_CAP


class Receipt(db.Model):
    """Record that a client's id is used, with a keyed digest of the content sent with it."""

    __tablename__ = "receipts"
    __personal__ = N_("takes each test once"), N_("until the person withdraws")

    id: Mapped[UUID] = mapped_column(primary_key=True)  # the client's UUID
    device_id: Mapped[UUID | None] = mapped_column(index=True)
    digest: Mapped[bytes]
    received_at: Mapped[datetime]
    # sample, note: a phone may use one id for both.
    kind: Mapped[str] = mapped_column(primary_key=True, server_default="sample")
    # The stored note: another one if it repeats that of the same device, cell and day.
    note_id: Mapped[UUID | None]


class Measurement(db.Model):
    """One speed test: the body as sent, its place and its verdict."""

    __tablename__ = "measurements"
    __personal__ = (
        N_("assigns a test to its commune and judges it"),
        N_("rounded after COARSEN_AFTER_DAYS, removed after RETENTION_DAYS or by the person"),
    )
    __table_args__ = (
        Index(None, "device_id", "measured_at", "id"),
        Index(None, "unit_id", "day"),
        Index(None, "day", postgresql_using="brin"),
        # Samples that use up the cap of their commune: few of a device, whatever it sends.
        Index(
            "ix_measurements_capped",
            "device_id",
            "measured_at",
            "id",
            postgresql_where=text("counted or reasons = '{commune_cap}'"),
        ),
        # Results typed in, of which there are few.
        Index("ix_measurements_typed", "received_at", postgresql_where=text("source = 'manual'")),
        # Rows that may arrive after their day was expired (imports and too old ones): a partial
        # index, so that no other row pays for it.
        Index(
            "ix_measurements_late",
            "day",
            postgresql_where=text(
                "raw is not null and (device_id is null or 'too_old' = any(reasons))"
            ),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)  # the client's, random after a withdrawal
    device_id: Mapped[UUID | None]
    received_at: Mapped[datetime | None]
    measured_at: Mapped[datetime | None]
    skew_s: Mapped[float | None]  # error of the phone's clock, if corrected
    day: Mapped[date]  # in Vietnam
    network: Mapped[str]  # mobile, fixed, unknown: counted separately
    kind: Mapped[str]  # mobile, wifi, ethernet, unknown: as sent
    source: Mapped[str]  # app, manual, import
    status: Mapped[str]
    operator: Mapped[str | None]
    technology: Mapped[str | None]
    download_mbps: Mapped[float | None]
    upload_mbps: Mapped[float | None]
    ping_ms: Mapped[float | None]
    jitter_ms: Mapped[float | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    unit_id: Mapped[int | None]
    set_id: Mapped[int | None]
    how: Mapped[str | None]  # inside, edge, snapped
    candidates: Mapped[list[str] | None]
    # Reasons that follow from the measurement alone; all reasons; all marks.
    own_reasons: Mapped[list[str]]
    reasons: Mapped[list[str]]
    marks: Mapped[list[str]]
    valid: Mapped[bool]
    counted: Mapped[bool]
    rules: Mapped[int]  # number of the rules of the verdict: rules.RULES
    raw: Mapped[dict[str, Any] | None]
    # witnessed, ticketed, claimed, imported; null in rows from before tickets.
    assurance: Mapped[str | None]
    host: Mapped[int | None] = mapped_column(SmallInteger)  # its number; null without a ticket
    data_cap_mb: Mapped[int | None]  # the most data that the person let the test use
    # Of the line under load: incoming.LOADED.
    ping_download_ms: Mapped[float | None]
    ping_upload_ms: Mapped[float | None]
    download_stability_percent: Mapped[float | None]
    upload_stability_percent: Mapped[float | None]


class CountingRules(db.Model):
    """The assurance that measurements received from a time on need to count."""

    __tablename__ = "counting_rules"
    __table_args__ = (
        CheckConstraint("counts_from in ('witnessed', 'ticketed', 'claimed')", name="counts_from"),
        CheckConstraint("num_nonnulls(rules, counts_from) = 1", name="one_rule"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    rules: Mapped[int | None]  # of development states: not read
    from_at: Mapped[datetime]
    by: Mapped[str]  # installation, upgrade, or a person
    reason: Mapped[str]
    counts_from: Mapped[str | None]  # the least assurance of a measurement that counts
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RejectedBody(db.Model):
    """A body that could not be stored as a measurement, kept so that no data is lost."""

    __tablename__ = "refused"
    __personal__ = (
        N_("keeps a body that could not be read, so that nothing is lost"),
        N_("COARSEN_AFTER_DAYS, or until the person withdraws"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    device_id: Mapped[UUID | None] = mapped_column(index=True)
    received_at: Mapped[datetime]
    body: Mapped[str]
    errors: Mapped[list[dict[str, str]]] = mapped_column(JSONB)


class ExclusionAct(db.Model):
    """An exclusion from a unit's counts by an admin or an official, or its lifting."""

    __tablename__ = "exclusion_acts"
    __personal__ = N_("names who excluded samples, and why"), N_("as long as the decision")
    __table_args__ = (Index(None, "unit_id", "month"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))
    month: Mapped[str]
    lifts: Mapped[int | None] = mapped_column(ForeignKey("exclusion_acts.id"), unique=True)
    device: Mapped[int | None]  # its number in that month, if all of one device was chosen
    signal_id: Mapped[int | None]  # the signal of gaming that it is based on
    measurements: Mapped[int]
    reason: Mapped[str]
    user_id: Mapped[int]
    at: Mapped[datetime]


class Exclusion(db.Model):
    """A decision to exclude or include a measurement; verdicts use the latest one."""

    __tablename__ = "exclusions"
    __table_args__ = (Index(None, "measurement_id", "id"), Index(None, "act_id"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    measurement_id: Mapped[UUID]
    excluded: Mapped[bool] = mapped_column(server_default="true")
    reason: Mapped[str]
    act_id: Mapped[int | None] = mapped_column(ForeignKey("exclusion_acts.id"))  # null: CLI
    excluded_at: Mapped[datetime] = mapped_column(server_default=func.now())


# The number of samples of each category, by its column.
def _categories(*more: str) -> list[Column[int]]:
    names = (*COLUMNS.values(), *more)
    return [Column(name, Integer, nullable=False, server_default="0") for name in names]


def _numbers() -> list[Column[int]]:
    names = tuple(COLUMNS.values())
    valid = [name for name in names if name not in NOT_VALID]
    sums = {"received": names, "valid": valid, "counted": tuple(PARTS)}
    return _categories() + [
        Column(name, Integer, Computed(" + ".join(parts), persisted=True))
        for name, parts in sums.items()
    ]


def _key(name: str, kind: Any) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


# Samples of a commune in a month on a network; unit 0 is outside every commune. Each transaction
# that changes a verdict updates its rows and raises their versions, which never restart.
unit_months = Table(
    "unit_months",
    db.metadata,
    _key("month", Text),
    _key("network", Text),
    _key("unit_id", Integer),
    *_numbers(),
    Column("version", BigInteger, nullable=False, server_default="1"),
    postgresql_with={"fillfactor": "70"},
)


def _of_day() -> list[Column[Any]]:
    keys = (_key("month", Text), _key("network", Text), _key("unit_id", Integer), _key("day", Date))
    return [*keys, *(Column(name, Integer, nullable=False) for name in BASES)]


# The same by day.
unit_days = Table("unit_days", db.metadata, *_of_day(), postgresql_with={"fillfactor": "70"})

# Copies of both that the public sees, with the teams that earned samples. A row without a month has
# the time of the last run.
public_months = Table(
    "public_months",
    db.metadata,
    _key("month", Text),
    _key("network", Text),
    _key("unit_id", Integer),
    *_numbers(),
    Column("version", BigInteger, nullable=False),
    Column("teams", ARRAY(Integer), nullable=False),
    Column("devices", Integer),  # these of the statistics, for plans; null: copied before 1.1
    Column("outings", Integer),
    Column("copied_at", DateTime(timezone=True), nullable=False),
    postgresql_with={"fillfactor": "70"},
)

# Copies of the days of this month and the one before.
public_days = Table("public_days", db.metadata, *_of_day(), postgresql_with={"fillfactor": "70"})


def _campaign() -> Column[Any]:
    key = ForeignKey("campaigns.id", ondelete="CASCADE")
    return Column("campaign_id", key, primary_key=True, autoincrement=False)


def _earned() -> list[Column[Any]]:
    return [
        Column("needed", Integer, nullable=False),  # towards the target of their commune
        Column("guests", Integer, nullable=False),  # of the counted ones, those of guests
        # Not generated: PostgreSQL would read their expressions anew in each post of a team.
        *(Column(name, Integer, nullable=False) for name in BASES),
        *_categories(OVER_CAP, EXCLUDED),
    ]


# What a member earned for a team in a month of a campaign; volunteer 0: nobody any more.
member_months = Table(
    "member_months",
    db.metadata,
    _campaign(),
    _key("month", Text),
    _key("team_id", Integer),
    _key("volunteer_id", BigInteger),
    _key("network", Text),
    Column("days", ARRAY(Date), nullable=False),  # with samples, in order
    *_earned(),
    info={
        "personal": (
            N_("sums what a member earned for a team in a month"),
            N_("until the person withdraws"),
        )
    },
    postgresql_with={"fillfactor": "70"},
)

# What a team earned in a unit in a month of a campaign; unit 0 is outside every commune.
team_unit_months = Table(
    "team_unit_months",
    db.metadata,
    _campaign(),
    _key("month", Text),
    _key("team_id", Integer),
    _key("unit_id", Integer),
    _key("network", Text),
    Column("days", ARRAY(Date), nullable=False),  # with samples, in order
    Column("needed_days", ARRAY(Date), nullable=False),  # with needed ones
    *_earned(),
    Index("ix_team_unit_months_unit", "unit_id", "month"),
    postgresql_with={"fillfactor": "70"},
)

# What a team earned on a day of a campaign.
team_days = Table(
    "team_days",
    db.metadata,
    _campaign(),
    _key("team_id", Integer),
    _key("day", Date),
    _key("network", Text),
    *_earned(),
    postgresql_with={"fillfactor": "70"},
)


class Earning(db.Model):
    """Attribution of a measurement to a team in one campaign, with its basis and category."""

    __tablename__ = "earnings"
    __personal__ = N_("attributes a sample to a team"), N_("until the person withdraws")
    __table_args__ = (
        Index(None, "campaign_id", "team_id"),
        Index(None, "campaign_id", "day"),
        Index(None, "unit_id", "day"),  # the owners of a commune's samples, for signals
        # The communes that members helped to reach the target.
        Index(
            "ix_earnings_needed", "campaign_id", "team_id", "volunteer_id", "unit_id", "day",
            "network", postgresql_where=text("needed"),
        ),
        # Used by withdrawals and the foreign key: is a membership still referred to?
        Index(None, "membership_id", postgresql_where=text("membership_id is not null")),
    )  # fmt: skip

    measurement_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    # The basis: a membership by the rule of that version, or a correction, which has priority.
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"))
    membership_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id"))
    correction_id: Mapped[int | None] = mapped_column(ForeignKey("corrections.id"))
    rules: Mapped[int]
    guest: Mapped[bool]
    # As of the measurement, or over_cap, excluded_in_campaign.
    category: Mapped[str]
    unit_id: Mapped[int | None]
    day: Mapped[date]
    network: Mapped[str]
    # The commune lacked samples when this one began to count, with it at most its target.
    needed: Mapped[bool] = mapped_column(server_default="false")


class ExpiredDay(db.Model):
    """A day whose positions were coarsened or removed by retention."""

    __tablename__ = "expired_days"
    __table_args__ = (CheckConstraint("step in ('coarsened', 'removed')", name="step"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)


class ArchivedMonth(db.Model):
    """A month whose samples left the table for a file; its figures are final."""

    __tablename__ = "archived_months"

    month: Mapped[str] = mapped_column(primary_key=True)
    archived_at: Mapped[datetime]


class ArchivedDeviceMonth(db.Model):
    """Numbers of samples that a device sent in an archived month, for the person's export."""

    __tablename__ = "archived_months_of_devices"
    __personal__ = (
        N_("lists how many tests of an archived month are a person's"),
        N_("until the person withdraws"),
    )

    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    # 0: outside every commune.
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    received: Mapped[int]
    valid: Mapped[int]
    counted: Mapped[int]


class WithdrawnDigest(db.Model):
    """The keyed digest of the id or content of a withdrawn measurement, which refuses its replay.

    All rows of a week expire on one day, so that a row cannot be related to a withdrawal.
    """

    __tablename__ = "withdrawn_digests"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    expires_on: Mapped[date] = mapped_column(index=True)


class WithdrawalRequest(db.Model):
    """A withdrawal with its channel and dates of handling; it does not identify the person."""

    __tablename__ = "withdrawal_requests"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    channel: Mapped[str]  # app, code, restore, or that of a request
    received_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]


# The device that the demo registers last: it exists only after a complete load.
DEMO_COMPLETE = UUID("d0507e00-0000-4000-8000-000000005691")


class DemoMonth(db.Model):
    """A month with demo data; pages and files that show it are marked."""

    __tablename__ = "demo_months"

    month: Mapped[str] = mapped_column(primary_key=True)

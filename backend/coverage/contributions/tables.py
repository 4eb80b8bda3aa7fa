"""Sums that pages of contributions read; triggers and `needed` keep them, nobody else writes."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Identity, Index, Integer, Table, Text
from sqlalchemy.types import Boolean

from backend.campaigns import models as campaigns  # noqa: F401 # foreign keys refer to them
from backend.database.extensions import db


def _campaign(primary_key: bool = False) -> "Column[object]":
    """Sums go with their campaign, which goes only where nothing has been earned, or in a demo."""
    return Column(
        "campaign_id",
        ForeignKey("campaigns.id", ondelete="CASCADE"),
        autoincrement=False,
        nullable=False,
        primary_key=primary_key,
    )


def _key(name: str, kind: type[Integer] | type[BigInteger] | type[Text]) -> "Column[object]":
    return Column(name, kind, primary_key=True, autoincrement=False)


# A campaign's earnings by fate, over all its teams: by unit (key: its id, 0 for none) and by day
# (key: the day's ordinal). By team they are in `team_counts`.
contribution_counts = Table(
    "contribution_counts",
    db.metadata,
    _campaign(primary_key=True),
    _key("month", Text),
    _key("grain", Text),
    _key("key", BigInteger),
    _key("network", Text),
    _key("fate", Text),
    Column("guest", Boolean, primary_key=True),
    Column("n", Integer, nullable=False),
)

# Received on each day, by team, member (key: the volunteer, 0 for none) and unit: who was active.
# By people and places the same over whole months, under their first day.
contribution_days = Table(
    "contribution_days",
    db.metadata,
    _campaign(primary_key=True),
    _key("month", Text),
    _key("grain", Text),
    _key("team_id", Integer),
    _key("key", BigInteger),
    _key("network", Text),
    Column("day", Date, primary_key=True),
    Column("n", Integer, nullable=False),
)

# Communes whose counted samples changed since their needed ones were found.
needed_stale = Table(
    "needed_stale",
    db.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("month", Text, nullable=False),
    Column("unit_id", Integer, nullable=False),
    Column("network", Text, nullable=False),
)

# The target by which the needed samples of a month were found.
needed_targets = Table(
    "needed_targets",
    db.metadata,
    _key("month", Text),
    _key("network", Text),
    Column("threshold", Integer),
)

# How many needed samples somebody took in a commune on a day, and whether it reached the target.
needed_shares = Table(
    "needed_shares",
    db.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _campaign(),
    Column("team_id", Integer, nullable=False),
    Column("volunteer_id", BigInteger, nullable=False),
    Column("unit_id", Integer, nullable=False),
    Column("month", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("n", Integer, nullable=False),
    Column("reached", Boolean, nullable=False),
    Index("ix_needed_shares_unit_id_month_network", "unit_id", "month", "network"),
    Index("ix_needed_shares_campaign_id_team_id_day", "campaign_id", "team_id", "day"),
)

# The same added up: by team, by team and unit (key), by member (key); over all teams by unit and
# day (key).
needed_sums = Table(
    "needed_sums",
    db.metadata,
    _campaign(primary_key=True),
    _key("month", Text),
    _key("grain", Text),
    _key("team_id", Integer),
    _key("key", BigInteger),
    _key("network", Text),
    Column("n", Integer, nullable=False),
    Column("helped", Integer, nullable=False),  # communes that reached the target
)

# Received from each team in a month, by commune, district and province: which teams are active.
team_places = Table(
    "team_places",
    db.metadata,
    _key("month", Text),
    _key("network", Text),
    _key("unit_id", Integer),
    _campaign(primary_key=True),
    _key("team_id", Integer),
    Column("n", Integer, nullable=False),
)

"""Tables of summed contributions; written only by triggers and by `needed`."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Identity, Index, Integer, Table, Text
from sqlalchemy.types import Boolean

from backend.campaigns import models as campaigns  # noqa: F401 # referenced tables
from backend.database.extensions import db


def _campaign(*, primary_key: bool = True) -> "Column[object]":
    """Return the campaign's column; only campaigns without earnings, or of a demo, are deleted."""
    key = ForeignKey("campaigns.id", ondelete="CASCADE")
    return Column("campaign_id", key, autoincrement=False, nullable=False, primary_key=primary_key)


def _keys(**kinds: type[Integer] | type[BigInteger] | type[Text]) -> "list[Column[object]]":
    """Return columns of the primary key."""
    return [
        Column(name, kind, primary_key=True, autoincrement=False) for name, kind in kinds.items()
    ]


# A campaign's earnings by category (`fate`), summed over its teams: by unit (key: its id, 0 for
# none) and by day (key: the day's ordinal). Sums by team are in `team_counts`.
contribution_counts = Table(
    "contribution_counts",
    db.metadata,
    _campaign(),
    *_keys(month=Text, grain=Text, key=BigInteger, network=Text, fate=Text),
    Column("guest", Boolean, primary_key=True),
    Column("n", Integer, nullable=False),
)

# Samples received on each day by team, member (key: the volunteer, 0 for none) and unit. The grains
# `people` and `places` contain the same for whole months, under the first day of the month.
contribution_days = Table(
    "contribution_days",
    db.metadata,
    _campaign(),
    *_keys(month=Text, grain=Text, team_id=Integer, key=BigInteger, network=Text),
    Column("day", Date, primary_key=True),
    Column("n", Integer, nullable=False),
)

# Communes whose counted samples changed since their needed samples were computed.
needed_stale = Table(
    "needed_stale",
    db.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("month", Text, nullable=False),
    Column("unit_id", Integer, nullable=False),
    Column("network", Text, nullable=False),
)

# The target by which the needed samples of a month were computed.
needed_targets = Table(
    "needed_targets",
    db.metadata,
    *_keys(month=Text, network=Text),
    Column("threshold", Integer),
)

# Needed samples of a volunteer in a commune on a day, and whether it reached the target.
needed_shares = Table(
    "needed_shares",
    db.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _campaign(primary_key=False),
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

# Sums of needed_shares: by team, by team and unit (key), by member (key); over all teams by unit
# and by day (key).
needed_sums = Table(
    "needed_sums",
    db.metadata,
    _campaign(),
    *_keys(month=Text, grain=Text, team_id=Integer, key=BigInteger, network=Text),
    Column("n", Integer, nullable=False),
    Column("helped", Integer, nullable=False),  # communes that reached the target
)

# Samples received from each team in a month, by commune, district and province.
team_places = Table(
    "team_places",
    db.metadata,
    *_keys(month=Text, network=Text, unit_id=Integer),
    _campaign(),
    *_keys(team_id=Integer),
    Column("n", Integer, nullable=False),
)

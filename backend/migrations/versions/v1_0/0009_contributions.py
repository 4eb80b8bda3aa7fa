"""what each team contributed: sums for pages, and the samples that were still needed"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

# Folding takes deltas away in the transaction that adds them to the counts; what it takes is added
# here to the sums that pages read, once, and tells which communes' needed samples may have moved:
# by any fate, since a late sample may take the place of a counted one without another count. Who
# finds them takes marks away under the same lock, so that no mark is passed over that is going.
FUNCTIONS = """
create function roll_up_contributions() returns trigger language plpgsql as $$
begin
    insert into contribution_counts (campaign_id, month, grain, key, network, fate, guest, n)
    select campaign_id, to_char(day, 'YYYY-MM'), 'unit', coalesce(unit_id, 0), network, fate,
           guest, sum(n) from gone group by 1, 2, 4, 5, 6, 7 having sum(n) <> 0
    union all
    select campaign_id, to_char(day, 'YYYY-MM'), 'day', day - date '0001-01-01' + 1, network, fate,
           guest, sum(n) from gone group by 1, 2, 4, 5, 6, 7 having sum(n) <> 0
    order by 1, 2, 3, 4, 5, 6, 7
    on conflict (campaign_id, month, grain, key, network, fate, guest)
        do update set n = contribution_counts.n + excluded.n;
    insert into contribution_days (campaign_id, month, grain, team_id, key, network, day, n)
    select campaign_id, to_char(day, 'YYYY-MM'), 'team', team_id, 0, network, day, sum(n)
    from gone group by 1, 2, 4, 6, 7 having sum(n) <> 0
    union all
    select campaign_id, to_char(day, 'YYYY-MM'), 'member', team_id, coalesce(volunteer_id, 0),
           network, day, sum(n) from gone group by 1, 2, 4, 5, 6, 7 having sum(n) <> 0
    union all
    select campaign_id, to_char(day, 'YYYY-MM'), 'unit', 0, coalesce(unit_id, 0), network, day,
           sum(n) from gone group by 1, 2, 5, 6, 7 having sum(n) <> 0
    union all
    select campaign_id, to_char(day, 'YYYY-MM'), 'people', team_id, coalesce(volunteer_id, 0),
           network, date_trunc('month', day)::date, sum(n)
    from gone group by 1, 2, 4, 5, 6, 7 having sum(n) <> 0
    union all
    select campaign_id, to_char(day, 'YYYY-MM'), 'places', 0, coalesce(unit_id, 0), network,
           date_trunc('month', day)::date, sum(n) from gone group by 1, 2, 5, 6, 7
           having sum(n) <> 0
    order by 1, 2, 3, 4, 5, 6, 7
    on conflict (campaign_id, month, grain, team_id, key, network, day)
        do update set n = contribution_days.n + excluded.n;
    perform pg_advisory_xact_lock_shared(5693);
    insert into needed_stale (month, unit_id, network)
    select to_char(day, 'YYYY-MM'), unit_id, network from gone where unit_id is not null
    except select month, unit_id, network from needed_stale;
    return null;
end $$;
create function mark_needed_stale() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(5693);
    insert into needed_stale (month, unit_id, network)
    select to_char(day, 'YYYY-MM'), unit_id, network from gone where unit_id is not null
    except select month, unit_id, network from needed_stale;
    return null;
end $$;
create trigger team_deltas_folded after delete on team_deltas referencing old table as gone
    for each statement execute function roll_up_contributions();
create trigger count_deltas_folded after delete on count_deltas referencing old table as gone
    for each statement execute function mark_needed_stale();
"""

UNDO = """
drop trigger count_deltas_folded on count_deltas;
drop trigger team_deltas_folded on team_deltas;
drop function mark_needed_stale();
drop function roll_up_contributions();
"""


def upgrade() -> None:
    _sums()
    _needed()
    op.create_index("ix_earnings_unit_id_day", "earnings", ["unit_id", "day"])
    op.create_index("ix_earnings_campaign_id_day", "earnings", ["campaign_id", "day"])
    op.execute(FUNCTIONS)


def _sums() -> None:
    op.create_table(
        "contribution_counts",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("guest", sa.Boolean(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_contribution_counts_campaign_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "month", "grain", "key", "network", "fate", "guest",
            name="pk_contribution_counts",
        ),
    )  # fmt: skip
    op.create_table(
        "contribution_days",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_contribution_days_campaign_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "month", "grain", "team_id", "key", "network", "day",
            name="pk_contribution_days",
        ),
    )  # fmt: skip


def _needed() -> None:
    op.create_table(
        "needed_stale",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_needed_stale"),
    )
    op.create_table(
        "needed_targets",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("month", "network", name="pk_needed_targets"),
    )
    op.create_table(
        "needed_shares",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name="fk_needed_shares_campaign_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_needed_shares"),
    )
    op.create_index(
        "ix_needed_shares_unit_id_month_network", "needed_shares", ["unit_id", "month", "network"]
    )
    op.create_index(
        "ix_needed_shares_campaign_id_team_id_day",
        "needed_shares",
        ["campaign_id", "team_id", "day"],
    )
    op.create_table(
        "needed_sums",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("helped", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_needed_sums_campaign_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "month", "grain", "team_id", "key", "network", name="pk_needed_sums"
        ),
    )


def downgrade() -> None:
    op.execute(UNDO)
    op.drop_index("ix_earnings_campaign_id_day", "earnings")
    op.drop_index("ix_earnings_unit_id_day", "earnings")
    for table in ("needed_sums", "needed_shares", "needed_targets", "needed_stale"):
        op.drop_table(table)
    op.drop_table("contribution_days")
    op.drop_table("contribution_counts")

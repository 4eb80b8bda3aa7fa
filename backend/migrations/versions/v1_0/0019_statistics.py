"""statistics of speed, and the marks that say which of them are to be computed again"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Marks are only ever added here and only taken away by who finds the statistics, so neither waits
# for the other: a post does not come by here at all, folding adds a handful of rows. Withdrawal and
# retention take a row's device away without another count, and the number of devices follows.
FUNCTIONS = """
create function mark_statistics_by_fold() returns trigger language plpgsql as $$
begin
    insert into statistics_stale (month, unit_id, network)
    select distinct to_char(day, 'YYYY-MM'), unit_id, network from gone
    where unit_id is not null and fate in ('counted', 'counted_by_admin');
    return null;
end $$;
create function mark_statistics_by_device() returns trigger language plpgsql as $$
begin
    insert into statistics_stale (month, unit_id, network)
    values (to_char(old.day, 'YYYY-MM'), old.unit_id, old.network);
    return null;
end $$;
create trigger count_deltas_gone after delete on count_deltas referencing old table as gone
    for each statement execute function mark_statistics_by_fold();
create trigger measurements_device_changed after update of device_id on measurements
    for each row when (old.counted and old.unit_id is not null
        and old.device_id is distinct from new.device_id)
    execute function mark_statistics_by_device();
"""

UNDO = """
drop trigger measurements_device_changed on measurements;
drop trigger count_deltas_gone on count_deltas;
drop function mark_statistics_by_device();
drop function mark_statistics_by_fold();
"""

# What was folded before has no marks.
EVERYTHING = """
insert into statistics_stale (month, unit_id, network)
select distinct month, unit_id, network from counts
where day is null and unit_id is not null and fate in ('counted', 'counted_by_admin')
"""


def upgrade() -> None:
    op.create_table(
        "statistics",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("technology", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "month", "network", "unit_id", "operator", "technology", name="pk_statistics"
        ),
    )
    op.create_table(
        "statistics_stale",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_statistics_stale"),
    )
    op.execute(FUNCTIONS)
    op.execute(EVERYTHING)


def downgrade() -> None:
    op.execute(UNDO)
    op.drop_table("statistics_stale")
    op.drop_table("statistics")

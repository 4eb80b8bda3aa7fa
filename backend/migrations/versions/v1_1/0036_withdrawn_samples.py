"""Add digests of withdrawn measurements; count anonymous measurements of devices as withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

# Rows without device and times are those of withdrawn devices; imported rows have times.
MARK = """
    with marked as (
        update measurements set marks = array_append(marks, 'withdrawn')
        where device_id is null and measured_at is null
        returning unit_id, day, network, reasons
    ), counted as (
        select unit_id, day, network, count(*) as n from marked
        where cardinality(reasons) = 0 group by 1, 2, 3
    )
    insert into count_deltas (unit_id, day, network, fate, n)
    select unit_id, day, network, 'counted', -n from counted
    union all select unit_id, day, network, 'withdrawn', n from counted
"""
UNMARK = """
    with unmarked as (
        update measurements set marks = array_remove(marks, 'withdrawn')
        where device_id is null and measured_at is null
        returning unit_id, day, network, reasons
    ), counted as (
        select unit_id, day, network, count(*) as n from unmarked
        where cardinality(reasons) = 0 group by 1, 2, 3
    )
    insert into count_deltas (unit_id, day, network, fate, n)
    select unit_id, day, network, 'withdrawn', -n from counted
    union all select unit_id, day, network, 'counted', n from counted
"""


def upgrade() -> None:
    op.create_table(
        "withdrawn_digests",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_withdrawn_digests"),
    )
    op.create_index("ix_withdrawn_digests_expires_on", "withdrawn_digests", ["expires_on"])
    op.execute(MARK)


def downgrade() -> None:
    op.execute(UNMARK)
    op.drop_table("withdrawn_digests")

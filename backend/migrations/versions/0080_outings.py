"""Outings beside devices; days with samples of each unit, from which a pace is known.

All statistics are computed again by the next refresh; `recent` is filled by its first reader.
"""

from alembic import op

revision = "0080"
down_revision = "0086"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("statistics", "released_figures", "public_months"):
        op.execute(f"alter table {table} add outings integer")
    op.execute("alter table public_months add devices integer")
    op.execute("delete from statistics_seen")
    op.execute("delete from recent")
    op.execute("alter table recent add active_days smallint not null")

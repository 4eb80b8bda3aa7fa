"""Effective numbers know outings: all statistics are computed again by the next refresh."""

from alembic import op

revision = "0078"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("delete from statistics_seen")

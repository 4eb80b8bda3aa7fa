"""A membership knows whether its team ended it: the phone reads so, and the team can undo it."""

from alembic import op

revision = "0121"
down_revision = "0120"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table memberships add column removed_at timestamp with time zone")

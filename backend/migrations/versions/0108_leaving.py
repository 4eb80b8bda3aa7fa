"""Nothing asks any more who ended a membership."""

from alembic import op

revision = "0108"
down_revision = "0107"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table memberships drop column ended_by_volunteer")

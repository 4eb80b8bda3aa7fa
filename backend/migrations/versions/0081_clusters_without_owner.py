"""Clusters of communes come from the succession of areas alone: no owner, no edits."""

from alembic import op

revision = "0081"
down_revision = "0077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("clusters", "organisation_id")
    op.drop_column("clusters", "version")

"""Places without coverage that officials publish."""

from alembic import op

revision = "0133"
down_revision = "0132"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table places add column published boolean not null default false")

"""A table for each of the sums of earnings: by member, by unit, by day."""

from pathlib import Path

from alembic import op

revision = "0115"
down_revision = "0111"
branch_labels = None
depends_on = None


def upgrade() -> None:
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.execute(statements)

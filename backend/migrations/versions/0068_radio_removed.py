"""Remove radio samples and their cells in monthly releases, which no version released."""

from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("released_radio")
    op.drop_table("radio_samples")

"""No versions of statistics, since the country is computed whole (ADR 13); no radio samples."""

from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("drop table statistics_versions")
    # No released version had radio samples.
    op.execute("drop table released_radio")
    op.execute("drop table radio_samples")

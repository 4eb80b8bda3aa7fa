"""Two tables are named for what their rows are."""

from alembic import op

revision = "0122"
down_revision = "0121"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table recent rename to daily_history")
    op.execute("alter table daily_history rename constraint pk_recent to pk_daily_history")
    op.execute("alter table statistics_seen rename to statistics_versions")
    op.execute(
        "alter table statistics_versions"
        " rename constraint pk_statistics_seen to pk_statistics_versions"
    )

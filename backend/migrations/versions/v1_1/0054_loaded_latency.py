"""Add latency and stability of the line under load."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

COLUMNS = (
    "ping_download_ms",
    "ping_upload_ms",
    "download_stability_percent",
    "upload_stability_percent",
)


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("measurements", sa.Column(name, sa.Double(), nullable=True))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("measurements", name)

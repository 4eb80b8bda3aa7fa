"""versions of devices, instead of a lock at every post"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("version", sa.Integer(), server_default="0", nullable=False))
    op.drop_index(op.f("ix_receipts_device_id"), "receipts")


def downgrade() -> None:
    op.create_index(op.f("ix_receipts_device_id"), "receipts", ["device_id"])
    op.drop_column("devices", "version")

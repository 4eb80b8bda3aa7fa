"""An index of the devices whose people want no position kept, of which there are few."""

from alembic import op

revision = "0098"
down_revision = "0108"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create index ix_devices_without_positions on devices (id) "
        "where without_positions_since is not null"
    )

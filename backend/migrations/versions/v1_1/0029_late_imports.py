"""what an import brings late is found whatever it says of its source"""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

INDEX = """
    create index ix_measurements_late on measurements (day)
    where raw is not null and ({} or 'too_old' = any(reasons))
"""


def upgrade() -> None:
    op.drop_index("ix_measurements_late", table_name="measurements")
    op.execute(INDEX.format("device_id is null"))


def downgrade() -> None:
    op.drop_index("ix_measurements_late", table_name="measurements")
    op.execute(INDEX.format("source = 'import'"))

"""A table of VNNIC's counts says up to which day it counts."""

from alembic import op

revision = "0117"
down_revision = "0116"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table vnnic_counts add column day date")
    # The day was not asked: at the latest it is that of the import.
    op.execute("""
        update vnnic_counts
        set day = (imported_at at time zone 'UTC' at time zone 'Asia/Ho_Chi_Minh')::date
    """)
    op.execute("alter table vnnic_counts alter column day set not null")

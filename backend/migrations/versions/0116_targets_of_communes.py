"""From July 2025 only communes have the target: one of a whole province says nothing."""

from alembic import op

revision = "0116"
down_revision = "0115"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Rows as the first migration made them; those that an admin set or changed stay.
    op.execute("""
        update targets set valid_to = date '2025-06-30'
        where level in ('province', 'district') and purpose = 'target' and unit_id is null
            and network = 'mobile' and threshold = 300 and valid_from = date '2024-11-01'
            and valid_to is null and version = 1
    """)
    op.execute("""
        delete from targets
        where level in ('province', 'district') and purpose = 'target' and unit_id is null
            and network = 'fixed' and threshold = 300 and valid_from = date '2025-08-01'
            and valid_to is null and version = 1
    """)

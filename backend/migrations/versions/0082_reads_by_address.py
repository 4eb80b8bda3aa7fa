"""Reads of personal data are noted once a day for each address too."""

from alembic import op

revision = "0082"
down_revision = "0084"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("drop index uq_audit_read")
    op.execute("""
        create unique index uq_audit_read
            on audit (actor, act, subject, address, ((at at time zone 'Asia/Ho_Chi_Minh')::date))
            nulls not distinct where act like 'read.%'
    """)

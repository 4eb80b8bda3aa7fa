"""Mark all statistics, so that they are computed again with the latency under load."""

from alembic import op

revision = "0059"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Figures of earlier versions lack two metrics; readers give null for those until the refresh,
    # which is the same as that of 0051 if the database is of version 1.0.
    op.execute("""
        insert into statistics_stale (month, unit_id, network)
        select distinct s.month, s.unit_id, s.network
        from statistics s join units u on u.id = s.unit_id where u.level = 'commune'
    """)


def downgrade() -> None:
    pass  # earlier versions read the metrics they know

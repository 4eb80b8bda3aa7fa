"""Mark all statistics, so that they are computed again with intervals and effective numbers."""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Figures of version 1.0 have fewer fields; readers give null for those until the next refresh.
    op.execute("""
        insert into statistics_stale (month, unit_id, network)
        select distinct s.month, s.unit_id, s.network
        from statistics s join units u on u.id = s.unit_id where u.level = 'commune'
    """)


def downgrade() -> None:
    pass  # version 1.0 reads its own fields

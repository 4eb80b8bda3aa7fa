"""what teams took in some communes, as a province's report asks, without reading everybody's"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create index ix_team_counts_places on team_counts (unit_id, month) where grain = 'unit'"
    )


def downgrade() -> None:
    op.drop_index("ix_team_counts_places", table_name="team_counts")

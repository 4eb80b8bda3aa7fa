"""phones that never joined keep the samples in step that a correction gave to a team"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        update devices d set joined = true where not joined and exists (
            select from corrections c join measurements m on m.id = c.measurement_id
            where m.device_id = d.id
        )
    """)


def downgrade() -> None:
    """Who never joined and earns nothing is only asked once more."""

"""what organisers fix in the plan"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pins",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("samples > 0", name=op.f("ck_pins_samples")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_pins_campaign_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_pins_team_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_pins_unit_id")),
        sa.PrimaryKeyConstraint(
            "campaign_id", "day", "network", "team_id", "unit_id", name=op.f("pk_pins")
        ),
    )


def downgrade() -> None:
    op.drop_table("pins")

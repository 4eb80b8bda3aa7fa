"""Add the limits of plans: radius, least samples of a visit, assumed capacity."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plan_settings",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("radius_km", sa.Integer(), nullable=False),
        sa.Column("visit_least", sa.Integer(), nullable=False),
        sa.Column("assumed_capacity", sa.Integer(), nullable=False),
        sa.Column("community_travels", sa.Boolean(), nullable=False),
        sa.CheckConstraint("radius_km > 0", name="ck_plan_settings_radius_km"),
        sa.CheckConstraint("visit_least > 0", name="ck_plan_settings_visit_least"),
        sa.CheckConstraint("assumed_capacity > 0", name="ck_plan_settings_assumed_capacity"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_plan_settings_campaign_id_campaigns"
        ),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_plan_settings"),
    )


def downgrade() -> None:
    op.drop_table("plan_settings")

"""Hamlets of provinces."""

import sqlalchemy as sa
from alembic import op

revision = "0123"
down_revision = "0122"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hamlets",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("province_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("power", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "changed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint("num_nulls(latitude, longitude) <> 1", name=op.f("ck_hamlets_position")),
        sa.ForeignKeyConstraint(
            ["province_id"], ["units.id"], name=op.f("fk_hamlets_province_id_units")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_hamlets_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hamlets")),
        sa.UniqueConstraint("unit_id", "name", name=op.f("uq_hamlets_unit_id_name")),
    )
    op.create_index(op.f("ix_hamlets_province_id"), "hamlets", ["province_id"])
    op.create_index(
        "ix_hamlets_code",
        "hamlets",
        ["province_id", "code"],
        unique=True,
        postgresql_where=sa.text("code is not null"),
    )

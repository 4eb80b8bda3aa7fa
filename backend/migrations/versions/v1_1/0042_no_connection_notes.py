"""Add no-connection notes and their receipts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def _time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "no_connection_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        _time("received_at"),
        _time("began_at"),
        _time("noted_at"),
        sa.Column("skew_s", sa.Float(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("cell", sa.Text(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("set_id", sa.Integer(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("assurance", sa.Text(), server_default="claimed", nullable=False),
        sa.Column("network", sa.LargeBinary(), nullable=True),
        sa.Column("shared_network", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("raw", postgresql.JSONB(), nullable=True),
        _time("excluded_at", nullable=True),
        sa.CheckConstraint("assurance = 'claimed'", name="assurance"),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name="fk_no_connection_notes_device_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_no_connection_notes_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_no_connection_notes"),
        sa.UniqueConstraint(
            "device_id", "cell", "day", name="uq_no_connection_notes_device_id_cell_day"
        ),
    )  # fmt: skip
    op.create_index("ix_no_connection_notes_unit_id_day", "no_connection_notes", ["unit_id", "day"])
    op.create_index("ix_no_connection_notes_day", "no_connection_notes", ["day"])
    op.create_index(
        "ix_no_connection_notes_network", "no_connection_notes", ["network"],
        postgresql_where=sa.text("network is not null"),
    )  # fmt: skip
    op.create_table(
        "no_connection_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        _time("received_at"),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name="fk_no_connection_receipts_device_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["note_id"], ["no_connection_notes.id"], name="fk_no_connection_receipts_note_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_no_connection_receipts"),
    )  # fmt: skip
    op.create_index("ix_no_connection_receipts_device_id", "no_connection_receipts", ["device_id"])
    op.create_index("ix_no_connection_receipts_note_id", "no_connection_receipts", ["note_id"])


def downgrade() -> None:
    op.drop_table("no_connection_receipts")
    op.drop_table("no_connection_notes")

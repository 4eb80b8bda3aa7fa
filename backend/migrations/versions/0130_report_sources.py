"""Sources of sealed reports, and the reports that were collected."""

import sqlalchemy as sa
from alembic import op

revision = "0130"
down_revision = "0129"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "report_sources",
        sa.Column("province_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["province_id"], ["units.id"], name=op.f("fk_report_sources_province_id_units")
        ),
        sa.PrimaryKeyConstraint("province_id", name=op.f("pk_report_sources")),
    )
    op.create_table(
        "report_source_keys",
        sa.Column("province_id", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        _of_source("report_source_keys"),
        sa.PrimaryKeyConstraint("province_id", "public_key", name=op.f("pk_report_source_keys")),
    )
    op.create_table(
        "report_source_states",
        sa.Column("province_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("failed_since", MOMENT, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("month", sa.Text(), nullable=True),
        _of_source("report_source_states"),
        sa.PrimaryKeyConstraint("province_id", name=op.f("pk_report_source_states")),
    )
    op.create_table(
        "collected_reports",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("approved_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("by_file", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_collected_reports_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("unit_id", "month", "edition", name=op.f("pk_collected_reports")),
    )
    op.create_index(op.f("ix_collected_reports_month"), "collected_reports", ["month"])


def _of_source(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["province_id"],
        ["report_sources.province_id"],
        name=op.f(f"fk_{table}_province_id_report_sources"),
        ondelete="CASCADE",
    )

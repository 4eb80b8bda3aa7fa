"""monthly reports, their files and attachments, and the keys that seal them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "seal_keys",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("first_used_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seal_keys")),
        sa.UniqueConstraint("public_key", name=op.f("uq_seal_keys_public_key")),
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("demo", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("remarks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("frozen_at", MOMENT, nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("approver_name", sa.Text(), nullable=True),
        sa.Column("approver_title", sa.Text(), nullable=True),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("key_number", sa.Integer(), nullable=True),
        sa.Column("superseded_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "state in ('draft', 'frozen', 'approved', 'superseded')", name=op.f("ck_reports_state")
        ),
        sa.CheckConstraint(
            "(state = 'draft') = (frozen_at is null)"
            " and num_nulls(frozen_at, content, digest) in (0, 3)",
            name=op.f("ck_reports_frozen"),
        ),
        sa.CheckConstraint(
            "num_nulls(approved_at, approver_name, statement, signature, key_number) in (0, 5)"
            " and (state <> 'approved' or approved_at is not null)",
            name=op.f("ck_reports_sealed"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_reports_unit_id")),
        sa.ForeignKeyConstraint(
            ["key_number"], ["seal_keys.number"], name=op.f("fk_reports_key_number")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint(
            "unit_id", "month", "edition", name=op.f("uq_reports_unit_id_month_edition")
        ),
    )
    op.create_index(op.f("ix_reports_month"), "reports", ["month"], unique=False)
    op.create_index(op.f("ix_reports_digest"), "reports", ["digest"], unique=False)
    op.create_table(
        "report_files",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["reports.id"],
            name=op.f("fk_report_files_report_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("report_id", "name", name=op.f("pk_report_files")),
    )
    op.create_index(op.f("ix_report_files_digest"), "report_files", ["digest"], unique=False)
    op.create_table(
        "report_attachments",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("attached_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["reports.id"],
            name=op.f("fk_report_attachments_report_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_attachments")),
    )
    op.create_index(
        op.f("ix_report_attachments_report_id"), "report_attachments", ["report_id"], unique=False
    )


def downgrade() -> None:
    for table in ("report_attachments", "report_files", "reports", "seal_keys"):
        op.drop_table(table)

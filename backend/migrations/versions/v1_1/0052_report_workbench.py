"""Versions of remarks, choices of letters, reference documents, seals of attached letters."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

# The ministry's letter, as a proposal: the office adds its subject and confirms it.
LETTER = {
    "type": "Công văn",
    "number": "5691",
    "symbol": "BTTTT-CVT",
    "issued_on": date(2024, 12, 31),
    "issuer": "Bộ Thông tin và Truyền thông",
}


def upgrade() -> None:
    op.add_column("reports", sa.Column("letter", postgresql.JSONB(), nullable=True))
    _add_remark_versions()
    _add_references()
    _add_seals()


def _add_remark_versions() -> None:
    op.create_table(
        "remark_versions",
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"], ["reports.id"], name="fk_remark_versions_report_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["changed_by"], ["users.id"], name="fk_remark_versions_changed_by"),
        sa.PrimaryKeyConstraint("report_id", "section", name="pk_remark_versions"),
    )


def _add_references() -> None:
    documents = op.create_table(
        "reference_documents",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "confirmed_at is null or about is not null", name="ck_reference_documents_confirmed"
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_reference_documents_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reference_documents"),
    )
    op.create_index(
        "uq_reference_documents_document", "reference_documents",
        ["unit_id", "number", "symbol", "issued_on"],
        unique=True, postgresql_nulls_not_distinct=True,
    )  # fmt: skip
    op.bulk_insert(documents, [LETTER])


def _add_seals() -> None:
    table = "report_attachments"
    op.add_column(table, sa.Column("statement", sa.Text(), nullable=True))
    op.add_column(table, sa.Column("signature", sa.LargeBinary(), nullable=True))
    op.add_column(table, sa.Column("key_number", sa.Integer(), nullable=True))
    op.create_foreign_key(
        "fk_report_attachments_key_number", table, "seal_keys", ["key_number"], ["number"]
    )
    op.create_check_constraint(
        "ck_report_attachments_sealed", table,
        "num_nulls(statement, signature, key_number) in (0, 3)",
    )  # fmt: skip
    op.create_index("ix_report_attachments_digest", table, ["digest"])


def downgrade() -> None:
    op.drop_index("ix_report_attachments_digest", "report_attachments")
    op.drop_constraint("ck_report_attachments_sealed", "report_attachments")
    op.drop_constraint("fk_report_attachments_key_number", "report_attachments")
    for column in ("key_number", "signature", "statement"):
        op.drop_column("report_attachments", column)
    op.drop_table("reference_documents")
    op.drop_table("remark_versions")
    op.drop_column("reports", "letter")

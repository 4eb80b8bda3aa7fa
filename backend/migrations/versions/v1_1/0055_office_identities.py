"""Accounts at an OpenID provider: identities, their sessions, and roles that rules give."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identities",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_identities_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
    )
    op.create_index(
        "ix_identities_issuer_subject", "identities", ["issuer", "subject"], unique=True
    )
    op.create_index(
        "ix_identities_user_id_issuer", "identities", ["user_id", "issuer"], unique=True
    )
    op.add_column("sessions", sa.Column("identity_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        "fk_sessions_identity_id",
        "sessions",
        "identities",
        ["identity_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_index("ix_sessions_identity_id", "sessions", ["identity_id"])
    op.add_column("roles", sa.Column("rule", sa.Text(), nullable=True))


def downgrade() -> None:
    # Roles of rules would stay for ever: no sign-in would end them.
    op.execute("update roles set valid_to = now() where rule is not null and valid_from < now()")
    op.drop_column("roles", "rule")
    # Without an identity these sessions would last a week.
    op.execute("delete from sessions where identity_id is not null")
    op.drop_column("sessions", "identity_id")
    op.drop_table("identities")

"""Add measuring hosts, tickets and the assurance of measurements."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def _time(name: str, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "measuring_hosts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("signs", sa.Boolean(), nullable=False),
        _time("added_at"),
        _time("revoked_at", nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_measuring_hosts"),
        sa.UniqueConstraint("url", name="uq_measuring_hosts_url"),
    )
    op.create_table(
        "host_keys",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        _time("added_at"),
        _time("replaced_at", nullable=True),
        sa.ForeignKeyConstraint(["host_id"], ["measuring_hosts.id"], name="fk_host_keys_host_id"),
        sa.PrimaryKeyConstraint("id", name="pk_host_keys"),
        sa.UniqueConstraint("host_id", "kid", name="uq_host_keys_host_id_kid"),
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        _time("issued_at"),
        _time("expires_at"),
        sa.Column("used_by", sa.Uuid(), nullable=True),
        _time("used_at", nullable=True),
        sa.Column("prefix", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name="fk_tickets_device_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tickets"),
        sa.UniqueConstraint("device_id", "number", name="uq_tickets_device_id_number"),
    )
    op.create_index(
        "ix_tickets_used_by", "tickets", ["used_by"], unique=True,
        postgresql_where=sa.text("used_by is not null"),
    )  # fmt: skip
    op.create_index("ix_tickets_expires_at", "tickets", ["expires_at"], postgresql_using="brin")
    op.create_index(
        "ix_tickets_prefix", "tickets", ["used_at"],
        postgresql_where=sa.text("prefix is not null"),
    )  # fmt: skip
    op.add_column("measurements", sa.Column("assurance", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("measurements", "assurance")
    op.drop_table("tickets")
    op.drop_table("host_keys")
    op.drop_table("measuring_hosts")

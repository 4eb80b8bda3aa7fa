"""Events in the transactions that cause them, their numbers, webhooks and what they failed on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def _moment(name: str, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("month", sa.Text(), nullable=True),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("measurement_id", sa.Uuid(), nullable=True),
        sa.Column("data", JSONB(), nullable=False),
        sa.Column("once", sa.Text(), nullable=True),
        sa.Column("scrubbed", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_events_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("number", name="uq_events_number"),
        sa.UniqueConstraint("once", name="uq_events_once"),
    )
    op.create_index(
        "ix_events_unnumbered", "events", ["id"], postgresql_where=sa.text("number is null")
    )
    op.create_index(
        "ix_events_measurement_id",
        "events",
        ["measurement_id"],
        postgresql_where=sa.text("measurement_id is not null"),
    )
    op.create_table(
        "event_numbers",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("deleted_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_numbers"),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", ARRAY(sa.Text()), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        _moment("created_at", nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        _moment("disabled_at"),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        _moment("failing_since"),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        _moment("pause_until"),
        _moment("leased_until"),
        _moment("delivered_at"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_webhooks_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_table(
        "webhook_failures",
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        _moment("first_at", nullable=False),
        _moment("last_at", nullable=False),
        _moment("next_at"),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name="fk_webhook_failures_webhook_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name="fk_webhook_failures_event_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("webhook_id", "event_id", name="pk_webhook_failures"),
    )
    op.create_index("ix_webhook_failures_event_id", "webhook_failures", ["event_id"])


def downgrade() -> None:
    for table in ("webhook_failures", "webhooks", "event_numbers", "events"):
        op.drop_table(table)

"""Store what searches for signals find; add the networks of carriers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

# Marks are only added here and only removed by the search, so neither waits for the other. A post
# adds none: folding does. A withdrawal removes devices without another count.
FUNCTIONS = """
create function mark_signals_by_fold() returns trigger language plpgsql as $$
begin
    insert into signals_stale (month, unit_id)
    select distinct to_char(day, 'YYYY-MM'), unit_id from gone where unit_id is not null;
    return null;
end $$;
create function mark_signals_by_team_fold() returns trigger language plpgsql as $$
begin
    insert into signals_stale (month, unit_id, campaign_id)
    select distinct to_char(day, 'YYYY-MM'), unit_id, campaign_id from gone
    where unit_id is not null;
    return null;
end $$;
create function mark_signals_by_device() returns trigger language plpgsql as $$
begin
    insert into signals_stale (month, unit_id) values (to_char(old.day, 'YYYY-MM'), old.unit_id);
    return null;
end $$;
create trigger count_deltas_signals after delete on count_deltas referencing old table as gone
    for each statement execute function mark_signals_by_fold();
create trigger team_deltas_signals after delete on team_deltas referencing old table as gone
    for each statement execute function mark_signals_by_team_fold();
create trigger measurements_device_signals after update of device_id on measurements
    for each row when (old.unit_id is not null and old.device_id is distinct from new.device_id)
    execute function mark_signals_by_device();
"""
UNDO = """
drop trigger measurements_device_signals on measurements;
drop trigger team_deltas_signals on team_deltas;
drop trigger count_deltas_signals on count_deltas;
drop function mark_signals_by_device();
drop function mark_signals_by_team_fold();
drop function mark_signals_by_fold();
"""


def upgrade() -> None:
    op.create_table(
        "carrier_networks",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("prefix", name="pk_carrier_networks"),
    )
    op.add_column("tickets", sa.Column("outside", sa.Boolean(), nullable=True))
    op.create_table(
        "signal_scans",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("measurements", sa.Integer(), server_default="0", nullable=False),
        sa.Column("devices", sa.Integer(), server_default="0", nullable=False),
        sa.Column("examined", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"],
            name="fk_signal_scans_campaign_id", ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_signal_scans_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_signal_scans"),
        sa.UniqueConstraint(
            "unit_id", "month", "campaign_id",
            name="uq_signal_scans_key", postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip
    op.create_table(
        "signal_findings",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("scan_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("units", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("devices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["scan_id"], ["signal_scans.id"],
            name="fk_signal_findings_scan_id", ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_signal_findings"),
        sa.UniqueConstraint("scan_id", "kind", "subject", name="uq_signal_findings_scan_id_kind_subject"),
    )  # fmt: skip
    op.create_table(
        "signals_stale",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_signals_stale"),
    )
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute(UNDO)
    op.drop_table("signals_stale")
    op.drop_table("signal_findings")
    op.drop_table("signal_scans")
    op.drop_column("tickets", "outside")
    op.drop_table("carrier_networks")

"""Rule set 3 begins: a witnessed sample that is sent late has a category of its own."""

from alembic import op

revision = "0076"
down_revision = "0072"
branch_labels = None
depends_on = None

COUNTED = ("witnessed", "ticketed", "claimed", "imported", "withdrawn")
NOT_COUNTED = (
    "no_device", "source_not_counted", "unproven", "witness_late", "too_many_tests",
    "before_registration", "mock_position", "overlap", "impossible_travel", "repeat",
    "third_operator", "daily_cap", "commune_cap",
)  # fmt: skip
NOT_VALID = (
    "position_missing", "position_default", "position_coarse", "outside_communes",
    "excluded", "failed_test", "kind_unknown", "foreign_network", "implausible_value",
    "fix_stale", "in_future", "too_old",
)  # fmt: skip
TABLES = {"unit_months": (), "earning_sums": ("over_cap", "excluded_in_campaign")}
# A new installation has rule set 3 from before any receipt, as rule set 2; an older one from the
# upgrade on.
BEGIN = """
with old as (
    select exists (select from devices) or exists (select from measurements) as used
), begun as (
    insert into counting_rules (rules, from_at, by, reason)
    select 3, case when used then now() else timestamptz '1990-01-01 00:00:00Z' end,
        case when used then 'upgrade' else 'installation' end,
        case when used then 'Upgrade from a version with rule set 2.' else 'New installation.' end
    from old
    returning *
)
insert into audit (actor, act, subject, details)
select by, 'measurements.rules', 'rules:' || rules,
    jsonb_build_object('from', from_at, 'reason', reason)
from begun
"""


def upgrade() -> None:
    for table, more in TABLES.items():
        valid = [*COUNTED, *NOT_COUNTED, *more]
        op.execute(f"""
            alter table {table} drop column received, drop column valid,
                add column witness_late integer not null default 0;
            alter table {table}
                add column received integer
                    generated always as ({" + ".join([*valid, *NOT_VALID])}) stored,
                add column valid integer generated always as ({" + ".join(valid)}) stored
        """)
    op.execute(BEGIN)

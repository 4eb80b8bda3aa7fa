"""targets of single units, what assesses a unit, and which counts changed since somebody read them"""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ATLAS = "VNNIC, Internet Atlas"
ASSESSMENTS = [
    {
        "level": level,
        "network": network,
        "purpose": "assessment",
        "threshold": 30,
        "basis": "counted",
        "valid_from": date(2024, 11, 1),
        "source": ATLAS,
    }
    for level in ("province", "district", "commune")
    for network in ("mobile", "fixed")
]

# Two rows of one key never hold the same day, so that a target is one number.
ONE_AT_A_TIME = """
alter table targets add constraint one_target_at_a_time exclude using gist (
    level with =, network with =, purpose with =, coalesce(unit_id, 0) with =,
    daterange(valid_from, valid_to, '[]') with &&
)
"""

# Who holds a month's counts reads again what has a later version. The lock is that of folding, which
# writes counts alone in everyday life: versions become visible in their order.
FUNCTIONS = """
create sequence count_version;
create function note_changed_counts() returns trigger language plpgsql as $$
declare latest bigint;
begin
    perform pg_advisory_xact_lock(5691);
    latest := nextval('count_version');
    insert into count_changes (month, network, unit_id, version)
    select distinct month, network, coalesce(unit_id, 0), latest from touched order by 1, 2, 3
    on conflict (month, network, unit_id) do update set version = excluded.version;
    return null;
end $$;
create trigger counts_added after insert on counts referencing new table as touched
    for each statement execute function note_changed_counts();
create trigger counts_changed after update on counts referencing new table as touched
    for each statement execute function note_changed_counts();
create trigger counts_removed after delete on counts referencing old table as touched
    for each statement execute function note_changed_counts();
insert into count_changes (month, network, unit_id, version)
    select month, network, coalesce(unit_id, 0), nextval('count_version') from counts
    where day is null group by 1, 2, 3;
"""

UNDO = """
drop trigger counts_removed on counts;
drop trigger counts_changed on counts;
drop trigger counts_added on counts;
drop function note_changed_counts();
drop sequence count_version;
"""


def upgrade() -> None:
    op.add_column(
        "targets", sa.Column("purpose", sa.Text(), server_default="target", nullable=False)
    )
    op.add_column("targets", sa.Column("unit_id", sa.Integer(), nullable=True))
    op.add_column("targets", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.create_foreign_key(op.f("fk_targets_unit_id"), "targets", "units", ["unit_id"], ["id"])
    op.create_check_constraint(op.f("ck_targets_threshold"), "targets", "threshold > 0")
    op.execute(ONE_AT_A_TIME)
    columns = map(sa.column, ASSESSMENTS[0])
    op.bulk_insert(sa.table("targets", *columns), ASSESSMENTS)
    op.create_table(
        "count_changes",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", "network", "unit_id", name="pk_count_changes"),
    )
    op.create_index(
        "ix_count_changes_month_network_version", "count_changes", ["month", "network", "version"]
    )
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute(UNDO)
    op.drop_table("count_changes")
    op.execute("delete from targets where purpose <> 'target' or unit_id is not null")
    op.drop_constraint("one_target_at_a_time", "targets")
    op.drop_constraint(op.f("ck_targets_threshold"), "targets")
    op.drop_constraint(op.f("fk_targets_unit_id"), "targets")
    for column in ("version", "unit_id", "purpose"):
        op.drop_column("targets", column)

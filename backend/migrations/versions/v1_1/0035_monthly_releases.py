"""public figures other than counts come from one release a month"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

# A release can be removed (that of the demo), never changed.
FIXED = """
create function refuse_changed_release() returns trigger language plpgsql as $$
begin
    raise exception 'a release never changes' using errcode = 'restrict_violation';
end $$;
create trigger releases_fixed before update on releases
    for each row execute function refuse_changed_release();
create trigger released_figures_fixed before update on released_figures
    for each row execute function refuse_changed_release();
"""
# Operators of statistics are a closed list now: those with other names are computed again.
STALE = """
insert into statistics_stale (month, unit_id, network)
select distinct s.month, s.unit_id, s.network
from statistics s join units u on u.id = s.unit_id and u.level = 'commune'
where s.operator not in
    ('', 'unknown', 'MobiFone', 'VinaPhone', 'Viettel', 'Vietnamobile', 'Gmobile', 'iTel')
"""


def upgrade() -> None:
    op.create_table(
        "releases",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_releases")),
    )
    op.create_table(
        "released_figures",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("devices", sa.Integer(), nullable=True),
        sa.Column("cells", postgresql.JSONB(), nullable=False),
        sa.Column("hours", postgresql.JSONB(), nullable=True),
        sa.Column("statistics", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", "network", "month", name=op.f("pk_released_figures")),
        sa.ForeignKeyConstraint(
            ["month"], ["releases.month"], name=op.f("fk_released_figures_month"),
            ondelete="CASCADE",
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_released_figures_month"), "released_figures", ["month"])
    op.execute(FIXED)
    op.execute(STALE)


def downgrade() -> None:
    op.drop_table("released_figures")
    op.drop_table("releases")
    op.execute("drop function refuse_changed_release")

"""clusters of communes, as areas of officials too; deputies of officials"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OF_ROLE = """
    (scope_id is null) = (role = 'admin') and case role
        when 'team_leader' then scope_kind = 'team'
        when 'organiser' then scope_kind = 'organisation'
        when 'official' then scope_kind in ('unit', 'cluster')
        else scope_kind = 'system' end
"""
BEFORE = """
    scope_kind = case role when 'team_leader' then 'team' when 'organiser' then 'organisation'
        when 'official' then 'unit' else 'system' end and (scope_id is null) = (role = 'admin')
"""
# What ended before kept its roles; from now on they end with it.
ENDED = """
    update roles r set valid_to = greatest(t.ended_at, r.valid_from) from {table} t
    where r.scope_kind = '{kind}' and t.id = r.scope_id and t.ended_at is not null
      and (r.valid_to is null or r.valid_to > t.ended_at)
"""


def upgrade() -> None:
    op.create_table(
        "clusters",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("sort_key", sa.Text(), nullable=False),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_clusters_days")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_clusters_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clusters")),
    )
    op.create_index(op.f("ix_clusters_organisation_id"), "clusters", ["organisation_id"])
    op.create_table(
        "cluster_units",
        sa.Column("cluster_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"],
            ["clusters.id"],
            name=op.f("fk_cluster_units_cluster_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_cluster_units_unit_id")),
        sa.PrimaryKeyConstraint("cluster_id", "unit_id", name=op.f("pk_cluster_units")),
    )
    op.create_index(op.f("ix_cluster_units_unit_id"), "cluster_units", ["unit_id"])
    op.add_column("roles", sa.Column("delegated_by", sa.Integer(), nullable=True))
    op.add_column("roles", sa.Column("reason", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_roles_delegated_by"), "roles", "roles", ["delegated_by"], ["id"])
    op.create_index(op.f("ix_roles_delegated_by"), "roles", ["delegated_by"])
    op.drop_constraint(op.f("ck_roles_scope"), "roles", type_="check")
    op.create_check_constraint(op.f("ck_roles_scope"), "roles", OF_ROLE)
    op.create_check_constraint(
        op.f("ck_roles_delegated"),
        "roles",
        "delegated_by is null or (role = 'official' and valid_to is not null)",
    )
    for table, kind in (("teams", "team"), ("organisations", "organisation")):
        op.execute(ENDED.format(table=table, kind=kind))


def downgrade() -> None:
    op.execute("delete from roles where delegated_by is not null or scope_kind = 'cluster'")
    op.drop_constraint(op.f("ck_roles_delegated"), "roles", type_="check")
    op.drop_constraint(op.f("ck_roles_scope"), "roles", type_="check")
    op.create_check_constraint(op.f("ck_roles_scope"), "roles", BEFORE)
    op.drop_column("roles", "reason")
    op.drop_column("roles", "delegated_by")
    op.drop_table("cluster_units")
    op.drop_table("clusters")

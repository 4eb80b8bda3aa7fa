"""A role of observers of the country."""

from alembic import op

revision = "0132"
down_revision = "0131"
branch_labels = None
depends_on = None

ROLE = "role in ('team_leader', 'organiser', 'official', 'observer', 'admin')"
SCOPE = (
    "(scope_id is null) = (role in ('observer', 'admin')) and case role"
    " when 'team_leader' then scope_kind = 'team'"
    " when 'organiser' then scope_kind = 'organisation'"
    " when 'official' then scope_kind in ('unit', 'cluster')"
    " else scope_kind = 'system' end"
)


def upgrade() -> None:
    for name, condition in (("role", ROLE), ("scope", SCOPE)):
        op.drop_constraint(op.f(f"ck_roles_{name}"), "roles", type_="check")
        op.create_check_constraint(op.f(f"ck_roles_{name}"), "roles", condition)

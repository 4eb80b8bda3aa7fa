"""keys by which names are compared, ordered and searched"""

import unicodedata

import sqlalchemy as sa
from alembic import op

from geo.gazetteer import plain, sort_key

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def folded(name: str) -> str:
    """The key of names as it was at this revision: copied, so that later changes cannot alter it."""
    blanks = " ".join(name.split())
    seen = "".join(c for c in blanks if unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp"})
    written = " ".join(unicodedata.normalize("NFC", seen).split())
    return unicodedata.normalize("NFC", written.casefold())


KEYS = {
    "organisations": {"sort_key": sort_key, "search_key": plain},
    "teams": {"name_key": folded, "sort_key": sort_key},
}


def upgrade() -> None:
    for table, keys in KEYS.items():
        for key in keys:
            op.add_column(table, sa.Column(key, sa.Text(), nullable=True))
        _fill(table)
        for key in keys:
            op.alter_column(table, key, nullable=False)
    op.create_index(
        op.f("ix_teams_organisation_id_name_key"),
        "teams",
        ["organisation_id", "name_key"],
        unique=True,
    )


def _fill(table: str) -> None:
    """Make the keys of the rows that are there."""
    named = sa.table(table, sa.column("id"), sa.column("name"), *map(sa.column, KEYS[table]))
    connection = op.get_bind()
    for row in connection.execute(sa.select(named.c.id, named.c.name)).all():
        made = {key: make(row.name) for key, make in KEYS[table].items()}
        connection.execute(sa.update(named).where(named.c.id == row.id).values(**made))


def downgrade() -> None:
    op.drop_index(op.f("ix_teams_organisation_id_name_key"), "teams")
    for table, keys in KEYS.items():
        for key in keys:
            op.drop_column(table, key)

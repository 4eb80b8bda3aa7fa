"""seal the secrets of second factors: who takes a dump could sign in with them"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from backend.accounts.sealing import seal, unseal

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

USERS = sa.table(
    "users",
    sa.column("id", sa.Integer),
    sa.column("totp_secret", sa.Text),
    sa.column("totp_pending", sa.Text),
)


def upgrade() -> None:
    rewrite(seal)


def downgrade() -> None:
    rewrite(unseal)


def rewrite(closing) -> None:
    key = current_app.config["SECRET_KEY"]
    for column in (USERS.c.totp_secret, USERS.c.totp_pending):
        rows = op.get_bind().execute(sa.select(USERS.c.id, column).where(column.is_not(None)))
        for user_id, kept in rows.all():
            changed = {column.name: closing(kept, user_id, key)}
            op.execute(sa.update(USERS).where(USERS.c.id == user_id).values(changed))

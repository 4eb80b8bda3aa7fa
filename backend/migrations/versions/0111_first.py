"""The database of version 2.0.0.

What was before was never installed outside the repository: its migrations are in the history of
git, up to commit edf2d2f6, whose databases have this revision.
"""

from pathlib import Path

from alembic import op

revision = "0111"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    with op.get_bind().connection.cursor() as cursor:  # the driver reads % as it stands
        cursor.execute(statements)

"""A device has one token."""

from alembic import op

revision = "0112"
down_revision = "0110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A phone that asked for its next token has it, as long as the answer arrived.
    op.execute("update devices set token_hash = next_token_hash where next_token_hash is not null")
    op.execute("alter table devices drop column next_token_hash")

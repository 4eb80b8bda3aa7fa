"""seal the secrets of second factors: who takes a dump could sign in with them"""

import base64
import binascii
import secrets

import sqlalchemy as sa
from alembic import op
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

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


# Encryption as it was at this revision: copied, so that later changes cannot alter it.
PURPOSE = b"dosong second factor"  # the same SECRET_KEY serves others too
KEY_BYTES = 32
NONCE_BYTES = 12  # random: AES-GCM bears four thousand million of them under one key


def seal(secret: str, user_id: int, key: str) -> str:
    """Seal a secret of a person's under the installation's key."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    closed = _cipher(key).encrypt(nonce, secret.encode(), _whose(user_id))
    return base64.b64encode(nonce + closed).decode()


def unseal(sealed: str, user_id: int, key: str) -> str | None:
    """The secret; None where it was sealed under another key, for another person, or is none."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        opened = _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _whose(user_id))
    except (binascii.Error, ValueError, InvalidTag):
        return None
    return opened.decode()


def _cipher(key: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE)
    return AESGCM(derived.derive(key.encode()))


def _whose(user_id: int) -> bytes:
    return f"user:{user_id}".encode()

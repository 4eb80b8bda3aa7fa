"""Random secrets, of which only a hash is kept."""

import hashlib

TOKEN_PREFIX = "dsp_"  # noqa: S105 # tells a person's token from a device's


def secret_hash(secret: str) -> bytes:
    """Hash a secret of this kind; it is random, so a plain fast hash is enough."""
    return hashlib.sha256(secret.encode()).digest()

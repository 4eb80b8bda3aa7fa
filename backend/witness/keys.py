"""The signing keys of an installation and of the measuring host on this machine."""

import hashlib
import hmac
from datetime import date
from functools import lru_cache
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from backend.witness.statements import SigningKey
from config.settings import generated_key

HOST_KEY_FILE = "host_key"  # in VAR_DIR
TICKET_KEY_PURPOSE = b"dosong ticket key"


@lru_cache(16)
def installation_key(secret: str) -> SigningKey:
    """Return the key that signs tickets; its id is the id of the installation.

    It is derived from SECRET_KEY, which all machines of an installation share.
    """
    seed = hmac.digest(secret.encode(), TICKET_KEY_PURPOSE, hashlib.sha256)
    return SigningKey.from_seed(seed)


@lru_cache(16)
def host_key(var_dir: Path) -> SigningKey:
    """Return the key of the measuring host on this machine, generated at first use."""
    return SigningKey.from_seed(bytes.fromhex(generated_key(var_dir / HOST_KEY_FILE)))


def own_host_id(secret: str) -> UUID:
    """Return the id of an installation's own measuring host."""
    return uuid5(NAMESPACE_URL, f"dosong:{installation_key(secret).kid}")


def prefix_digest(secret: str, prefix: str, day: date) -> bytes:
    """Return the digest of a client's network under the key of the day."""
    return hmac.digest(secret.encode(), f"prefix|{day}|{prefix}".encode(), hashlib.sha256)


def device_subject(secret: str, device_id: UUID, ticket_id: UUID) -> str:
    """Return the digest that stands for a device in one ticket: hosts cannot link its tests."""
    text = f"ticket|{ticket_id}|{device_id}"
    return hmac.digest(secret.encode(), text.encode(), hashlib.sha256).hex()[:32]

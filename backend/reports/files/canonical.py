"""JSON with one spelling: the same content has the same bytes, and so the same digest."""

import hashlib
import json
from typing import Any


def canonical(content: Any) -> bytes:
    """Keys in order, no blanks, letters as they are, UTF-8; numbers in their shortest form."""
    written = json.dumps(
        content, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return written.encode()


def digest(content: bytes) -> str:
    """The SHA-256 of bytes, as everybody's tools write it."""
    return hashlib.sha256(content).hexdigest()

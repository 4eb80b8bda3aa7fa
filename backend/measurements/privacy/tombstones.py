"""What a restored backup must not bring back: keyed hashes of withdrawn devices, in a file.

The file lies outside the database: a backup made before the withdrawal knows nothing of it.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from backend.errors import Problem

FILE = "withdrawn"  # in VAR_DIR
RETRY_AFTER_S = 60  # a full disk is not emptied sooner


@dataclass(frozen=True, slots=True)
class Tombstones:
    """The file, and the key under which it names devices: without it nobody can read it."""

    path: Path
    key: str

    def add(self, device_id: UUID, now: datetime) -> None:
        """Note a device that withdraws, on the disk before it is gone; 503 where that fails."""
        line = f"{now:%Y-%m-%dT%H:%M:%SZ} {self.of(device_id)}\n".encode()
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise Problem(
                503, "unavailable", headers={"Retry-After": str(RETRY_AFTER_S)}
            ) from error

    def of(self, device_id: UUID) -> str:
        """The name of a device in the file."""
        return hmac.digest(self.key.encode(), b"withdrawn|" + device_id.bytes, hashlib.sha256).hex()

    def among(self, devices: Iterable[UUID]) -> list[UUID]:
        """Which of the devices have withdrawn."""
        if not self.path.exists():
            return []
        gone = {line.rpartition(" ")[2] for line in self.path.read_text().splitlines()}
        return [device for device in devices if self.of(device) in gone]

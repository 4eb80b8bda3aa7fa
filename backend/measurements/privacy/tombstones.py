"""Keyed hashes of withdrawn devices in a file, so that a restored backup does not revive them.

The file is outside the database: a backup made before the withdrawal does not contain it.
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
RETRY_AFTER_S = 60  # a full disk is not freed sooner


@dataclass(frozen=True, slots=True)
class Tombstones:
    """The file and the key of its hashes: without the key devices cannot be recognised."""

    path: Path
    key: str

    def add(self, device_id: UUID, now: datetime) -> None:
        """Write the hash of a device to disk before the device is deleted; 503 if that fails."""
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
        """Return the hash of a device."""
        return hmac.digest(self.key.encode(), b"withdrawn|" + device_id.bytes, hashlib.sha256).hex()

    def among(self, devices: Iterable[UUID]) -> list[UUID]:
        """Return those of the devices that have withdrawn."""
        if not self.path.exists():
            return []
        gone = {line.rpartition(" ")[2] for line in self.path.read_text().splitlines()}
        return [device for device in devices if self.of(device) in gone]

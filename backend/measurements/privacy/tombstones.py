"""The list of withdrawn devices, by which a restored backup forgets them again.

A file in VAR_DIR, outside the database: keyed hashes of devices with the times of their
withdrawals, and lines with a time alone, until which the list is known to be complete. Where
BACKUP_DIR is on another file system, a copy there outlives the machine.
"""

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from backend.errors import Problem

log = structlog.get_logger()

TOMBSTONES = "withdrawn"  # the file in VAR_DIR, and its copy in BACKUP_DIR
WHOLE, POSITIONS = b"withdrawn|", b"positions|"  # what the hash of a line says is gone
RETRY_AFTER_S = 60  # a full disk is not freed sooner
LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)(?: ([0-9a-f]{64}))?")


@dataclass(frozen=True, slots=True)
class Tombstones:
    """The file, the key of its hashes, and its copy: without the key no device is recognised."""

    path: Path
    key: str
    copy: Path | None = None

    def add(self, device_id: UUID, now: datetime, gone: bytes = WHOLE) -> None:
        """Write the hash of a device to disk before its data is deleted; 503 if that fails.

        A copy that cannot be written refuses nobody: `mark_complete` completes it within the hour.
        """
        line = f"{_written(now)} {self.of(device_id, gone)}\n"
        try:
            _append(self.path, line)
        except OSError as error:
            raise Problem(
                503, "unavailable", headers={"Retry-After": str(RETRY_AFTER_S)}
            ) from error
        if self.copy is not None:
            try:
                _append(self.copy, line)
            except OSError as error:
                log.error("withdrawal not copied", file=str(self.copy), reason=error.strerror)

    def mark_complete(self, now: datetime) -> None:
        """Note that the list is complete until now, and add to the copy what it lacks."""
        _append(self.path, f"{_written(now)}\n")
        if self.copy is not None:
            known = set(_lines(self.copy))
            missing = [line for line in _lines(self.path) if line not in known]
            _append(self.copy, "".join(f"{line}\n" for line in missing))

    def of(self, device_id: UUID, gone: bytes = WHOLE) -> str:
        """Return the hash of a device."""
        return hmac.digest(self.key.encode(), gone + device_id.bytes, hashlib.sha256).hex()

    def among(self, devices: Iterable[UUID], gone: bytes = WHOLE) -> dict[UUID, datetime]:
        """Return those of the devices that have withdrawn, and the time of the last withdrawal."""
        times = {of: at for at, of in _entries(_lines(self.path)) if of}
        return {device: times[of] for device in devices if (of := self.of(device, gone)) in times}


def tombstones_of(config: Mapping[str, Any]) -> Tombstones:
    """Return the list of an installation; the copy is on another disk, or useless."""
    var_dir, backups = Path(config["VAR_DIR"]), config["BACKUP_DIR"]
    apart = backups is not None and _device(Path(backups)) != _device(var_dir)
    copy = Path(backups) / TOMBSTONES if apart else None
    return Tombstones(var_dir / TOMBSTONES, config["SECRET_KEY"], copy)


def complete_until(lines: Iterable[str]) -> datetime | None:
    """Return the time of the last line of a list."""
    return max((at for at, _ in _entries(lines)), default=None)


def _device(folder: Path) -> int:
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    return nearest.stat().st_dev


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _entries(lines: Iterable[str]) -> Iterator[tuple[datetime, str | None]]:
    """Yield time and hash of lines; one that was cut as the machine stopped has none."""
    for line in lines:
        if found := LINE.fullmatch(line):
            yield datetime.fromisoformat(found[1]), found[2]


def _append(path: Path, lines: str) -> None:
    """Append to a file and write it to disk; made by root, it belongs to its folder's owner."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        owner = path.parent.stat()
        if os.geteuid() == 0:
            os.fchown(handle, owner.st_uid, owner.st_gid)
        size = os.fstat(handle).st_size
        cut = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        os.write(handle, ("\n" * cut + lines).encode())
        os.fsync(handle)
    finally:
        os.close(handle)

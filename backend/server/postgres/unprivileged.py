"""Run a program as an ordinary user with the least privileges for access to its files."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Capabilities for access below folders of other users (0700), fewest first: none; traversal of
# folders; also execution of programs that only root may execute (umask 077).
CAPABILITIES: tuple[tuple[str, ...], ...] = ((), ("dac_read_search",), ("dac_override",))

PROBE_TIMEOUT_S = 30


@dataclass(frozen=True)
class Account:
    """The user of a program."""

    uid: int
    gid: int

    @property
    def is_me(self) -> bool:
        return self.uid == os.geteuid()


def choose(folder: Path) -> Account:
    """Return the account for a folder: ours, or for root that of its owner, else nobody."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    owner = folder.stat()
    if owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(65534, 65534)
    return Account(nobody.pw_uid, nobody.pw_gid)


def prefix(account: Account, capabilities: Sequence[str]) -> list[str]:
    """Return the words before a command that run it as `account`."""
    if account.is_me:
        return []
    words = ["setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
    if capabilities:
        kept = ",".join(f"+{name}" for name in capabilities)
        words += [f"--inh-caps={kept}", f"--ambient-caps={kept}"]
        # Otherwise access(2), used by initdb, ignores the capabilities.
        words.append("--securebits=+no_setuid_fixup")
    return [*words, "--"]


def least_prefix(account: Account, probe: Sequence[str | Path]) -> list[str] | None:
    """Return the prefix with the fewest capabilities that lets `probe` succeed, or None."""
    if not account.is_me and shutil.which("setpriv") is None:
        return None
    for capabilities in CAPABILITIES:
        words = prefix(account, capabilities)
        done = subprocess.run(  # noqa: S603 - fixed words and paths of ours
            [*words, *map(str, probe)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
        if done.returncode == 0:
            return words
        if account.is_me:
            return None
    return None

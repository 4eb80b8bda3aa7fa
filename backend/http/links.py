"""The address that links begin with: PUBLIC_URL, or one at which an admin was signed in.

The Host of a request is a text of the client: an invitation that is mailed with it leads anywhere.
"""

from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app, request

from backend.errors import Problem

FILE = "public_hosts"  # in VAR_DIR, one in each line


def confirm_host() -> None:
    """Let links begin with the address of this request, which is of an admin's session.

    A browser sends its cookie to no other host, so nobody else can confirm one.
    """
    root = request.host_url
    if not _is_own(root) and root not in _confirmed():
        with suppress(OSError), _file().open("a") as file:  # such as a full disk
            file.write(f"{root}\n")


def link_root(*, strict: bool = True) -> str:
    """Return the address that links begin with; it ends with a slash.

    Before an admin came it is that of the request or, where `strict`, 409.
    """
    root = request.host_url
    if _is_own(root):
        return root
    confirmed = _confirmed()
    if strict and not confirmed:
        raise Problem(409, "host_unconfirmed")
    return root if root in confirmed or not confirmed else confirmed[-1]


def _is_own(root: str) -> bool:
    """Return whether a root is that of the settings, or leads to the reader's own machine."""
    if current_app.config["PUBLIC_URL"]:
        return True
    with suppress(ValueError):
        host = urlsplit(root).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    return False


def _confirmed() -> list[str]:
    with suppress(FileNotFoundError):
        return _file().read_text().splitlines()
    return []


def _file() -> Path:
    folder: Path = current_app.config["VAR_DIR"]
    return folder / FILE

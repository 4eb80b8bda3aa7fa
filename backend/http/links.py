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
        with suppress(OSError), (current_app.config["VAR_DIR"] / FILE).open("a") as file:
            file.write(f"{root}\n")


def link_root(*, strict: bool = True) -> str:
    """Return the address that links begin with; it ends with a slash.

    Before an admin came it is that of the request or, where `strict`, 409.
    """
    root, confirmed = request.host_url, _confirmed()
    if _is_own(root) or root in confirmed:
        return root
    if strict and not confirmed:
        raise Problem(409, "host_unconfirmed")
    return confirmed[-1] if confirmed else root


def _is_own(root: str) -> bool:
    """Return whether a root is that of the settings, or leads to the reader's own machine."""
    if current_app.config["PUBLIC_URL"]:
        return True
    with suppress(ValueError):
        host = urlsplit(root).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    return False


def _confirmed() -> list[str]:
    path: Path = current_app.config["VAR_DIR"] / FILE
    return path.read_text().splitlines() if path.exists() else []

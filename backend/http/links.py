"""The address that links begin with: PUBLIC_URL, or one at which an admin gave the password.

The Host of a request is a text of the client: an invitation that is mailed with it leads anywhere.
"""

from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app, request

from backend.errors import Problem

FILE = "public_hosts"  # in VAR_DIR, one in each line


def confirm_host() -> str | None:
    """Let links begin with the address of this request, of an admin who just gave the password.

    A browser sends its cookie to no other host, so nobody else can confirm one. Returns an address
    that was added, for the audit log.
    """
    root = request.host_url
    if _is_own(root) or root in confirmed_hosts():
        return None
    with suppress(OSError), (current_app.config["VAR_DIR"] / FILE).open("a") as file:
        file.write(f"{root}\n")
        return root
    return None


def link_root(*, strict: bool = True) -> str:
    """Return the address that links begin with; it ends with a slash.

    At an address that is not confirmed it is the first that was: none that is added later leads
    others away. Before an admin came it is that of the request or, where `strict`, 409.
    """
    root, confirmed = request.host_url, confirmed_hosts()
    if _is_own(root) or root in confirmed:
        return root
    if strict and not confirmed:
        raise Problem(409, "host_unconfirmed")
    return confirmed[0] if confirmed else root


def _is_own(root: str) -> bool:
    """Return whether a root is that of the settings, or leads to the reader's own machine."""
    if current_app.config["PUBLIC_URL"]:
        return True
    with suppress(ValueError):
        host = urlsplit(root).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    return False


def confirmed_hosts() -> list[str]:
    """Return the addresses that admins confirmed, oldest first."""
    path: Path = current_app.config["VAR_DIR"] / FILE
    return path.read_text().splitlines() if path.exists() else []

"""Addresses that this server sends requests to: a guard against requests into the own network."""

import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from backend.errors import invalid

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]

MAX_URL = 500
# Global unicast (RFC 4291, 2.4). ipaddress takes everything outside as global that no list names,
# such as the site-local fec0::/10.
UNICAST = IPv6Network("2000::/3")
# Addresses in which an IPv4 address is embedded, to which a gateway would forward, and reserved
# ones that `is_global` of some versions of Python does not know.
TRANSLATED = ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
RESERVED = tuple(map(ip_network, (*TRANSLATED, "192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a URL."""

    encrypted: bool
    host: str
    port: int
    path: str  # with the query

    @property
    def host_header(self) -> str:
        """The value of Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.encrypted else 80) else f"{host}:{self.port}"


def parse_url(url: str) -> Target:
    """Return the parts of a URL; ValueError for one that is not sent to."""
    if not url.isascii() or len(url) > MAX_URL or any(c <= " " or c == "\x7f" for c in url):
        raise ValueError("not an ASCII URL")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not http or https")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("has a user or a fragment")
    encrypted = parts.scheme == "https"
    port = parts.port if parts.port is not None else (443 if encrypted else 80)
    if port == 0:
        raise ValueError("port 0")
    path = parts.path or "/"
    return Target(encrypted, parts.hostname, port, f"{path}?{parts.query}" if parts.query else path)


def check_url(url: str, allowed: Networks) -> None:
    """Raise 422 for a URL that is certainly refused; names are resolved at each request."""
    try:
        target = parse_url(url)
    except ValueError:
        raise invalid("url", "not_webhook_url") from None
    if not target.encrypted and not allowed:
        raise invalid("url", "webhook_not_https")
    literal = _literal(target.host)
    if literal and not may_reach(literal, target.encrypted, allowed):
        raise invalid("url", "webhook_address")


def _literal(host: str) -> Address | None:
    """Return the address that a host is, in any spelling that a resolver takes; None for a name."""
    with suppress(OSError, ValueError):
        return IPv4Address(socket.inet_aton(host.rstrip(".")))  # 127.1, 0x7f000001, 2130706433
    with suppress(ValueError):
        return ip_address(host)
    return None


def may_reach(address: Address, encrypted: bool, allowed: Networks) -> bool:
    """Return whether a request may go to an address: public with TLS, or in an allowed network."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address.version == one.version and address in one for one in allowed):
        return True
    if isinstance(address, IPv6Address) and address not in UNICAST:
        return False
    if any(address.version == one.version and address in one for one in RESERVED):
        return False
    return encrypted and address.is_global and not address.is_multicast


def resolve(target: Target) -> list[Address]:
    """Return the addresses of a host; OSError where the name is unknown."""
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    # A zone index of a link-local address is cut off; such addresses are refused in any case.
    texts = dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found)
    return [ip_address(one) for one in texts]

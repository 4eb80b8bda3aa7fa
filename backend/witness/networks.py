"""The list of carriers' mobile networks, and whether a client's network lies outside of it."""

import csv
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path

from sqlalchemy import delete, insert

from backend.accounts.audit import record_command
from backend.database.extensions import db, fetch_autocommit
from backend.errors import invalid
from backend.witness.models import CarrierNetwork
from backend.witness.statements import PREFIX_BITS

COLUMNS = ("prefix", "operator")
# A carrier of Vietnam announces some hundred networks; a file with more is another table.
MAX_LINES = 20_000
MAX_OPERATOR = 100
READ = "select prefix from carrier_networks"
# A new list is used by every process within this time; a post reads no table.
REFRESH_S = 60.0


class NetworkSet:
    """Networks, of which a smaller one is found in constant time.

    Parameters
    ----------
    networks
        In the notation 171.224.0.0/12, at most as long as the prefix of a witness.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        self._by_length: dict[tuple[int, int], set[int]] = {}
        for text in networks:
            network = ip_network(text)
            key = network.version, network.prefixlen
            self._by_length.setdefault(key, set()).add(int(network.network_address))

    def __bool__(self) -> bool:
        return bool(self._by_length)

    def contains(self, prefix: str) -> bool:
        """Return whether a prefix of a witness lies in one of the networks."""
        network = ip_network(prefix)
        address, bits = int(network.network_address), network.max_prefixlen
        return any(
            version == network.version
            and length <= network.prefixlen
            and address >> (bits - length) << (bits - length) in starts
            for (version, length), starts in self._by_length.items()
        )


class CarrierNetworks:
    """The loaded list in the memory of a process."""

    def __init__(self) -> None:
        self._networks = NetworkSet(())
        self._read_at = -REFRESH_S

    def outside(self, prefix: str) -> bool | None:
        """Return whether a prefix lies outside the carriers' networks; None without a list.

        Also None for a text of another host that is no network.
        """
        if time.monotonic() - self._read_at >= REFRESH_S:
            self._read_at = time.monotonic()
            self._networks = NetworkSet(row["prefix"] for row in fetch_autocommit(READ, {}))
        try:
            return not self._networks.contains(prefix) if self._networks else None
        except ValueError:
            return None


def load_networks(path: Path, now: datetime) -> int:
    """Replace the list by a CSV file with the columns prefix and operator; return its length.

    Audited. 422 names the line of an error, and nothing is changed.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise invalid("line 1", "networks_header")
            rows = _checked(reader)
    except (UnicodeDecodeError, csv.Error):
        raise invalid("line 1", "networks_header") from None
    db.session.execute(delete(CarrierNetwork))
    db.session.execute(insert(CarrierNetwork), [{**row, "loaded_at": now} for row in rows])
    operators = sorted({row["operator"] for row in rows})
    record_command("signals.networks", "networks", networks=len(rows), operators=operators)
    db.session.commit()
    return len(rows)


def _checked(reader: Iterable[Mapping[str, str | None]]) -> list[dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for number, row in enumerate(reader, 2):
        field = f"line {number}"
        if number > MAX_LINES + 1:
            raise invalid(field, "networks_too_many")
        operator = (row["operator"] or "").strip()
        if not operator or len(operator) > MAX_OPERATOR:
            raise invalid(field, "networks_operator")
        prefix = _prefix(row["prefix"] or "", field)
        rows[prefix] = {"prefix": prefix, "operator": operator}
    if not rows:
        raise invalid("line 2", "networks_empty")
    return list(rows.values())


def _prefix(text: str, field: str) -> str:
    """Return a network in its usual notation; longer ones than a witness names tell nothing."""
    try:
        network = ip_network(text.strip())
    except ValueError:
        raise invalid(field, "networks_prefix") from None
    if not 0 < network.prefixlen <= PREFIX_BITS[network.version]:
        raise invalid(field, "networks_prefix")
    return str(network)

"""How samples of a month are received: the delay and the network of each phone's client."""

from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from backend.clock import local_day
from backend.coverage.signals.networks import NetworkUse
from tests.tools.signal_months.month import Month

# Of a carrier: the addresses behind which all its phones of a province appear.
CARRIERS = [[f"carrier {n} net {k}".encode() for k in range(4)] for n in range(3)]
VPNS = [f"vpn {n}".encode() for n in range(6)]
VPN_USERS = 0.01
LINE = b"line"  # begins the digests of fixed lines
# Most samples are sent at once, some in the evening, a few on the days after.
AT_ONCE, IN_HOURS = 0.9, 0.985


def receive(month: Month) -> None:
    """Set the time of receipt and the network of all rows that have none."""
    rng = np.random.default_rng((month.seed, 7))
    carriers: dict[UUID, list[bytes]] = {}
    rows = []
    for row in month.rows:
        chance, amount = rng.random(2).tolist()
        if row.received_at is None:
            row = row._replace(received_at=row.at + _delay(chance, amount))
        if row.device not in carriers:
            own = VPNS if rng.random() < VPN_USERS else CARRIERS[int(rng.integers(3))]
            carriers[row.device] = own
        networks = carriers[row.device]
        prefix = networks[int(amount * len(networks))]
        month.networks.setdefault(row.id, (prefix, networks is VPNS))
        rows.append(row)
    month.rows = rows


def _delay(chance: float, amount: float) -> timedelta:
    if chance < AT_ONCE:
        return timedelta(seconds=60 * amount)
    return timedelta(hours=20 * amount) if chance < IN_HOURS else timedelta(days=3 * amount)


def uses_of(month: Month, until: datetime | None = None, listed: bool = True) -> list[NetworkUse]:
    """Return the networks of the samples received until a time; without a list none is known."""
    uses = []
    for row in month.rows:
        assert row.received_at is not None
        if until is not None and row.received_at >= until:
            continue
        prefix, outside = month.networks[row.id]
        day, person = local_day(row.received_at), month.people.get(row.device, row.device)
        known = outside if listed else None
        network = "fixed" if prefix.startswith(LINE) else "mobile"
        uses.append(NetworkUse(
            prefix, known, day, row.id, row.device, person, row.unit, row.day, network, row.at,
            row.latitude or 0.0, row.longitude or 0.0, row.accuracy_m or 0.0,
        ))  # fmt: skip
    return uses

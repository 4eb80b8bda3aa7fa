"""Issue tickets: one autocommit statement for the device, the host and the limits."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict, cast
from uuid import UUID, uuid4

from sqlalchemy.exc import DBAPIError

from backend.clock import day_begin, local_day
from backend.database.extensions import fetch_autocommit
from backend.devices import service as devices
from backend.devices.credentials import token_hash
from backend.errors import FieldError, Problem, invalid
from backend.witness.keys import device_subject, installation_key, own_host_id
from backend.witness.statements import SIGNING_LIFE, UNSIGNED_LIFE, SigningKey, Ticket, sign

# A ticket is unused until its sample arrives: a phone whose uploads fail measures on for a while,
# and gets one ahead for the moment when the API does not answer.
MAX_UNUSED = 8
# A volunteer's full day has some 60 tests.
PER_DAY = 100
TRIES = 3

# The device of a token; a host that takes tickets, if any: the one asked for, then that of
# SPEED_URL, then the own one; and the limits of the device. `max_number` is PER_DAY + MAX_UNUSED:
# no older ticket is of today or unused.
ISSUE = """
    with d as (
        select id as device_id, token_used_at from devices where token_hash = %(digest)s
    ), h as (
        select h.id, h.name, h.url, h.signs, h.revoked_at is not null as revoked,
            coalesce(s.failed_since < s.checked_at, false) as down,
            %(now)s + case when h.signs then %(signing)s else %(unsigned)s end as expires_at
        from measuring_hosts h left join host_states s on s.host_id = h.id
        where h.id in (%(host)s, %(own)s) or h.url = %(url)s
        order by h.revoked_at is not null or coalesce(s.failed_since < s.checked_at, false),
            h.id is distinct from %(host)s, h.id is not distinct from %(own)s
        limit 1
    ), c as (
        select coalesce(max(number), 0) + 1 as number,
            count(*) filter (where is_unused) as unused,
            min(expires_at) filter (where is_unused) as next_expiry,
            count(*) filter (where issued_at >= %(midnight)s) as today
        from (
            select number, expires_at, issued_at,
                used_at is null and expires_at > %(now)s as is_unused
            from tickets where device_id = (select device_id from d)
            order by number desc limit %(max_number)s
        ) newest
    ), issued as (
        insert into tickets (id, device_id, number, host_id, profile, issued_at, expires_at)
        select %(ticket)s, d.device_id, c.number, h.id, %(profile)s, %(now)s, h.expires_at
        from d, h, c
        where not h.revoked and not h.down and c.unused < %(max_unused)s
            and c.today < %(per_day)s and d.token_used_at is not null
        on conflict do nothing
        returning 1
    )
    select d.device_id, d.token_used_at, h.id as host_id, h.name, h.url, h.signs,
        h.revoked, h.down, h.expires_at, c.unused, c.next_expiry, c.today,
        exists (select from issued) as issued
    from d cross join c left join h on true
"""


class IssuedHost(TypedDict):
    """The host of a ticket that was issued with a post; times are ISO 8601."""

    host_id: str
    name: str
    url: str | None  # null: of the own host
    signs: bool
    expires_at: str


# None if no ticket was issued.
IssuedRow = IssuedHost | None


class NextTicket(TypedDict):
    """The parameters by which a ticket is issued; null ones issue none."""

    ticket: UUID | None
    profile: str | None
    now: datetime | None
    midnight: datetime | None  # the begin of the day
    signing: timedelta | None  # lives of tickets of hosts that sign and that do not
    unsigned: timedelta | None
    host: UUID | None  # the one asked for
    own: UUID | None
    url: str | None  # of the preferred one
    max_number: int
    max_unused: int
    per_day: int


NO_TICKET: NextTicket = {
    "ticket": None, "profile": None, "now": None, "midnight": None, "signing": None,
    "unsigned": None, "host": None, "own": None, "url": None,
    "max_number": PER_DAY + MAX_UNUSED, "max_unused": MAX_UNUSED, "per_day": PER_DAY,
}  # fmt: skip

BY_ID = """
    select t.device_id, t.profile, t.issued_at, t.expires_at,
        h.id as host_id, h.name, h.url, h.signs
    from tickets t join measuring_hosts h on h.id = t.host_id where t.id = %(id)s
"""


@dataclass(frozen=True, slots=True)
class TicketRequest:
    """The profile of a test; the host, by default the preferred one; the id of the ticket."""

    profile: str
    host_id: UUID | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class IssuedTicket:
    """A ticket with its signed form and its host; `url` is None for the own host."""

    ticket: Ticket
    token: str
    host_name: str
    url: str | None
    signs: bool


class TicketHost(TypedDict):
    """The measuring host of a ticket; its endpoints are below `url`."""

    id: UUID
    name: str
    url: str
    signs: bool


class TicketAnswer(TypedDict):
    """A ticket for one test."""

    id: UUID
    ticket: str  # its signed form
    host: TicketHost
    profile: str
    issued_at: datetime
    expires_at: datetime


class TicketKey(TypedDict):
    """A public key that tickets are signed with."""

    kid: str
    algorithm: str
    public_key: str  # hexadecimal


class TicketKeys(TypedDict):
    """The public keys of this installation."""

    items: list[TicketKey]


def serialize(issued: IssuedTicket, own_url: str) -> TicketAnswer:
    """Return the answer of the API: dumping by the schema costs as much as the statement."""
    ticket = issued.ticket
    return {
        "id": ticket.id,
        "ticket": issued.token,
        "host": {
            "id": ticket.host_id,
            "name": issued.host_name,
            "url": issued.url or own_url,
            "signs": issued.signs,
        },
        "profile": ticket.profile,
        "issued_at": ticket.issued_at,
        "expires_at": ticket.expires_at,
    }


class StoredTicketRow(TypedDict):
    """The columns of a ticket and of its host that its signed form needs."""

    device_id: UUID
    host_id: UUID
    profile: str
    issued_at: datetime
    expires_at: datetime
    name: str  # of the host
    url: str | None  # null: the own host
    signs: bool


class TicketLimits(TypedDict):
    """The tickets of a device, as ISSUE reads them."""

    today: int
    unused: int
    next_expiry: datetime | None  # of the unused ones; null: none


class TicketIssuer:
    """Issues the tickets of an installation.

    Parameters
    ----------
    secret
        SECRET_KEY.
    speed_url
        Of the host that is preferred to the own one, if it is registered.
    """

    def __init__(self, secret: str, speed_url: str) -> None:
        self._secret, self._speed_url = secret, speed_url or None

    @property
    def public_key(self) -> SigningKey:
        return installation_key(self._secret)

    def issue(self, token: str, asked: TicketRequest, now: datetime) -> IssuedTicket:
        """Issue a ticket to the device of a token; for the same id the same ticket again."""
        return self._issue(token, self._values(asked, now))

    def _issue(self, token: str, asked: NextTicket) -> IssuedTicket:
        values = {"digest": token_hash(token), **asked}
        id, now = asked["ticket"], asked["now"]
        assert id and now
        for _ in range(TRIES):
            row = next(iter(fetch_autocommit(ISSUE, values)), None)
            if row is None or row["token_used_at"] is None:
                devices.authenticate(token, now)  # 401, or the first use is recorded
            elif row["host_id"] is None:
                raise invalid("host", "host_unknown")
            elif row["revoked"]:
                raise Problem(409, "host_revoked")
            elif row["down"]:
                raise Problem(409, "host_down", [FieldError("host", "host_down")])
            elif row["issued"]:
                new = {**row, "profile": asked["profile"], "issued_at": now}
                return self._issued(id, cast(StoredTicketRow, new))
            elif known := self.known(id, row["device_id"]):
                return known
            else:
                _check_limits(cast(TicketLimits, row), now)  # otherwise another request was faster
        raise Problem(503, "unavailable", headers={"Retry-After": "1"})

    def next_values(
        self, profile: str, sample: UUID | None, host: UUID | None, now: datetime
    ) -> NextTicket:
        """Return the parameters of the ticket that a post gets.

        The id follows from that of the sample: a post that is repeated returns the same ticket.
        Nobody else can compute it, and take it first. The test stays at `host`, unless that is
        down or revoked.
        """
        id = self._next_id(sample, profile) if sample else None
        return {**self._values(TicketRequest(profile, id=id), now), "host": host}

    def _next_id(self, sample: UUID, profile: str) -> UUID:
        text = f"next ticket|{sample}|{profile}".encode()
        return UUID(bytes=hmac.digest(self._secret.encode(), text, "sha256")[:16], version=4)

    def next_ticket(
        self, token: str, device_id: UUID, values: NextTicket, row: IssuedRow
    ) -> IssuedTicket | None:
        """Return the ticket that a post issued, or one as `issue` does; None at a limit."""
        id, profile, now = values["ticket"], values["profile"], values["now"]
        assert id
        if row is None:
            try:
                return self._issue(token, values)
            except (Problem, DBAPIError):  # the sample is stored: its answer must not fail
                return None
        assert profile and now
        ticket: StoredTicketRow = {
            "device_id": device_id,
            "host_id": UUID(row["host_id"]),
            "profile": profile,
            "issued_at": now,
            "expires_at": datetime.fromisoformat(row["expires_at"]),
            "name": row["name"],
            "url": row["url"],
            "signs": row["signs"],
        }
        return self._issued(id, ticket)

    def _values(self, asked: TicketRequest, now: datetime) -> NextTicket:
        return {
            **NO_TICKET,
            "host": asked.host_id,
            "own": None if asked.host_id else own_host_id(self._secret),
            "url": None if asked.host_id else self._speed_url,
            "ticket": asked.id or uuid4(),
            "profile": asked.profile,
            "now": now,
            "midnight": day_begin(local_day(now)),
            "signing": SIGNING_LIFE,
            "unsigned": UNSIGNED_LIFE,
        }

    def known(self, id: UUID, device_id: UUID) -> IssuedTicket | None:
        """Return a ticket that was issued before; 409 if another device has it."""
        row = next(iter(fetch_autocommit(BY_ID, {"id": id})), None)
        if row is None:
            return None
        if row["device_id"] != device_id:
            raise Problem(409, "ticket_used")
        return self._issued(id, cast(StoredTicketRow, row))

    def _issued(self, id: UUID, row: StoredTicketRow) -> IssuedTicket:
        ticket = Ticket(
            id=id,
            issuer=self.public_key.kid,
            subject=device_subject(self._secret, row["device_id"], id),
            host_id=row["host_id"],
            profile=row["profile"],
            issued_at=row["issued_at"],
            expires_at=row["expires_at"],
        )
        token = sign(ticket, self.public_key)
        return IssuedTicket(ticket, token, row["name"], row["url"], row["signs"])


def _check_limits(row: TicketLimits, now: datetime) -> None:
    if row["today"] >= PER_DAY:
        free_at = day_begin(local_day(now) + timedelta(days=1))
    elif row["unused"] >= MAX_UNUSED and row["next_expiry"]:
        free_at = row["next_expiry"]
    else:
        return
    wait_s = max(1, int((free_at - now).total_seconds()))
    raise Problem(429, "too_many_tickets", headers={"Retry-After": str(wait_s)})

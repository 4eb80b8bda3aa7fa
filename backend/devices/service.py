"""Register and authenticate devices, lock them, record consents."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NotRequired, TypedDict, cast
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.rate_limits import count_attempt, count_for_account, network_of
from backend.database.extensions import Rows, change_rows, db, fetch, fetch_autocommit, setting
from backend.devices import consent
from backend.devices.credentials import code_hash, letters, new_code, new_token, token_hash
from backend.devices.models import Consent, Device, FormerPhone
from backend.errors import Problem

# A team of 200 phones registers at once with its code, whatever others at its address do. Anybody
# reads the code on a poster: who wants to keep the team out there needs ten times as many.
REGISTRATIONS_PER_CODE = 2_000
# Codes that the registrations of an address bring: at this pace one of 5,000 codes in force is
# guessed in 270 hours. Further ones are not looked up.
CODES_PER_ADDRESS = 100_000
# The tables belong to packages above; joining checks the code again.
USABLE_CODE = """
    select from join_codes j join campaigns c on c.id = j.campaign_id and c.state = 'open'
    where j.code = %(code)s and j.revoked_at is null
        and (j.expires_at is null or j.expires_at > %(now)s)
        and (j.uses_most is null or j.uses < j.uses_most)
"""
# A phone that lost the answer retries within seconds or minutes; a later registration with the same
# id comes from another phone or a restored backup.
REPEAT_WITHIN = timedelta(minutes=10)


class ConsentState(TypedDict):
    """The latest consent of a device."""

    version: str
    accepted_at: datetime
    outdated: bool  # the text has a newer version


class Registered(TypedDict):
    """A registered device; token and code are returned only once."""

    id: UUID
    token: str
    withdrawal_code: str
    consent: ConsentState


class DeviceDetails(TypedDict):
    """What is stored about a device."""

    id: UUID
    registered_at: datetime
    platform: str | None
    model: str | None
    app_version: str | None
    consent: ConsentState


class Hashes(TypedDict):
    """Digests of a device's secrets."""

    token_hash: bytes
    withdrawal_hash: bytes


class NewDevice(Hashes):
    """The columns of a new device."""

    id: UUID
    registered_at: datetime
    platform: str | None
    model: str | None
    app_version: str | None
    consent_version: str
    window_start: datetime  # of the hour whose measurements are counted


class ConsentRow(TypedDict):
    """A row of `consents`."""

    device_id: UUID
    version: str
    accepted_at: datetime
    recorded_at: datetime


class DeviceRow(TypedDict):
    """A device as the statements of a post read it."""

    device_id: UUID
    registered_at: datetime
    token_used_at: datetime | None
    platform: str | None
    model: str | None
    app_version: str | None
    consent_version: str
    joined: bool
    version: int
    window_start: datetime
    window_items: int
    receiver_from: datetime | None
    notices: int
    by_token: NotRequired[bool]  # else it was looked up by its id


UNAUTHORIZED = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True, slots=True)
class Agreement:
    """An explicit consent."""

    version: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Registration:
    """The body of a registration."""

    consent: Agreement
    id: UUID | None = None
    platform: str | None = None
    model: str | None = None
    app_version: str | None = None
    join_code: str | None = None  # of the team that the phone is about to join


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """An authenticated device at the time of the request."""

    id: UUID
    registered_at: datetime
    token_used_at: datetime | None
    platform: str | None
    model: str | None
    app_version: str | None
    consent_version: str
    joined: bool  # whether it ever joined a team
    version: int  # raised by every change of its measurements
    window_start: datetime
    window_items: int
    receiver_from: datetime | None  # mock positions count from then on: an external receiver
    notices: int  # that it has yet to read


BY_TOKEN = """
    select id as device_id, registered_at, token_used_at, platform, model, app_version,
        consent_version, joined, version, window_start, window_items, receiver_from, notices,
        true as by_token
    from devices where token_hash = %(digest)s
"""  # noqa: S105 # a statement
FIRST_USE = """
    update devices set token_used_at = coalesce(token_used_at, %(now)s)
    where token_hash = %(digest)s
    returning id as device_id, registered_at, token_used_at, platform, model, app_version,
        consent_version, joined, version, window_start, window_items, receiver_from, notices
"""
MOVED = "select moved_at from former_phones where token_hash = %(digest)s"
# What a device has of the phone that it is on.
OF_PHONE = (
    "token_hash", "withdrawal_hash", "token_used_at", "platform", "model", "app_version",
    "consent_version",
)  # fmt: skip
LOCK = """
    update devices set version = version + 1 where id = %(device)s
    returning id as device_id, registered_at, token_used_at, platform, model, app_version,
        consent_version, joined, version, window_start, window_items, receiver_from, notices
"""


def register(
    registration: Registration, *, secret: str, now: datetime, address: str
) -> tuple[Registered, bool]:
    """Register a device, or repeat the answer to a phone that lost it, with new secrets.

    Return the answer, which alone has the secrets, and whether the device is new.
    """
    _count_registration(registration.join_code, address, now)
    device_id = registration.id or uuid4()
    token, code = new_token(), new_code()
    hashes = _hashes(token, code, secret)
    created = _insert(device_id, registration, now, hashes)
    if not created:
        _renew(device_id, now, hashes)
    answer: Registered = {
        "id": device_id,
        "token": token,
        "withdrawal_code": code,
        "consent": _consent_state(device_id),
    }
    db.session.commit()
    return answer, created


def _count_registration(code: str | None, address: str, now: datetime) -> None:
    """Count a registration on its address, with a join code on this code there.

    Strangers share an address: what they use up keeps no team from registering. Neither does who
    has seen the code and uses it up at another address.
    """
    if code:
        with suppress(Problem):  # a limit of the codes: then the limit of the address decides
            count_attempt("register_code", address, CODES_PER_ADDRESS, now)
            code, most = letters(code), REGISTRATIONS_PER_CODE
            if fetch_autocommit(USABLE_CODE, {"code": code, "now": now}):
                here = f"{code}|{network_of(address)}"
                count_for_account("register_by_code", here, most, now)
                return
    count_attempt("register", address, setting("REGISTRATIONS_PER_HOUR"), now)


def add_demo_devices(registrations: Sequence[tuple[Registration, datetime]], secret: str) -> None:
    """Add devices of the demo, each at its time, in the caller's transaction.

    Their tokens and withdrawal codes are not returned: nobody uses them.
    """
    added = [
        _new_device(one.id or uuid4(), one, at, _hashes(new_token(), new_code(), secret))
        for one, at in registrations
    ]
    consents = [
        _consent_row(row["id"], one.consent, at)
        for row, (one, at) in zip(added, registrations, strict=True)
    ]
    db.session.execute(insert(Device), [{**row, "demo": True} for row in added])
    db.session.execute(insert(Consent), consents)


def authenticate(token: str, now: datetime) -> KnownDevice:
    """Return the device of a token; 401 for an unknown one and for that of a former phone.

    One select and no write, except at the first use of a token: that is recorded at once, even if
    the request fails, because the phone has received the token.
    """
    digest = token_hash(token)
    rows = fetch_autocommit(BY_TOKEN, {"digest": digest})
    if not rows:
        raise _moved(digest) or unauthorized()
    return device_in_use(cast(DeviceRow, rows[0])) or _first_device(
        fetch_autocommit(FIRST_USE, {"digest": digest, "now": now})
    )


def _moved(digest: bytes) -> Problem | None:
    """Return the problem of a phone whose device moved to another one."""
    for row in fetch_autocommit(MOVED, {"digest": digest}):
        members = {"moved_at": row["moved_at"].isoformat()}
        return Problem(401, "phone_moved", headers=UNAUTHORIZED, members=members)
    return None


def device_in_use(row: DeviceRow) -> KnownDevice | None:
    """Return the device of a row; None if its token was read and has not been used before."""
    unused = row["by_token"] and row["token_used_at"] is None
    return None if unused else _known_device(row)


def _first_device(rows: Rows) -> KnownDevice:
    if not rows:
        raise unauthorized()
    return _known_device(cast(DeviceRow, rows[0]))


def _known_device(row: DeviceRow) -> KnownDevice:
    return KnownDevice(
        row["device_id"],
        row["registered_at"],
        row["token_used_at"],
        row["platform"],
        row["model"],
        row["app_version"],
        row["consent_version"],
        row["joined"],
        row["version"],
        row["window_start"],
        row["window_items"],
        row["receiver_from"],
        row["notices"],
    )


def lock_device(device_id: UUID) -> KnownDevice:
    """Lock a device until the transaction ends, and raise its version: verdicts are outdated."""
    return _first_device(fetch(LOCK, {"device": device_id}))


def lock_devices(device_ids: Iterable[UUID]) -> list[UUID]:
    """Lock devices in the order of ids, which avoids deadlocks; return those that exist."""
    locked = []
    for device_id in sorted(set(device_ids)):
        try:
            locked.append(lock_device(device_id).id)
        except Problem:  # withdrawn meanwhile
            continue
    return locked


def lock_row(device_id: UUID) -> Device:
    """Return a device with its row locked until the transaction ends; 401 if withdrawn."""
    row = select(Device).where(Device.id == device_id).with_for_update()
    device: Device | None = db.session.scalar(row)
    if device is None:
        raise unauthorized()
    return device


def unauthorized() -> Problem:
    """Return the problem of a token that is missing, unknown or of a withdrawn device."""
    return Problem(401, "unauthorized", headers=UNAUTHORIZED)


def move(device_id: UUID, new_id: UUID, now: datetime) -> None:
    """Move a device to the phone of a new one, which ends; both are locked.

    The device keeps its id, so limits, caps and verdicts do not depend on the move.
    """
    device, new = lock_row(device_id), lock_row(new_id)
    former = {"token_hash": device.token_hash, "withdrawal_hash": device.withdrawal_hash}
    db.session.add(FormerPhone(device_id=device_id, moved_at=now, **former))
    consents = update(Consent).where(Consent.device_id == new_id)
    change_rows(consents.values(device_id=device_id))
    taken = {name: getattr(new, name) for name in OF_PHONE}
    db.session.delete(new)
    db.session.flush()
    for name, value in taken.items():
        setattr(device, name, value)


def describe(device: KnownDevice) -> DeviceDetails:
    """Return what is stored about a device."""
    return {
        "id": device.id,
        "registered_at": device.registered_at,
        "platform": device.platform,
        "model": device.model,
        "app_version": device.app_version,
        "consent": _consent_state(device.id),
    }


def agreed_to(device: KnownDevice, what: str) -> bool:
    """Return whether the text that a device agreed to names a kind of `NAMED_IN`."""
    return device.consent_version in consent.NAMED_IN[what]


def consent_outdated(device: KnownDevice) -> bool:
    """Return whether the consent of a device is to an older version than the present one."""
    return _is_outdated(device.consent_version)


def _is_outdated(version: str) -> bool:
    return int(version) < int(consent.CURRENT)


def renew_consent(device: KnownDevice, agreement: Agreement, now: datetime) -> ConsentState:
    """Record a further consent, to a newer version of the text."""
    lock_row(device.id).consent_version = agreement.version
    db.session.add(Consent(**_consent_row(device.id, agreement, now)))
    db.session.flush()
    state = _consent_state(device.id)
    db.session.commit()
    return state


def _insert(device_id: UUID, registration: Registration, now: datetime, hashes: Hashes) -> bool:
    """Add the device unless its id exists; waits for a parallel insert."""
    row = insert(Device).values(_new_device(device_id, registration, now, hashes))
    added = row.on_conflict_do_nothing(index_elements=["id"]).returning(Device.id)
    if db.session.execute(added).first() is None:
        return False
    db.session.add(Consent(**_consent_row(device_id, registration.consent, now)))
    return True


def _new_device(
    device_id: UUID, registration: Registration, now: datetime, hashes: Hashes
) -> NewDevice:
    return {
        "id": device_id,
        "registered_at": now,
        "platform": registration.platform,
        "model": registration.model,
        "app_version": registration.app_version,
        "consent_version": registration.consent.version,
        "window_start": now,
        **hashes,
    }


def _hashes(token: str, code: str, secret: str) -> Hashes:
    return {"token_hash": token_hash(token), "withdrawal_hash": code_hash(code, secret)}


def _renew(device_id: UUID, now: datetime, hashes: Hashes) -> None:
    """Replace unused secrets of a new device; 409 if they were used or it is older."""
    try:
        device = lock_row(device_id)
    except Problem:  # withdrawn meanwhile
        raise Problem(409, "already_registered") from None
    if device.token_used_at is not None or now - device.registered_at > REPEAT_WITHIN:
        raise Problem(409, "already_registered")
    device.token_hash = hashes["token_hash"]
    device.withdrawal_hash = hashes["withdrawal_hash"]
    db.session.flush()


def _consent_row(device_id: UUID, agreement: Agreement, now: datetime) -> ConsentRow:
    return {
        "device_id": device_id,
        "version": agreement.version,
        "accepted_at": agreement.accepted_at,
        "recorded_at": now,
    }


def _consent_state(device_id: UUID) -> ConsentState:
    """Return the latest consent of a device; outdated if the text has a newer version."""
    latest = (
        select(Consent.version, Consent.accepted_at)
        .where(Consent.device_id == device_id)
        .order_by(Consent.id.desc())
        .limit(1)
    )
    agreement = db.session.execute(latest).first()
    if agreement is None:  # withdrawn meanwhile
        raise unauthorized()
    return {
        "version": agreement.version,
        "accepted_at": agreement.accepted_at,
        "outdated": _is_outdated(agreement.version),
    }

"""Register a device, know it by its token, give it another one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import null, select
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.rate_limits import Caller, count_attempt
from backend.database.extensions import db, fetch, fetch_autocommit
from backend.devices import consent
from backend.devices.credentials import code_hash, new_code, new_token, token_hash
from backend.devices.models import Consent, Device
from backend.devices.registration import (
    Agreement,
    ConsentState,
    KnownDevice,
    Registered,
    Registration,
    Self,
)
from backend.errors import FieldError, Problem

# A phone that lost the answer tries again within seconds or minutes; an id that turns up later
# is somebody else's or a restored backup.
REPEAT_WITHIN = timedelta(minutes=10)

_KNOWN = """id as device_id, registered_at, token_used_at, platform, model, app_version,
    consent_version, next_token_hash is not null as rotation_pending, joined, version, window_start,
    window_items"""
# Every post begins with this. One index each: for `or`, a plan made while the table is small
# would read all of it.
BY_TOKEN = f"""
    select {_KNOWN}, false as is_next from devices where token_hash = %(digest)s
    union all
    select {_KNOWN}, true from devices where next_token_hash = %(digest)s
"""  # noqa: S608 # names of columns
_FIELDS = tuple(KnownDevice.__dataclass_fields__)
BY_TOKEN_READ = ("device_id", *_FIELDS[1:], "is_next")
FIRST_USE = f"""
    update devices set
        token_hash = %(digest)s,
        next_token_hash = nullif(next_token_hash, %(digest)s),
        token_used_at = case when next_token_hash = %(digest)s then %(now)s
                             else coalesce(token_used_at, %(now)s) end
    where token_hash = %(digest)s or next_token_hash = %(digest)s
    returning {_KNOWN}
"""  # noqa: S608
HOLD = f"""
    update devices set version = version + 1 where id = %(device)s returning {_KNOWN}
"""  # noqa: S608


def register(
    asked: Registration,
    *,
    secret: str,
    now: datetime,
    caller: Caller | None = None,
    require_attestation: bool = False,
    demo: bool = False,
) -> Registered:
    """Register a device, or repeat the answer that a phone lost, with fresh secrets."""
    if caller is not None:
        count_attempt("register", caller, secret, now)
    if require_attestation and asked.attestation is None:
        raise Problem(422, "attestation_required", [FieldError("attestation", "required")])
    device_id = asked.id or uuid4()
    token, code = new_token(), new_code()
    hashes = {"token_hash": token_hash(token), "withdrawal_hash": code_hash(code, secret)}
    created = _insert(device_id, asked, now, demo, hashes)
    if not created:
        _renew(device_id, now, hashes)
    state = _consent_state(device_id)
    db.session.commit()
    return Registered(device_id, token, code, state, created)


def authenticate(token: str, now: datetime) -> KnownDevice:
    """Find the device of a token; 401 where there is none.

    One select and no write, except at the first use of a token: that is noted at once, whatever
    becomes of the request, since who sends a token has it.
    """
    digest = token_hash(token)
    found = fetch_autocommit(BY_TOKEN, {"digest": digest})
    if not found:
        raise unauthorized()
    return noted(found[0]) or _known(fetch_autocommit(FIRST_USE, {"digest": digest, "now": now}))


def noted(row: Mapping[str, Any]) -> KnownDevice | None:
    """A device as `BY_TOKEN` found it; None where the token's first use is still to be noted."""
    return None if row["is_next"] or row["token_used_at"] is None else _known([row])


def _known(found: Sequence[Mapping[str, Any]]) -> KnownDevice:
    if not found:
        raise unauthorized()
    return KnownDevice(found[0]["device_id"], *[found[0][name] for name in _FIELDS[1:]])


def hold(device_id: UUID) -> KnownDevice:
    """Hold a device until the transaction ends; whatever was judged before is outdated."""
    return _known(fetch(HOLD, {"device": device_id}))


def hold_all(device_ids: Iterable[UUID]) -> list[UUID]:
    """Hold devices in the order of their ids, so that nobody deadlocks; those that are there."""
    held = []
    for device_id in sorted(set(device_ids)):
        try:
            held.append(hold(device_id).id)
        except Problem:  # withdrawn in this very moment
            continue
    return held


def lock(device_id: UUID) -> Device:
    """Read a device and hold its row until the transaction ends; 401 if it was withdrawn."""
    row = select(Device).where(Device.id == device_id).with_for_update()
    device: Device | None = db.session.scalar(row)
    if device is None:
        raise unauthorized()
    return device


def unauthorized() -> Problem:
    """The answer to a token that is missing, unknown or of a withdrawn device."""
    return Problem(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})


def describe(device: KnownDevice) -> Self:
    """Tell a device what is known of it."""
    return Self(
        id=device.id,
        registered_at=device.registered_at,
        platform=device.platform,
        model=device.model,
        app_version=device.app_version,
        rotation_pending=device.rotation_pending,
        consent=_consent_state(device.id),
    )


def rotate(device: KnownDevice) -> str:
    """Give a device its next token; the present one stays valid until that is first used."""
    token = new_token()
    lock(device.id).next_token_hash = token_hash(token)
    db.session.commit()
    return token


def renew_consent(device: KnownDevice, given: Agreement, now: datetime) -> ConsentState:
    """Note that a person agreed again, as to a newer version of the text."""
    lock(device.id).consent_version = given.version
    _add_consent(device.id, given, now)
    db.session.flush()
    state = _consent_state(device.id)
    db.session.commit()
    return state


def _insert(
    device_id: UUID, asked: Registration, now: datetime, demo: bool, hashes: dict[str, bytes]
) -> bool:
    """Add the device unless its id is there; one that is being added just now is waited for."""
    row = insert(Device).values(
        id=device_id,
        registered_at=now,
        platform=asked.platform,
        model=asked.model,
        app_version=asked.app_version,
        attestation=null() if asked.attestation is None else asked.attestation,
        consent_version=asked.consent.version,
        demo=demo,
        window_start=now,
        **hashes,
    )
    added = row.on_conflict_do_nothing(index_elements=["id"]).returning(Device.id)
    if db.session.execute(added).first() is None:
        return False
    _add_consent(device_id, asked.consent, now)
    return True


def _renew(device_id: UUID, now: datetime, hashes: dict[str, bytes]) -> None:
    """Replace the secrets of a device that has not used them; 409 once it has, or is old."""
    try:
        device = lock(device_id)
    except Problem:  # withdrawn in this very moment
        raise Problem(409, "already_registered") from None
    if device.token_used_at is not None or now - device.registered_at > REPEAT_WITHIN:
        raise Problem(409, "already_registered")
    device.token_hash = hashes["token_hash"]
    device.next_token_hash = None
    device.withdrawal_hash = hashes["withdrawal_hash"]
    db.session.flush()


def _add_consent(device_id: UUID, given: Agreement, now: datetime) -> None:
    db.session.add(
        Consent(
            device_id=device_id,
            version=given.version,
            accepted_at=given.accepted_at,
            recorded_at=now,
        )
    )


def _consent_state(device_id: UUID) -> ConsentState:
    latest = (
        select(Consent.version, Consent.accepted_at)
        .where(Consent.device_id == device_id)
        .order_by(Consent.id.desc())
        .limit(1)
    )
    given = db.session.execute(latest).first()
    if given is None:  # withdrawn in this very moment
        raise unauthorized()
    return ConsentState(given.version, given.accepted_at, given.version != consent.CURRENT)

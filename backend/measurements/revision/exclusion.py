"""Exclude measurements from the counts or include them again, with verdicts and earnings."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from backend.accounts.audit import record_command
from backend.database.extensions import db
from backend.errors import Problem
from backend.measurements.recording.counting import CountDeltas
from backend.measurements.revision.service import lock_rows, revise_chosen

# Only measurements whose latest decision differs. A lift includes those excluded by its own act,
# not those that were excluded again since.
DECIDE = text("""
    insert into exclusions (measurement_id, excluded, reason, act_id)
    select m.id, :excluded, :reason, :act
    from measurements m left join lateral (
        select e.excluded, e.act_id from exclusions e
        where e.measurement_id = m.id order by e.id desc limit 1
    ) latest on true
    where m.id = any(:ids) and m.device_id is not distinct from cast(:device as uuid)
      and m.raw is not null and coalesce(latest.excluded, false) <> :excluded
      and (cast(:lifts as int) is null or latest.act_id = :lifts)
    returning measurement_id
""")


@dataclass(frozen=True, slots=True)
class Decision:
    """An exclusion, or with `lifts` the lifting of that act; `act` is None for the CLI."""

    reason: str
    act: int | None = None
    lifts: int | None = None

    @property
    def excluded(self) -> bool:
        return self.lifts is None


def decide_on_device(
    device: UUID | None, ids: Sequence[UUID], decision: Decision, count_manual: bool
) -> CountDeltas:
    """Decide on measurements of one device, under its lock; the caller commits."""
    joined = lock_rows(device)
    values = {
        "device": device,
        "ids": list(ids),
        "excluded": decision.excluded,
        "reason": decision.reason,
        "act": decision.act,
        "lifts": decision.lifts,
    }
    decided = list(db.session.execute(DECIDE, values).scalars())
    return revise_chosen(device, decided, joined, count_manual) if decided else CountDeltas()


def exclude(identity: UUID, reason: str, key: str, count_manual: bool) -> None:
    """Exclude a measurement from the counts; audited, and an input of its verdict.

    The audit log is never changed, but a withdrawal has to remove the client's id: the log
    contains a digest of it, keyed by the installation.
    """
    where = text("select device_id from measurements where id = :id and raw is not null")
    found = db.session.execute(where, {"id": identity}).one_or_none()
    if found is None:
        raise Problem(404, "not_found")
    decide_on_device(found.device_id, [identity], Decision(reason), count_manual)
    record_command("exclude", f"measurement:{pseudonym(identity, key)}", reason=reason)
    db.session.commit()


def pseudonym(identity: UUID, key: str) -> str:
    """Return the name of a measurement in the audit log, a keyed digest of its id."""
    return hmac.digest(key.encode(), b"audit|" + identity.bytes, hashlib.sha256).hex()[:32]

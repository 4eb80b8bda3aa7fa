"""Take measurements out of the counts, or in again; verdicts, counts and earnings follow."""

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
from backend.measurements.revision.service import hold, revise_chosen

# Each with the latest decision on it otherwise: what is out stays out, and once. A lift takes in
# again what its own act holds out, and nothing that was excluded again since.
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
    """Out, or with `lifts` in again what that act took out; `act` is null for the shell's."""

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
    joined = hold(device)
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
    """Take a measurement out of the counts; an audited row that judging takes as input.

    The audit log keeps for ever what is written into it, and a withdrawal has to make the
    client's id disappear: the log holds a digest of it, under the installation's key.
    """
    where = text("select device_id from measurements where id = :id and raw is not null")
    found = db.session.execute(where, {"id": identity}).one_or_none()
    if found is None:
        raise Problem(404, "not_found")
    decide_on_device(found.device_id, [identity], Decision(reason), count_manual)
    record_command("exclude", f"measurement:{pseudonym(identity, key)}", reason=reason)
    db.session.commit()


def pseudonym(identity: UUID, key: str) -> str:
    """The name of a measurement in the audit log: whoever has id and key finds the entry."""
    return hmac.digest(key.encode(), b"audit|" + identity.bytes, hashlib.sha256).hex()[:32]

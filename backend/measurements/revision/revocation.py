"""Take the proof of a revoked measuring host from the samples that it proved."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from backend.accounts.audit import record_command
from backend.clock import local_day
from backend.database.extensions import db
from backend.errors import invalid
from backend.measurements.recording.archived import require_rows
from backend.measurements.recording.requirements import requirements
from backend.measurements.revision import service
from backend.witness import hosts

# Tickets are deleted with their device, and when no sample can come with them any more.
OF_HOST = text("""
    select m.device_id, array_agg(m.id) as ids
    from tickets t join measurements m on m.id = t.used_by
    where t.host_id = :host and m.received_at >= :since and m.device_id = t.device_id
        and m.assurance in ('witnessed', 'ticketed') and m.raw is not null
    group by m.device_id order by m.device_id
""")
REVOKED = "host_revoked"


def revoke_host(host: UUID, reason: str, now: datetime, since: datetime) -> tuple[int, int]:
    """Revoke a measuring host; samples received from `since` on that it proved become claimed.

    Return the number of samples and of changed verdicts; audited with both. It works device by
    device, so that it can be stopped and run again. Frozen reports and releases stay.
    """
    if since > now:
        raise invalid("since", "in_future")
    require_rows(f"{local_day(since):%Y-%m}")
    hosts.revoke_host(host, reason, now, since)
    samples = changed = 0
    for device, ids in db.session.execute(OF_HOST, {"host": host, "since": since}).all():
        done = _withdraw_proof(device, ids)
        db.session.commit()
        samples += len(ids)
        changed += done.rejudged
    record_command("hosts.revoke_samples", str(host), samples=samples, changed=changed)
    db.session.commit()
    return samples, changed


def _withdraw_proof(device: UUID, ids: Sequence[UUID]) -> service.Revision:
    """Make samples of a device claimed, and judge them again."""
    joined = service.lock_rows(device)
    rows, known = service.read_chosen(device, ids), requirements()
    changed = []
    for row in rows:
        claimed: service.RevisedRow = {
            **row, "assurance": "claimed", "marks": [*row["marks"], REVOKED]
        }  # fmt: skip
        derived = service.derive_row(claimed, known)
        derived["assurance"] = "claimed"
        changed.append(derived)
    return service.revise_rows(device, rows, changed, joined)

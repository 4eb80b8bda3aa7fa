"""Write notices to phones: to all, or those that measured in a unit or month; list and end them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.clock import month_end, month_start
from backend.database.extensions import change_rows, db
from backend.devices.models import Notice, NoticePhone
from backend.errors import invalid, or_404
from backend.organisations.references import serialize_with_unit, unit_id

MAX_TEXT = 500
MAX_LISTED = 200
ACT = "system.manage"
FIELDS = ("id", "text", "month", "sent_at", "until")
# The phones known at this moment; those of a unit or month by their samples.
PHONES = """
    from devices d
    where (cast(:unit as integer) is null and cast(:first as date) is null) or exists (
        select from measurements m where m.device_id = d.id
            and (cast(:first as date) is null or m.day between :first and :last)
            and (cast(:unit as integer) is null or m.unit_id in (
                select id from units
                where level = 'commune' and :unit in (id, parent_id, province_id)))
    )
"""
COUNT = text(f"select count(*) {PHONES}")
SEND = text(f"""
    with chosen as (
        insert into notice_phones (notice_id, device_id) select :notice, d.id {PHONES}
        returning device_id
    )
    update devices set notices = notices + 1 from chosen where id = chosen.device_id
""")  # noqa: S608


def send(actor: Actor, data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Send a notice, or with `preview` return the number of phones that it is for."""
    require(actor, ACT)
    if data["until"] <= now:
        raise invalid("until", "in_past")
    month = data["month"]
    phones = {
        "unit": unit_id(data["unit"], "unit"),
        "first": month and month_start(month),
        "last": month and month_end(month),
    }
    notice = Notice(text=data["text"], unit_id=phones["unit"], month=month, until=data["until"])
    if data["preview"]:
        n, notice.id = db.session.scalar(COUNT, phones), 0
        return _serialize(notice, {"phones": n, "delivered": 0, "read": 0})
    notice.sent_at, notice.user_id = now, actor.user_id or 0
    db.session.add(notice)
    db.session.flush()
    n = change_rows(SEND, phones | {"notice": notice.id})
    record_act(actor, "notice.send", f"notice:{notice.id}", phones=n)
    db.session.commit()
    return _serialize(notice, {"phones": n, "delivered": 0, "read": 0})


def end(actor: Actor, notice_id: int, now: datetime) -> None:
    """End a notice: phones that have not read it do not get it any more."""
    require(actor, ACT)
    notice = or_404(db.session.get(Notice, notice_id, with_for_update=True))
    if notice.until > now:
        notice.until = now
        record_act(actor, "notice.end", f"notice:{notice_id}")
    db.session.commit()


def list_notices(actor: Actor) -> dict[str, Any]:
    """List notices, the newest first, each with the phones that it is for, has and that read it.

    Phones that withdrew are in none of the numbers.
    """
    require(actor, ACT)
    rows = db.session.scalars(select(Notice).order_by(Notice.id.desc()).limit(MAX_LISTED)).all()
    numbers = db.session.execute(
        select(
            NoticePhone.notice_id,
            func.count().label("phones"),
            func.count(NoticePhone.delivered_at).label("delivered"),
            func.count(NoticePhone.read_at).label("read"),
        )
        .where(NoticePhone.notice_id.in_([row.id for row in rows]))
        .group_by(NoticePhone.notice_id)
    ).mappings()
    by_notice: dict[int, Mapping[Any, Any]] = {row["notice_id"]: row for row in numbers}
    return {"items": [_serialize(row, by_notice.get(row.id, {})) for row in rows]}


def _serialize(row: Notice, numbers: Mapping[Any, Any]) -> dict[str, Any]:
    [answer] = serialize_with_unit([row], FIELDS)
    return answer | {name: numbers.get(name, 0) for name in ("phones", "delivered", "read")}

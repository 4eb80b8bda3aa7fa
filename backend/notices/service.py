"""Write notices to phones: to all, or those that measured in a unit or month; list and end them."""

from datetime import datetime
from typing import TypedDict

from sqlalchemy import func, select, text

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.clock import month_end, month_start
from backend.database.extensions import change_rows, db
from backend.devices.models import Notice, NoticePhone
from backend.errors import invalid, or_404
from backend.organisations.references import UnitBrief, UnitReference, serialize_units, unit_id

MAX_TEXT = 500
MAX_LISTED = 200
ACT = "system.manage"
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


class NewNotice(TypedDict):
    """A notice to send, and to which phones."""

    text: str
    unit: UnitReference | None  # in which a phone measured; null: anywhere
    month: str | None  # YYYY-MM, in which a phone measured; null: any
    until: datetime  # phones get it before
    preview: bool  # only count the phones


class NoticeNumbers(TypedDict):
    """How many phones have a notice."""

    phones: int  # that it is for
    delivered: int
    read: int


class NoticeAnswer(NoticeNumbers):
    """A notice with its numbers of phones."""

    id: int  # 0: a preview
    text: str
    month: str | None  # YYYY-MM
    sent_at: datetime | None  # null: a preview
    until: datetime
    unit: UnitBrief | None


class Notices(TypedDict):
    """Notices, the newest first."""

    items: list[NoticeAnswer]


def send(actor: Actor, data: NewNotice, now: datetime) -> NoticeAnswer:
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


def list_notices(actor: Actor) -> Notices:
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
    by_notice: dict[int, NoticeNumbers] = {
        row["notice_id"]: {
            "phones": row["phones"],
            "delivered": row["delivered"],
            "read": row["read"],
        }
        for row in numbers
    }
    return {"items": [_serialize(row, by_notice.get(row.id, NO_PHONES)) for row in rows]}


NO_PHONES: NoticeNumbers = {"phones": 0, "delivered": 0, "read": 0}


def _serialize(row: Notice, numbers: NoticeNumbers) -> NoticeAnswer:
    return {
        "id": row.id,
        "text": row.text,
        "month": row.month,
        "sent_at": row.sent_at,
        "until": row.until,
        "unit": serialize_units([row.unit_id]).get(row.unit_id),
        **numbers,
    }

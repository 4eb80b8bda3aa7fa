"""Reminders mailed to contacts of an area's units: each at most once in twelve hours."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from backend.accounts import users
from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.accounts.rate_limits import count_for_account
from backend.contacts.models import ContactReminder
from backend.contacts.service import ACT, area_contacts
from backend.database.extensions import change_rows, db
from backend.errors import Problem, invalid
from backend.mail import compose, send_all
from backend.organisations.scopes import unit_scope
from backend.units.service import UnitRow

# A contact that was reminded in the morning is not reminded again by a colleague the same day.
GAP = timedelta(hours=12)
# An official reminds the groups of a few networks, and corrects a mistake.
SENDINGS_PER_HOUR = 20


@dataclass(frozen=True, slots=True)
class Recipient:
    """A contact with an e-mail address, and the unit that the reminder is about."""

    id: int
    unit: Mapping[str, Any]  # an item of the area's overview
    name: str
    office: str | None
    email: str
    reminded_at: datetime | None  # within GAP: not again


@dataclass(frozen=True, slots=True)
class Mailing:
    """The chosen recipients in an area, of `list_recipients`, and what each of them gets."""

    area: UnitRow
    month: str
    network: str
    recipients: Sequence[Recipient]
    subject: Callable[[Recipient], str]
    text: Callable[[Recipient], str]


class Sender(TypedDict):
    """The person who sends mails; they name both."""

    name: str | None
    address: str | None  # of e-mail


def sender_of(actor: Actor) -> Sender:
    """Return the name and the e-mail address of a person, which stand in the mails."""
    user = users.find(actor.user_id, lock=False) if actor.user_id else None
    login = user.name if user else None
    address = login if login and "@" in login else None
    return {"name": user.display_name if user else None, "address": address}


def list_recipients(
    actor: Actor, area: UnitRow, units: Iterable[Mapping[str, Any]], network: str, now: datetime
) -> list[Recipient]:
    """Return the contacts with an e-mail address of units of an area; none outside the own area."""
    listed = list(units)
    people = area_contacts(actor, area, {unit["code"] for unit in listed}, now)
    ids = [one["id"] for found in people.values() for one in found]
    late = select(ContactReminder.contact_id, ContactReminder.sent_at).where(
        ContactReminder.contact_id.in_(ids),
        ContactReminder.network == network,
        ContactReminder.sent_at > now - GAP,
    )
    reminded = {row.contact_id: row.sent_at for row in db.session.execute(late)}
    return [
        Recipient(
            one["id"], unit, one["name"], one["office"], one["email"], reminded.get(one["id"])
        )
        for unit in listed
        for one in people.get(unit["code"], [])
        if one["email"]
    ]


def send_reminders(
    actor: Actor, mailing: Mailing, settings: Mapping[str, Any], now: datetime
) -> dict[str, list[Recipient]]:
    """Mail the chosen recipients, each alone; return those by what became of their mail.

    The contacts are marked before the mails go out, so that of two clicks one sends; those whose
    mail the server did not take are unmarked. Raises 404 outside the own area, 409 without a mail
    server, 422 without a recipient, 429 after many sendings.
    """
    require(actor, ACT, unit_scope(mailing.area.id), hidden=True)
    if not settings["SMTP_HOST"]:
        raise Problem(409, "no_mail_server")
    picked, network = mailing.recipients, mailing.network
    if not picked:
        raise invalid("contact", "nobody_chosen")
    count_for_account("reminder_mail", actor.name, SENDINGS_PER_HOUR, now)
    claimed = _claim([one.id for one in picked], network, now)
    db.session.commit()
    reply_to = sender_of(actor)["address"]
    messages = {
        one.id: compose(
            [one.email], mailing.subject(one), mailing.text(one), settings, reply_to=reply_to
        )
        for one in picked
        if one.id in claimed
    }
    sent = set(send_all(messages, settings))
    unsent = ContactReminder.contact_id.in_(claimed - sent), ContactReminder.network == network
    change_rows(delete(ContactReminder).where(*unsent))
    failed = [one for one in picked if one.id in claimed - sent]  # the server took no mail
    before = [one for one in picked if one.id not in claimed]  # within GAP, also just before
    record_act(
        actor,
        "reminder.mail",
        f"unit:{mailing.area.id}",
        month=mailing.month,
        network=network,
        contacts=sorted(sent),
        failed=len(failed),
    )
    db.session.commit()
    done = [one for one in picked if one.id in sent]
    return {"sent": done, "before": before, "failed": failed}


def _claim(contacts: Collection[int], network: str, now: datetime) -> set[int]:
    """Mark contacts as reminded; return those that were not within GAP. The caller commits."""
    row = insert(ContactReminder).values(
        [{"contact_id": one, "network": network, "sent_at": now} for one in sorted(set(contacts))]
    )
    marked = row.on_conflict_do_update(
        index_elements=["contact_id", "network"],
        set_={"sent_at": row.excluded.sent_at},
        where=ContactReminder.sent_at <= now - GAP,
    ).returning(ContactReminder.contact_id)
    return set(db.session.scalars(marked))

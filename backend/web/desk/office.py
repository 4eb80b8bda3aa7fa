"""Pages of an official's office: contacts of its units, outreach, and reminders."""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response, current_app, request

from backend.accounts.authentication import actor
from backend.clock import local_day, month_end, this_month
from backend.contacts import reminders
from backend.contacts.importer import HEADS, export_contacts, import_contacts
from backend.contacts.schemas import ContactFormSchema
from backend.contacts.service import UnitContacts, list_contacts, remove_contact, save_contact
from backend.coverage.alerts.overview import AreaUnit
from backend.coverage.alerts.service import SILENT_DAYS
from backend.coverage.figures.unit_access import authorized_unit
from backend.errors import Problem, invalid
from backend.http.requests import as_attachment, clock_now
from backend.outreach.importer import COLUMNS, OutreachImport, import_outreach
from backend.outreach.service import KINDS, SEE, enter_for_area, list_of_area
from backend.outreach.service import remove as remove_activity
from backend.reports.action_plan.service import plan_of_province
from backend.reports.files.letter import DOCX, WORDS
from backend.reports.files.tables import format_cell
from backend.reports.reminders.service import GROUPS as REMINDED
from backend.reports.reminders.service import draft_reminder
from backend.units.service import units_on
from backend.web.desk import schemas
from backend.web.desk.area import AreaPage, list_months, show_area
from backend.web.desk.frame import add_frame
from backend.web.site.blueprint import READ_WRITE, PageBlueprint
from backend.web.site.forms import Form, new_form, redirect_to, render_form, uploaded_content
from backend.web.site.outreach import OutreachQuery, OutreachQuerySchema, submit_activity
from backend.web.site.pages import Translator, render_private
from backend.web.site.schemas import (
    FiguresPageQuery,
    FiguresPageQuerySchema,
    LangQuery,
    MonthQuery,
    MonthQuerySchema,
)
from backend.web.site.tables import list_page

bp = PageBlueprint("office", __name__, login_required=True, url_prefix="/desk")
bp.context_processor(add_frame)
# A workbook of 5,000 contacts; its form sends it a second time as text.
MAX_TABLE = 300_000


@bp.page("/area/<code>/contacts", schemas.ContactsQuerySchema, methods=READ_WRITE)
def contacts(query: schemas.ContactsQuery, code: str) -> Response:
    """List the contacts of an area's units; add one, or change one."""
    form, user, now = new_form(query), actor(), clock_now()
    units = list_contacts(user, code, now)
    edited = request.form.get("id", query["id"], type=int)
    form.stored = next((one for one in _forms_of(units) if one["id"] == edited), None)
    if form.submit(ContactFormSchema(), lambda data: save_contact(user, code, data, now)):
        return redirect_to("office.contacts", query, code=code)
    if not form.failed:
        form.values = form.stored or {"unit": query["unit"]}
    return render_private(
        "web/desk/contacts.html", query["lang"], form=form, units=units, code=code
    )


def _forms_of(units: Sequence[UnitContacts]) -> Iterator[dict[str, Any]]:
    """Yield each contact with the fields of the form."""
    for one in units:
        for person in one["contacts"]:
            yield dict(person) | {"unit": one["unit"].code, "phone": person["phone_text"]}


@bp.page("/area/<code>/contacts/<int:contact_id>/remove", methods=("POST",))
def remove(query: LangQuery, code: str, contact_id: int) -> Response:
    """Remove a contact."""
    remove_contact(actor(), code, contact_id, clock_now())
    return redirect_to("office.contacts", query, code=code)


@bp.page("/area/<code>/contacts.csv")
def contact_table(query: LangQuery, code: str) -> Response:
    """Download the contacts of an area, with a row for each unit that has none."""
    content = export_contacts(actor(), code, clock_now())
    name = f"dau-moi-{code}.csv"
    return as_attachment(content, "text/csv; charset=utf-8", name, stored=False)


@bp.page("/area/<code>/contacts/import", methods=READ_WRITE, upload_most=MAX_TABLE)
def contact_import(query: LangQuery, code: str) -> Response:
    """Import contacts from a table, after a preview."""
    form, user, now = new_form(query), actor(), clock_now()
    units = list_contacts(user, code, now)  # 404 outside the own area

    def run(fields: schemas.PreviewForm) -> dict[str, Any]:
        raw, dry_run = sent_table(form), fields["preview"]
        return import_contacts(user, code, raw, dry_run=dry_run, now=now, language=form.language)

    result = form.submit(schemas.PreviewFormSchema(), run)
    if result and not result["dry_run"] and not result["totals"]["error"]:
        return redirect_to("office.contacts", query, code=code)
    values = {
        "form": form,
        "result": result,
        "unit": units[0]["unit"],
        "code": code,
        "heads": HEADS,
    }
    return render_private("web/desk/contact_import.html", query["lang"], **values)


def sent_table(form: Form) -> bytes:
    """Return the table of a form, which sends it again as text, so that it is chosen once."""
    content = uploaded_content()
    if content is not None:
        form.values["table"] = b64encode(content).decode()
    try:
        raw = b64decode(form.values.get("table") or "")
    except ValueError:
        raise invalid("file", "not_table") from None
    if not raw:
        raise invalid("file", "required")
    return raw


@bp.page("/area/<code>/outreach", OutreachQuerySchema, methods=READ_WRITE)
def outreach(query: OutreachQuery, code: str) -> Response:
    """List the outreach activities in an area; enter one, or change one."""
    form, user, now = new_form(query), actor(), clock_now()
    listed = list_of_area(user, code, query["month"], now)
    unit = authorized_unit(user, SEE, code, None, listed["month"])
    edited = request.form.get("id", query["id"], type=int)
    saved = submit_activity(
        form, listed["items"], edited, lambda data: enter_for_area(user, code, data, now), now
    )
    if saved:
        month = f"{saved['day']:%Y-%m}"
        return redirect_to("office.outreach", query, code=code, month=month)
    last_day = min(local_day(now), month_end(listed["month"]))
    if not form.failed:
        today = last_day if listed["month"] == this_month(now) else None
        places = {one["id"]: one["unit"]["code"] for one in listed["items"]}
        form.values = {**(form.stored or {"day": today}), "unit": places.get(edited or 0, code)}
    inside = units_on(last_day, "commune", code) if unit.level == "province" else []
    values = {"unit": unit, "code": code, "outreach": listed, "last_day": last_day}
    values |= {"listed": list_page(listed["items"], query["page"]), "kinds": KINDS}
    values |= {"places": [unit, *inside], "months": list_months(user, unit, now)}
    return render_form("web/desk/outreach.html", query, form, **values)


@bp.page("/area/<code>/outreach/<int:entry_id>/remove", methods=("POST",))
def outreach_remove(query: LangQuery, code: str, entry_id: int) -> Response:
    """Remove an outreach activity."""
    remove_activity(actor(), entry_id, frozenset({request.form.get("version", "")}))
    return redirect_to("office.outreach", query, code=code, month=request.form.get("month"))


@bp.page(
    "/area/<code>/outreach/import", MonthQuerySchema, methods=READ_WRITE, upload_most=MAX_TABLE
)
def outreach_import(query: MonthQuery, code: str) -> Response:
    """Import outreach activities of a month from a table, after a preview."""
    form, user, now = new_form(query), actor(), clock_now()
    month = query["month"] or this_month(now)
    unit = authorized_unit(user, SEE, code, None, month)

    def run(fields: schemas.PreviewForm) -> OutreachImport:
        raw, dry_run = sent_table(form), fields["preview"]
        language = form.language
        return import_outreach(user, code, month, raw, dry_run=dry_run, now=now, language=language)

    result = form.submit(schemas.PreviewFormSchema(), run)
    if result and not result["dry_run"] and not result["totals"]["error"]:
        return redirect_to("office.outreach", query, code=code, month=month)
    values = {"form": form, "result": result, "unit": unit, "code": code, "chosen_month": month}
    template = "web/desk/outreach_import.html"
    return render_private(template, query["lang"], columns=COLUMNS, **values)


@bp.page("/area/<code>/action-plan.docx", FiguresPageQuerySchema)
def action_plan(query: FiguresPageQuery, code: str) -> Response:
    """Download the plan of action of a province's running month as a Word file."""
    made = plan_of_province(actor(), code, query["month"], query["network"], clock_now())
    return as_attachment(made.render(), DOCX, made.name, stored=False)


@bp.page("/area/<code>/remind/mail", schemas.RemindQuerySchema, methods=READ_WRITE)
def remind_by_mail(query: schemas.RemindQuery, code: str) -> Response:
    """Show who gets a reminder by mail; send it to the chosen contacts."""
    form, user, now, config = new_form(query), actor(), clock_now(), current_app.config
    page = show_area(user, code, {**query, "sort": "-shortfall", "page": 1}, now)
    units = units_to_remind(page, query["show"]) if page.running else []
    people = reminders.list_recipients(user, page.unit, units, page.query.network, now)
    sender = reminders.sender_of(user)

    def send(fields: dict[str, Any]) -> Any:
        chosen = [one for one in people if str(one.id) in fields["contact"]]
        return reminders.send_reminders(user, compose_mailing(page, chosen, sender), config, now)

    result = form.submit(schemas.ReminderMailSchema(), send, lists=["contact"])
    reached = {one.unit["code"] for one in people}
    values: dict[str, Any] = {"form": form, "area": page, "group": query["show"]}
    values |= {"recipients": people, "result": result, "sender": sender}
    values |= {"without": [one for one in units if one["code"] not in reached]}
    values |= {"ready": bool(config["SMTP_HOST"]), "mail_from": config["MAIL_FROM"]}
    if people:
        mailing = compose_mailing(page, people, sender)
        sample = next((one for one in people if not one.reminded_at), people[0])
        values |= {"sample": sample, "subject": mailing.subject(sample)}
        values |= {"text": mailing.text(sample)}
    return render_private("web/desk/remind_mail.html", query["lang"], **values)


@bp.page("/area/<code>/reminder-letter", schemas.ReminderQuerySchema)
def reminder_letter(query: schemas.ReminderQuery, code: str) -> Response:
    """Show the letter that urges communes to measure, before it is downloaded."""
    draft = draft_reminder(actor(), code, query, clock_now())
    values = {"draft": draft, "code": code, "words": WORDS, "cell": format_cell}
    return render_private("web/desk/reminder_letter.html", query["lang"], **values)


@bp.page("/area/<code>/reminder-letter.docx", schemas.ReminderQuerySchema)
def reminder_file(query: schemas.ReminderQuery, code: str) -> Response:
    """Download the letter as a Word file, which the office completes and signs."""
    draft = draft_reminder(actor(), code, query, clock_now())
    if not draft.situation.communes:
        raise Problem(404, "not_found")
    return as_attachment(draft.render(), DOCX, draft.name, stored=False)


def units_to_remind(area: AreaPage, group: schemas.Reminded) -> list[AreaUnit]:
    """Return the units of a group, or of all groups that lack samples (`lacking`)."""
    groups = REMINDED if group == "lacking" else (group,)
    return [one for one in area.rows if one["group"] in groups]


def compose_mailing(
    area: AreaPage, recipients: list[reminders.Recipient], sender: reminders.Sender
) -> reminders.Mailing:
    """Return the mails to recipients, in Vietnamese whatever language the official reads."""
    values = Translator("vi", None).template_values()
    values |= {"area": area, "sender": sender, "silent_days": SILENT_DAYS}
    module = current_app.jinja_env.get_template("web/desk/reminder_mail.html").make_module(values)
    written: Any = module

    def text(one: reminders.Recipient) -> str:
        lines = written.mail(one).unescape().strip().splitlines()
        return "\n".join(line.strip() for line in lines) + "\n"

    return reminders.Mailing(
        area=area.unit,
        month=area.query.month,
        network=area.query.network,
        recipients=recipients,
        subject=lambda one: " ".join(written.subject(one).unescape().split()),
        text=text,
    )

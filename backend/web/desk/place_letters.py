"""Pages of a province's officials about letters to operators, and their answers."""

from flask import Response, request

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.errors import Problem
from backend.http.requests import as_attachment, clock_now
from backend.places.answers import HEADS, AnswerImport, answer_table, import_answers
from backend.places.letters import MAX_IN_LETTER, choose_places, places_of_letter, record_letter
from backend.places.schemas import OPERATORS
from backend.places.service import serialize_places
from backend.places.states import UNSENT
from backend.reports.files.letter import DOCX, WORDS
from backend.reports.files.tables import format_cell
from backend.reports.operator_letters.service import LetterDraft, draft_letter
from backend.tables.spreadsheets import XLSX
from backend.web.desk.office import sent_table
from backend.web.desk.place_forms import (
    AnswerForm,
    AnswerFormSchema,
    LetterForm,
    LetterFormSchema,
    PlaceLetterQuery,
    PlaceLetterQuerySchema,
)
from backend.web.desk.places import MAX_TABLE, bp
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import new_form, redirect_to, render_form
from backend.web.site.pages import render_private
from backend.web.site.schemas import LangQuery


@bp.page("/area/<code>/places/letter", PlaceLetterQuerySchema, methods=READ_WRITE)
def letter(query: PlaceLetterQuery, code: str) -> Response:
    """Choose places, read the letter to their operators; record that it was sent."""
    form, user, now = new_form(query), actor(), clock_now()

    def record(data: LetterForm) -> int:
        return record_letter(user, code, data["place"], data["document"], data["day"], now)

    if form.submit(LetterFormSchema(), record, lists=["place"]):
        return redirect_to("places.answers", query, code=code)
    if request.method == "POST":
        query = {**query, "place": [int(one) for one in form.values["place"] if one.isdecimal()]}
    draft = _draft(query, code)
    if request.method == "GET" and not draft.places:  # the filter left out all that were chosen
        draft = _draft({**query, "place": None}, code)
    chosen = [one.id for one in draft.places]
    return render_form(
        "web/desk/place_letter.html",
        query,
        form,
        unit=draft.province,
        code=code,
        draft=draft,
        listed=serialize_places(draft.listed, now),
        chosen=chosen,
        wanted=query,
        operators=OPERATORS,
        most=MAX_IN_LETTER,
        today=local_day(now),
        words=WORDS,
        cell=format_cell,
    )


@bp.page("/area/<code>/places/letter.docx", PlaceLetterQuerySchema)
def letter_file(query: PlaceLetterQuery, code: str) -> Response:
    """Download the letter as a Word file, which the office completes and signs."""
    draft = _draft(query, code)
    if not draft.places:
        raise Problem(404, "not_found")
    return as_attachment(draft.render(), DOCX, draft.name, stored=False)


@bp.page("/area/<code>/places/letter.xlsx", PlaceLetterQuerySchema)
def letter_table(query: PlaceLetterQuery, code: str) -> Response:
    """Download the table of the letter, whose columns for answers are imported again."""
    draft = _draft(query, code)
    if not draft.places:
        raise Problem(404, "not_found")
    return as_attachment(draft.render_table(), XLSX, draft.table_name, stored=False)


@bp.page("/area/<code>/places/answers", methods=READ_WRITE, upload_most=MAX_TABLE)
def answers(query: LangQuery, code: str) -> Response:
    """List the places that wait for an answer; import the answers of a table, after a preview."""
    form, user, now = new_form(query), actor(), clock_now()
    waiting = choose_places(user, code, ("sent",), None, (), now)

    def run(data: AnswerForm) -> AnswerImport:
        raw, dry_run = sent_table(form), data["preview"]
        document, day, language = data["document"], data["day"], form.language
        return import_answers(
            user, code, raw, document, day, dry_run=dry_run, now=now, language=language
        )

    result = form.submit(AnswerFormSchema(), run)
    if result and not result["dry_run"] and not result["totals"]["error"]:
        return redirect_to("places.answers", query, code=code)
    return render_private(
        "web/desk/place_answers.html",
        query["lang"],
        form=form,
        result=result,
        unit=waiting.province,
        code=code,
        columns=HEADS,
        today=local_day(now),
        waiting=serialize_places(waiting.listed, now),
    )


@bp.page("/area/<code>/places/answers.xlsx")
def waiting_table(query: LangQuery, code: str) -> Response:
    """Download the table of the places that wait for an answer."""
    now = clock_now()
    waiting = choose_places(actor(), code, ("sent",), None, (), now)
    if not waiting.chosen:
        raise Problem(404, "not_found")
    content = answer_table(places_of_letter(waiting.chosen, now))
    return as_attachment(content, XLSX, f"Bang-tra-loi-{code}.xlsx", stored=False)


def _draft(query: PlaceLetterQuery, code: str) -> LetterDraft:
    chosen = query["place"] or ()
    return draft_letter(actor(), code, UNSENT, query["operator"], chosen, clock_now())

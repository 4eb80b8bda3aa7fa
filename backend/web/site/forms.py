"""Forms of pages: validated like API requests, and shown again with their errors."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from flask import Response, redirect, request
from marshmallow import Schema, ValidationError
from werkzeug.datastructures import FileStorage

from backend.accounts.authentication import CSRF_FIELD
from backend.database.extensions import roll_back
from backend.errors import FieldError, Problem, field_errors, invalid
from backend.http.requests import MAX_BODY_BYTES
from backend.i18n.catalogues import Language, gettext
from backend.i18n.formats import day
from backend.i18n.messages import message
from backend.web.site.labels import LABELS
from backend.web.site.pages import render_private, translator_for
from backend.web.site.reading import as_sent, readable_errors, readable_message
from backend.web.site.schemas import LangQuery
from backend.web.site.unit_fields import UnitQuestion

T = TypeVar("T")

# The field of the page that asks for the password again.
PASSWORD_AGAIN = "password_again"  # noqa: S105
# After these the form cannot be shown again: the object is missing, or access is denied.
FINAL = frozenset({"not_found", "forbidden", "unauthorized", "session_required", "password_needed"})


# The labels of fields whose values are codes.
CODES = {"state": "campaign_state", "networks": "network", "type": "team_type"}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


@dataclass(slots=True)
class Form:
    """The submitted values of a form, and the messages of its errors."""

    language: Language
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)  # by field
    error: str | None = None  # of the whole form
    questions: dict[str, list[UnitQuestion]] = field(default_factory=dict)  # by field
    stored: Mapping[str, Any] | None = None  # as `values`: shown if another person changed it

    @property
    def failed(self) -> bool:
        """Whether the form has errors."""
        return bool(self.errors or self.error)

    def load(
        self, schema: Schema, lists: Iterable[str] = (), values: dict[str, Any] | None = None
    ) -> Any:
        """Validate the submitted fields, or `values`; None if that fails, with the errors kept.

        The caller names the type: the TypedDict of what the schema reads.
        """
        self.values = submitted_fields(lists) if values is None else values
        try:
            return schema.load(self.values)
        except ValidationError as error:
            self.add_errors(field_errors(error.messages))
            return None

    def attempt(self, act: Callable[[], T]) -> T | None:
        """Call a function; return None and keep its errors if it raises a problem."""
        try:
            return act()
        except Problem as problem:
            roll_back()
            if problem.code in FINAL:
                raise
            self.questions = problem.members.get("questions", {})
            self.values |= problem.members.get("values", {})
            self.add_errors(problem.errors)
            if not problem.errors:
                self.error = message(problem.code, self.language)
            if problem.code == "precondition_failed" and self.stored:
                self.compare(self.stored)
            return None

    def compare(self, stored: Mapping[str, Any]) -> None:
        """Say beside each field what another person saved; saving again then replaces it."""
        self.values["version"] = str(stored["version"])
        for name, typed in self.values.items():
            if name != "version" and name in stored and _text(typed) != _text(stored[name]):
                said = message("stored_now", self.language)
                self.errors[name] = said.format(value=self._read(name, stored[name]))

    def _read(self, name: str, value: Any) -> str:
        """Return a stored value in words."""
        if isinstance(value, date):
            return day(value, self.language)
        names = LABELS.get(CODES.get(name, ""), {})
        codes = value if isinstance(value, list) else [value]
        words = [
            gettext(names[one], self.language) if one in names else _text(one) for one in codes
        ]
        return ", ".join(words) or "–"

    def submit(
        self, schema: Schema, act: Callable[[Any], T], lists: Iterable[str] = ()
    ) -> T | None:
        """Call a function with the validated fields of a POST; None for a GET and for errors."""
        values = self.load(schema, lists) if request.method == "POST" else None
        return None if values is None else self.attempt(lambda: act(values))

    def add_errors(self, errors: Iterable[FieldError]) -> None:
        """Add errors by field; those without a field in the form go to the whole form."""
        for error in errors:
            name = error.field.split(".")[0]
            if name in self.values or name == "file":  # a file is none of the values
                text = readable_message(error.code, self.language, error.words)
                self.errors.setdefault(name, text)
            else:
                [text] = readable_errors([error], self.language)
                self.error = f"{self.error} {text}" if self.error else text


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect of an act that a person has yet to confirm."""

    effect: Mapping[str, Any]
    token: str  # of the effect; the form sends it with the confirmation
    changed: bool  # since the person saw it


def confirm(
    form: Form,
    act: Callable[[bool], Mapping[str, Any] | None],
    about: object = None,
    reason: str | None = None,
) -> Preview | Mapping[str, Any] | None:
    """Preview an act, which is called with True; carry it out if the person confirmed its effect.

    `about` is what was chosen, `reason` the field that a confirmation needs. Where the effect is no
    longer the one that was seen, the person is asked again. None: the act is refused.
    """
    effect = form.attempt(lambda: act(True))
    if effect is None:
        return None
    content = json.dumps([about, _differences(effect)], sort_keys=True, default=str)
    token, seen = hashlib.sha256(content.encode()).hexdigest(), form.values.get("go")
    if seen and reason and not form.values.get(reason):
        form.errors[reason] = message("required", form.language)
    elif seen == token and (done := form.attempt(lambda: act(False))) is not None:
        return done
    return Preview(effect, token, changed=seen not in (None, token))


def _differences(value: Any) -> Any:
    """Return an effect without absolute counts, which new samples change all the time."""
    if isinstance(value, list):
        return [_differences(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    before = {name.removesuffix("_before"): n for name, n in value.items() if "_before" in name}
    moved: dict[str, Any] = {name: value[f"{name}_after"] - (n or 0) for name, n in before.items()}
    if isinstance(value.get("before"), list):  # the totals of teams
        teams = Counter({one["team_id"]: one["counted"] for one in value["after"]})
        teams.subtract({one["team_id"]: one["counted"] for one in value["before"]})
        moved["teams"] = sorted((str(team), n) for team, n in teams.items() if n)
        value = {name: one for name, one in value.items() if name not in ("before", "after")}
    rest = {name: one for name, one in value.items() if not name.endswith(("_before", "_after"))}
    return {name: _differences(one) for name, one in rest.items()} | moved


@contextmanager
def form_errors(names: Mapping[str, str]) -> Iterator[None]:
    """Rename the API's fields in a problem to the form's fields."""
    try:
        yield
    except Problem as problem:
        problem.errors = tuple(
            FieldError(_named(error.field, names), error.code, error.words)
            for error in problem.errors
        )
        raise


def _named(field: str, names: Mapping[str, str]) -> str:
    """Return the form's field of an API field, e.g. of `roles.0.unit.code` that of the unit."""
    parts = [part for part in field.split(".") if part != "roles" and not part.isdecimal()]
    return names.get(parts[0], parts[0]) if parts else field


def new_form(query: LangQuery) -> Form:
    """Return an empty form in the language of the page."""
    return Form(translator_for(query["lang"]).language)


def submitted_fields(lists: Iterable[str] = ()) -> dict[str, Any]:
    """Return the submitted fields, empty ones as None; `lists` have several values."""
    request.max_content_length = MAX_BODY_BYTES
    plural = set(lists)
    fields: dict[str, Any] = {name: [one for one in request.form.getlist(name) if one.strip()]
                              for name in plural}  # fmt: skip
    for name, value in request.form.items():
        if name not in plural and name not in (CSRF_FIELD, PASSWORD_AGAIN):
            fields[name] = as_sent(name, value.strip()) or None
    return fields


def uploaded_file() -> FileStorage | None:
    """Return the uploaded file of a form, if one was chosen."""
    file = request.files.get("file")
    return file if file and file.filename else None


def uploaded_content() -> bytes | None:
    """Return the content of the uploaded file of a form, if one was chosen."""
    file = uploaded_file()
    if file is None:
        return None
    with file.stream as content:
        return content.read()


def required_content() -> bytes:
    """Return the content of the uploaded file of a form; 422 without one."""
    content = uploaded_content()
    if content is None:
        raise invalid("file", "required")
    return content


def render_form(template: str, query: LangQuery, form: Form, **values: Any) -> Response:
    """Render a page of a signed-in person with a form; its status is 422 where it has errors."""
    response = render_private(template, query["lang"], form=form, **values)
    if form.failed:
        response.status_code = 422
    return response


def redirect_to(endpoint: str, query: LangQuery, **values: Any) -> Response:
    """Redirect after a change (303), so that a reload does not repeat it."""
    address = translator_for(query["lang"]).to(endpoint, **values)
    return redirect(address, 303)  # type: ignore[return-value] # a Response of this app

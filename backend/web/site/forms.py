"""Forms of pages: checked as the API checks what it gets, and shown again with their faults."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import current_app, request
from marshmallow import Schema, ValidationError

from backend.database.extensions import db
from backend.errors import FieldError, Problem, field_errors
from backend.http.requests import described
from backend.i18n.languages import Language
from backend.i18n.messages import message

T = TypeVar("T")

# After these the page cannot be shown again: there is nothing, or it is not for this person.
FINAL = frozenset({"not_found", "forbidden", "unauthorized", "session_required"})


@dataclass(slots=True)
class Form:
    """A form as it is shown: what was typed, and the words for what is wrong with it."""

    language: Language
    typed: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)  # by field
    fault: str | None = None  # of the whole

    def load(self, schema: Schema, lists: Iterable[str] = ()) -> dict[str, Any] | None:
        """What was sent, as the schema loads it; None with faults where it cannot."""
        self.typed = sent(lists)
        try:
            loaded: dict[str, Any] = schema.load(self.typed)
        except ValidationError as error:
            self.blame(field_errors(error.messages))
            return None
        return loaded

    def attempt(self, act: Callable[[], T]) -> T | None:
        """Do what was asked; None with faults where a rule of the domain is against it."""
        try:
            return act()
        except Problem as problem:
            db.session.rollback()
            if problem.code in FINAL:
                raise
            self.blame(problem.errors)
            if not problem.errors:
                self.fault = message(problem.code, self.language)
            return None

    def blame(self, errors: Iterable[FieldError]) -> None:
        """Put each fault beside its field; what no field of the form has stands above them."""
        for fault in described(list(errors), self.language):
            name = fault["field"].split(".")[0]
            if name in self.typed:
                self.faults.setdefault(name, fault["message"])
            else:
                told = f"{name}: {fault['message']}" if name else fault["message"]
                self.fault = f"{self.fault} {told}" if self.fault else told


def sent(lists: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of the form that was sent; an empty one was not filled in: None."""
    request.max_content_length = current_app.config["MAX_BODY_BYTES"]
    plural = set(lists)
    given: dict[str, Any] = {name: [one for one in request.form.getlist(name) if one.strip()]
                             for name in plural}  # fmt: skip
    for name, value in request.form.items():
        if name not in plural and name != "csrf_token":
            given[name] = value.strip() or None
    return given

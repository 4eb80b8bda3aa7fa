"""What people type and read on pages, beside what programs send and get."""

import re
from collections.abc import Iterable, Sequence

from backend.errors import FieldError
from backend.i18n.catalogues import N_, Language, gettext
from backend.i18n.messages import message
from backend.web.site.labels import LABELS

# A day or a month as people write it in Vietnam.
WRITTEN = re.compile(r"(?:([0-3]?[0-9])[/.-])?([01]?[0-9])[/.-]((?:19|20)[0-9]{2})")
# Fields of queries and forms with a day or a month.
DATES = frozenset(
    {
        *("month", "of", "before", "from", "to", "date", "first", "last", "first_day", "last_day"),
        *("day", "document_date"),
        *("valid_from", "valid_to", "received_on", "signed_on", "issued_on", "promised_on"),
    }
)
# Messages with an example, where that of the API names the form of a program.
EXAMPLES = {
    "not_day": N_("This is not a day; write it like 31/12/2026."),
    "not_month": N_("This is not a month; write it like 10/2026."),
}


def as_sent(name: str, text: str) -> str:
    """Return a day or month that a person wrote as the API takes it; other texts unchanged."""
    found = WRITTEN.fullmatch(text.strip()) if name in DATES else None
    if found is None:
        return text
    day, month, year = found.groups()
    return f"{year}-{int(month):02}" + (f"-{int(day):02}" if day else "")


def readable_message(code: str, language: Language, words: Sequence[str] = ()) -> str:
    """Return the message of an error for people, filled with words if there are any."""
    return gettext(EXAMPLES[code], language) if code in EXAMPLES else message(code, language, words)


def readable_errors(errors: Iterable[FieldError], language: Language) -> list[str]:
    """Return the errors of fields as sentences, after the label of a field that people know."""
    sentences = []
    for error in errors:
        label = LABELS["field"].get(error.field.rpartition(".")[2])
        text = readable_message(error.code, language, error.words)
        if label is not None and error.code not in EXAMPLES:
            text = f"{gettext(label, language)}: {text[:1].lower()}{text[1:]}"
        sentences.append(text)
    return sentences

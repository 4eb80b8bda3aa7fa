"""Languages of answers: Vietnamese by default, English on request."""

from typing import Literal

from werkzeug.datastructures import LanguageAccept

Language = Literal["vi", "en"]


def pick(accepted: LanguageAccept) -> Language:
    """Choose the language of an answer from Accept-Language; Vietnamese by default."""
    return "en" if accepted.best_match(["vi", "en"], default="vi") == "en" else "vi"

"""Languages of answers, and their gettext catalogues.

Every lookup names its language, so it works outside of a request too. The English text in the code
is the key. A text comes first and the language last, so that the usual tools find the text.
"""

from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Literal, NamedTuple

from babel.support import Translations
from werkzeug.datastructures import LanguageAccept

Language = Literal["vi", "en"]


def pick(accepted: LanguageAccept) -> Language:
    """Choose the language of an answer from Accept-Language; Vietnamese by default."""
    return "en" if accepted.best_match(["vi", "en"], default="vi") == "en" else "vi"


LOCALE = Path(__file__).parent / "locale"
# As in compiled catalogues: what stands between a context and its text.
_CONTEXT_END = "\x04"


class Plural(NamedTuple):
    """A text whose words depend on a count."""

    one: str
    other: str


def N_(text: str) -> str:
    """Mark a text that is translated elsewhere."""
    return text


def NP_(context: str, text: str) -> str:
    """Mark a text that means several things, with the one that is meant."""
    return f"{context}{_CONTEXT_END}{text}"


def NN_(one: str, other: str) -> Plural:
    """Mark a text that depends on a count."""
    return Plural(one, other)


@cache
def catalogue(language: Language) -> NullTranslations:
    """The texts of a language; those of English are in the code."""
    if language == "en":
        return NullTranslations()
    found = Translations.load(LOCALE, [language])
    if not isinstance(found, Translations):
        raise FileNotFoundError(f"No compiled catalogue of {language!r}; type ./scripts/setup")
    return found


def gettext(text: str, language: Language) -> str:
    """Translate a text, or one that N_ or NP_ marked."""
    return catalogue(language).gettext(text).rpartition(_CONTEXT_END)[2]


def pgettext(context: str, text: str, language: Language) -> str:
    """Translate a text that means something else in another context."""
    return catalogue(language).pgettext(context, text)


def ngettext(one: str, other: str, n: int, language: Language) -> str:
    """Translate a text that depends on a count."""
    return catalogue(language).ngettext(one, other, n)


def npgettext(context: str, one: str, other: str, n: int, language: Language) -> str:
    """Translate a text that depends on a count and a context."""
    return catalogue(language).npgettext(context, one, other, n)


def plural_forms(text: Plural, language: Language) -> dict[str, str]:
    """A text's forms by the names that `Intl.PluralRules` gives them in this language."""
    other = ngettext(*text, 2, language)
    one = ngettext(*text, 1, language)
    return {"other": other} if language == "vi" else {"one": one, "other": other}

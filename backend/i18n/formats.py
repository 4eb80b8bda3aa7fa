"""Numbers, days and months as Vietnamese and English write them.

Babel knows the signs and the names of months; a page of thousands of numbers is written with
Python's own formatting, which takes a twentieth of the time.
"""

from datetime import date, datetime
from functools import cache

from babel import Locale
from babel.dates import format_date

from backend.clock import VIETNAM
from backend.i18n.languages import Language

# Days stand before months in both; English as it is written in Vietnam is not American.
LOCALES: dict[Language, Locale] = {
    "vi": Locale.parse("vi_VN"),
    "en": Locale.parse("en_GB"),
}
NONE = "–"


@cache
def _signs(language: Language) -> dict[int, str]:
    """From Python's signs of thousands and decimals to those of a language."""
    signs = LOCALES[language].number_symbols["latn"]
    return str.maketrans({",": signs["group"], ".": signs["decimal"]})


def number(value: float | None, language: Language, decimals: int = 0) -> str:
    """Write a number with its thousands apart; a dash where there is none."""
    return NONE if value is None else f"{value:,.{decimals}f}".translate(_signs(language))


def percent(share: float | None, language: Language, decimals: int = 2) -> str:
    """Write a share of 1 with two decimals, as the ministry's letters do."""
    return NONE if share is None else f"{number(share * 100, language, decimals)}%"


def month(value: str) -> str:
    """Write YYYY-MM as MM/YYYY."""
    year, _, count = value.partition("-")
    return f"{count}/{year}"


def day(value: date | None, language: Language) -> str:
    """Write a day in figures, as forms and tables have it."""
    return NONE if value is None else format_date(value, "dd/MM/yyyy", locale=LOCALES[language])


def moment(value: datetime) -> str:
    """Write a moment as the clock shows it in Vietnam."""
    return f"{value.astimezone(VIETNAM):%H:%M, %d/%m/%Y}"

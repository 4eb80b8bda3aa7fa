"""Numbers, days and months in Vietnamese and English.

Separators are those of Babel; numbers are formatted by Python, in a twentieth of Babel's time.
"""

from datetime import date, datetime
from functools import cache

from babel import Locale
from babel.dates import format_date

from backend.clock import VIETNAM
from backend.i18n.catalogues import Language

# British English, which writes days before months as Vietnamese does.
LOCALES: dict[Language, Locale] = {"vi": Locale.parse("vi_VN"), "en": Locale.parse("en_GB")}
NONE = "–"


@cache
def _signs(language: Language) -> dict[int, str]:
    """Map Python's separators to those of a language."""
    signs = LOCALES[language].number_symbols["latn"]
    return str.maketrans({",": signs["group"], ".": signs["decimal"]})


def number(value: float | None, language: Language = "vi", decimals: int = 0) -> str:
    """Format a number with separators of thousands; a dash for None."""
    return NONE if value is None else f"{value:,.{decimals}f}".translate(_signs(language))


def percent(share: float | None, language: Language, decimals: int = 2) -> str:
    """Format a share of 1 as a percentage, with two decimals as in the ministry's letters."""
    return NONE if share is None else f"{number(share * 100, language, decimals)}%"


def span(low: float, high: float, language: Language) -> str:
    """Format the limits of an interval, without decimals from 100 on."""
    decimals = 0 if high >= 100 else 1
    return f"{number(low, language, decimals)}–{number(high, language, decimals)}"


def month(value: str) -> str:
    """Format YYYY-MM as MM/YYYY."""
    year, _, count = value.partition("-")
    return f"{count}/{year}"


def day(value: date | None, language: Language) -> str:
    """Format a day in digits, as in forms and tables."""
    return NONE if value is None else format_date(value, "dd/MM/yyyy", locale=LOCALES[language])


def weekday(value: date, language: Language) -> str:
    """Format a day with its weekday."""
    return format_date(value, "EEEE, dd/MM/yyyy", locale=LOCALES[language])


def clock(value: str) -> str:
    """Return the time of day of an ISO 8601 moment in Vietnam, such as 15:00."""
    return f"{datetime.fromisoformat(value).astimezone(VIETNAM):%H:%M}"


def moment(value: datetime) -> str:
    """Format a time in Vietnam."""
    return f"{value.astimezone(VIETNAM):%H:%M, %d/%m/%Y}"

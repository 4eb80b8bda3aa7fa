"""Numbers, days and months as Vietnamese and English write them."""

from datetime import datetime

from backend.clock import VIETNAM
from backend.language import Language

# Vietnamese writes 1.234,5 where English writes 1,234.5.
SWAPPED = str.maketrans(",.", ".,")


def number(value: float | None, language: Language, decimals: int = 0) -> str:
    """Write a number with its thousands apart; a dash where there is none."""
    if value is None:
        return "–"
    written = f"{value:,.{decimals}f}"
    return written.translate(SWAPPED) if language == "vi" else written


def percent(share: float | None, language: Language) -> str:
    """Write a share of 1 with two decimals, as the ministry's letters do."""
    return "–" if share is None else f"{number(share * 100, language, 2)}%"


def month(value: str) -> str:
    """Write YYYY-MM as MM/YYYY."""
    year, _, count = value.partition("-")
    return f"{count}/{year}"


def moment(value: datetime) -> str:
    """Write a moment as the clock shows it in Vietnam."""
    return f"{value.astimezone(VIETNAM):%H:%M, %d/%m/%Y}"

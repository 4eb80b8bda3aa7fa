"""Files for spreadsheets: the media type, and protection against formulas in texts."""

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Spreadsheets execute texts that begin so as formulas; names are chosen by people.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet would execute a text as a formula."""
    return text.startswith(FORMULA)


def escape_formula(text: str) -> str:
    """Return a text for a cell, which a spreadsheet shows and does not execute."""
    return f"'{text}" if is_formula(text) else text

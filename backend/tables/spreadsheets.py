"""Files that a spreadsheet opens: their media type, and text that it must not run."""

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A spreadsheet takes what begins so for a formula and runs it; people choose their own names.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def runs(text: str) -> bool:
    """Whether a spreadsheet would run a text as a formula."""
    return text.startswith(FORMULA)


def harmless(text: str) -> str:
    """A text as it is written into a table: shown by a spreadsheet, never run."""
    return f"'{text}" if runs(text) else text

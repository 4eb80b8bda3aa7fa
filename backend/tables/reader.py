"""Read tables from uploaded files, XLSX or CSV by their content."""

from backend.tables.csv import read_csv
from backend.tables.table import TEAMS, Kind, Table
from backend.tables.xlsx import read_xlsx

ZIP = b"PK"  # the first bytes of a workbook


def read_table(raw: bytes, kind: Kind = TEAMS) -> Table:
    """Read a table; 422 for an invalid file."""
    return read_xlsx(raw, kind) if raw.startswith(ZIP) else read_csv(raw, kind)

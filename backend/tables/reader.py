"""The table of a file that somebody sends: a workbook or CSV, whatever it was sent as."""

from backend.tables.csv import read_csv
from backend.tables.table import TEAMS, Kind, Table
from backend.tables.xlsx import read_xlsx

ZIP = b"PK"  # how a workbook begins


def read_table(raw: bytes, kind: Kind = TEAMS) -> Table:
    """Read a table; 422 where the file cannot be read."""
    return read_xlsx(raw, kind) if raw.startswith(ZIP) else read_csv(raw, kind)

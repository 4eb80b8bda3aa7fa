"""A report's tables as CSV files in one archive."""

import csv
import io
from collections.abc import Mapping

from backend.reports.files.archives import zipped
from backend.reports.files.tables import Table, plain
from backend.tables.spreadsheets import harmless


def csv_archive(tables: Mapping[str, Table], mark: str | None) -> bytes:
    """One file a table; a note beside them where the figures are not to be taken for a report."""
    files = {f"{name}.csv": _csv(table) for name, table in tables.items()}
    marked = {"LUU-Y.txt": f"{mark}\n".encode()} if mark else {}
    return zipped(marked | files)


def _csv(table: Table) -> bytes:
    """A table under the names of its columns, with the mark by which Excel knows UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.key for column in table.columns])
    for row in table.rows:
        cells = (plain(row[column.key]) for column in table.columns)
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in cells])
    return ("\ufeff" + out.getvalue()).encode()

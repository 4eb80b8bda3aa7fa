"""Render the files of a report from its figures alone."""

import io
import zipfile
from collections.abc import Callable
from datetime import datetime

from backend.reports.content import labels
from backend.reports.content.figures import Report, canonical_json
from backend.reports.files.letter import LetterContent, Signature
from backend.reports.files.tables import build_tables, plain_value
from backend.tables.spreadsheets import csv_file

Files = dict[str, bytes]  # by name
Renderer = Callable[[Report, str | None], bytes]  # with the mark of a draft or a demo

# The letter is completed and signed in the office: the seal is that of the figures.
LETTER = "report.docx"


def render(report: Report) -> Files:
    """Return every file of a report by name."""
    return {name: render_file(name, report) for name in RENDERERS}


def render_file(name: str, report: Report, *, draft: bool = False) -> bytes:
    """Return one file of a report, marked if it is a draft."""
    return RENDERERS[name](report, labels.mark(demo=report["demo"], draft=draft))


def render_signed(report: Report, signature: Signature) -> bytes:
    """Return the letter with the signature that was given at approval."""
    return _letter(report, labels.mark(demo=report["demo"], draft=False), signature)


def _letter(report: Report, mark: str | None, signature: Signature | None = None) -> bytes:
    from backend.reports.files.docx_letter import render_letter  # a start need not wait for it

    return render_letter(report, mark, signature)


def render_composed(
    content: LetterContent, title: str, agency: str, made_at: datetime, *, demo: bool
) -> bytes:
    """Return a letter or plan of an office, which nobody seals, as a Word file by Decree 30."""
    from backend.reports.files.docx_letter import (  # nor for this
        DocumentProperties,
        write_letter,
    )

    mark = labels.mark(demo=demo, draft=False)
    return write_letter(content, DocumentProperties(title, agency, made_at, mark))


def _workbook(report: Report, mark: str | None) -> bytes:
    from backend.reports.files.xlsx_workbook import render_workbook  # nor for this

    return render_workbook(report, build_tables(report), mark)


def render_csv(report: Report, mark: str | None) -> bytes:
    """Return the tables as CSV files in one archive, with the meaning of each column.

    The mark of a draft or a demo is a text file.
    """
    tables = build_tables(report)
    named = [(t.name, c.key, c.head, c.kind, c.meaning) for t in tables.values() for c in t.columns]
    sheets = {name: [[c.key for c in table.columns]] for name, table in tables.items()}
    for name, table in tables.items():
        sheets[name] += [[plain_value(row[c.key]) for c in table.columns] for row in table.rows]
    sheets["dictionary"] = [["table", "key", "head", "kind", "meaning"], *map(list, named)]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if mark:
            archive.writestr("LUU-Y.txt", f"{mark}\n")
        for name, rows in sheets.items():
            archive.writestr(f"{name}.csv", csv_file(rows))
    return out.getvalue()


RENDERERS: dict[str, Renderer] = {
    LETTER: _letter,
    "report.xlsx": _workbook,
    "report.csv.zip": render_csv,
    "report.json": lambda report, mark: canonical_json(report),
}

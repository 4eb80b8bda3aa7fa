"""Tables and pictures in a letter."""

import io
from collections.abc import Sequence
from typing import Any

from docx.document import Document as Letter
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm

from backend.reports.files.docx_parts import STYLE_IDS, WIDTH_CM
from backend.reports.files.table_columns import Column
from backend.reports.files.tables import Row, shown

HEAD_COLOUR = "E3EBF5"
# What a letter and a cell's edges take at 11 points; a column of few letters gets what it needs,
# the others share what is left.
LETTER_CM, EDGES_CM = 0.2, 0.43
LETTERS_NARROW, LETTERS_MOST = 11, 30


def put_table(
    letter: Letter, title: str, columns: Sequence[Column], rows: Sequence[Row], *, numbered: bool
) -> None:
    """A table whose head comes again on every page; figures to the right."""
    if title:
        letter.add_paragraph(title, "Tên bảng")
    heads = (["TT"] if numbered else []) + [column.head for column in columns]
    table = letter.add_table(1 + len(rows), len(heads), "Table Grid")
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    styles = (["Ô số"] if numbered else []) + [_style(column) for column in columns]
    lines = [
        ([str(number)] if numbered else []) + [shown(c, row[c.key]) for c in columns]
        for number, row in enumerate(rows, 1)
    ]
    widths = _widths(heads, lines)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
    cells = iter(table._cells)  # asked for once: each look-up of one cell makes all of them
    for texts in (heads, *lines):
        for style, text, width in zip(styles, texts, widths, strict=True):
            _fill(next(cells), "Đầu cột" if texts is heads else style, text, width)
    _repeat_head(table)


def put_picture(letter: Letter, picture: bytes, caption: str) -> None:
    """A picture as wide as the text, with what it shows; read aloud by its caption."""
    line = letter.add_paragraph("", "Hình")
    shape = line.add_run().add_picture(io.BytesIO(picture), Cm(WIDTH_CM))
    shape._inline.docPr.set("descr", caption)
    letter.add_paragraph(caption, "Tên hình")


def _style(column: Column) -> str:
    return "Ô chữ" if column.kind in ("text", "moment") else "Ô số"


def _widths(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> list[float]:
    """Widths that fill the page, by the longest cell of each column and its head on two lines."""
    columns = zip(*lines, strict=True) if lines else ([""] for _ in heads)
    letters = [
        max(_on_two_lines(head), min(max(map(len, cells)), LETTERS_MOST))
        for head, cells in zip(heads, columns, strict=True)
    ]
    needed = [each * LETTER_CM + EDGES_CM for each in letters]
    wide = [n for n, each in zip(needed, letters, strict=True) if each > LETTERS_NARROW]
    if not wide:
        return [WIDTH_CM * n / sum(needed) for n in needed]
    scale = (WIDTH_CM - sum(needed) + sum(wide)) / sum(wide)
    return [
        n * scale if each > LETTERS_NARROW else n for n, each in zip(needed, letters, strict=True)
    ]


def _on_two_lines(head: str) -> int:
    """How many letters wide a head is when it is broken once."""
    return max(max(map(len, head.split())), len(head) // 2 + 1) + 1


def _fill(cell: Any, style: str, text: str, width_cm: float) -> None:
    cell.width = Cm(width_cm)
    paragraph = cell.paragraphs[0]
    paragraph._p.style = STYLE_IDS[style]
    paragraph.add_run(text)


def _repeat_head(table: Any) -> None:
    """The first row on every page, no row across two."""
    for place, row in enumerate(table._tbl.tr_lst):
        properties = row.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if place == 0:
            properties.append(OxmlElement("w:tblHeader"))
            for cell in row.tc_lst:
                shade = OxmlElement("w:shd")
                for name, value in (("val", "clear"), ("color", "auto"), ("fill", HEAD_COLOUR)):
                    shade.set(qn(f"w:{name}"), value)
                cell.get_or_add_tcPr().append(shade)

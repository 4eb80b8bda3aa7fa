"""Elements of a letter in Word's terms: page, styles, lines, fields, tables."""

from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.document import Document as Letter
from docx.enum.section import WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from backend.reports.files.tables import Column, Row, format_cell

FONT = "Times New Roman"
# Decree 30/2020/NĐ-CP, annex I, part I: A4; 20-25 mm top and bottom, 30-35 left, 15-20 right.
PAGE, MARGINS = (Mm(210), Mm(297)), {"top": 20, "bottom": 20, "left": 30, "right": 15}
WIDTH_CM = 16.5  # between the margins
BODY_PT, TABLE_PT, SMALL_PT = 14, 11, 11
ALARM = RGBColor(0xB0, 0x00, 0x20)

# name: size, bold, italic, alignment, points before, points after, indent of the first line in cm
STYLES: dict[str, tuple[float, bool, bool, ALIGN, float, float, float]] = {
    "Thân": (BODY_PT, False, False, ALIGN.JUSTIFY, 0, 6, 1.0),
    "Mục": (BODY_PT, True, False, ALIGN.JUSTIFY, 6, 6, 1.0),
    "Giữa": (13, False, False, ALIGN.CENTER, 0, 0, 0),
    "Giữa đậm": (13, True, False, ALIGN.CENTER, 0, 0, 0),
    "Giữa nghiêng": (13, False, True, ALIGN.CENTER, 0, 6, 0),
    "Đầu thư": (12, False, False, ALIGN.CENTER, 0, 0, 0),
    "Đầu thư đậm": (12, True, False, ALIGN.CENTER, 0, 0, 0),
    "Kính gửi": (BODY_PT, False, False, ALIGN.LEFT, 0, 3, 0),
    "Tên bảng": (12, True, False, ALIGN.LEFT, 6, 3, 0),
    "Đầu cột": (TABLE_PT, True, False, ALIGN.CENTER, 1, 1, 0),
    "Ô chữ": (TABLE_PT, False, False, ALIGN.LEFT, 1, 1, 0),
    "Ô số": (TABLE_PT, False, False, ALIGN.RIGHT, 1, 1, 0),
    "Ghi chú": (SMALL_PT, False, False, ALIGN.LEFT, 2, 4, 0),
    "Nơi nhận": (12, True, True, ALIGN.LEFT, 0, 0, 0),
    "Nơi nhận dòng": (SMALL_PT, False, False, ALIGN.LEFT, 0, 0, 0),
    "Phụ lục": (14, True, False, ALIGN.CENTER, 0, 2, 0),
    "Số liệu minh họa": (11, True, False, ALIGN.CENTER, 0, 8, 0),
}
# The ids that python-docx gives the styles. Cells get a style by its id: a look-up by name searches
# all styles, which takes seconds for thousands of cells.
STYLE_IDS = {name: name.replace(" ", "") for name in STYLES}
KEPT_WITH_NEXT = {"Mục", "Tên bảng"}


def new_letter() -> Letter:
    """Return an empty A4 document with the styles of an official letter."""
    letter = Document()
    section = letter.sections[0]
    section.page_width, section.page_height = PAGE
    for side, width in MARGINS.items():
        setattr(section, f"{side}_margin", Mm(width))
    section.header_distance = section.footer_distance = Mm(10)
    _set_font(letter.styles["Normal"], BODY_PT)
    language = OxmlElement("w:lang")  # else Word marks every word as a spelling mistake
    language.set(qn("w:val"), "vi-VN")
    letter.styles["Normal"].element.get_or_add_rPr().append(language)
    for name in STYLES:
        _add_style(letter, name)
    return letter


def _set_font(style: Any, size: float) -> None:
    """Set Times New Roman for every script: Word has a font for each."""
    style.font.name, style.font.size = FONT, Pt(size)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:eastAsia", "w:cs"):
        fonts.set(qn(script), FONT)


def _add_style(letter: Letter, name: str) -> None:
    size, bold, italic, alignment, before, after, indent = STYLES[name]
    style: Any = letter.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = letter.styles["Normal"]
    _set_font(style, size)
    style.font.bold, style.font.italic = bold, italic
    form = style.paragraph_format
    form.alignment, form.space_before, form.space_after = alignment, Pt(before), Pt(after)
    form.line_spacing, form.first_line_indent = 1.0, Cm(indent)
    form.keep_with_next = name in KEPT_WITH_NEXT


def add_rule(paragraph: Paragraph, indent_cm: float) -> None:
    """Turn a paragraph into a horizontal line with an indent at both sides."""
    form = paragraph.paragraph_format
    form.left_indent = form.right_indent = Cm(indent_cm)
    form.line_spacing = Pt(3)
    borders, line = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "0"), ("color", "000000")):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(borders, *AFTER_BORDERS)


# Elements that the schema requires after a paragraph's borders.
AFTER_BORDERS = ("w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr")


def number_pages(letter: Letter, mark: str | None) -> None:
    """Add page numbers at the top centre from page two; the mark stands on every page."""
    section = letter.sections[0]
    section.different_first_page_header_footer = True
    header = section.header.paragraphs[0]
    header.style = letter.styles["Giữa"]
    _add_page_number(header)
    if mark:
        for line in (section.first_page_header.paragraphs[0], section.header.add_paragraph()):
            line.style = letter.styles["Số liệu minh họa"]
            line.add_run(mark).font.color.rgb = ALARM


def add_annex(letter: Letter) -> None:
    """Begin an annex on a new page with numbers of its own."""
    section = letter.add_section(WD_SECTION.NEW_PAGE)
    numbering = OxmlElement("w:pgNumType")
    numbering.set(qn("w:start"), "1")
    for former in section._sectPr.findall(qn("w:pgNumType")):
        section._sectPr.remove(former)
    section._sectPr.insert_element_before(numbering, *AFTER_NUMBERING)


# Elements that the schema requires after the page numbers of a section.
AFTER_NUMBERING = (
    *("w:cols", "w:formProt", "w:vAlign", "w:noEndnote", "w:titlePg", "w:textDirection"),
    *("w:bidi", "w:rtlGutter", "w:docGrid"),
)


def _add_page_number(paragraph: Paragraph) -> None:
    """Add the field PAGE, which Word fills in."""
    run = paragraph.add_run()
    for kind in ("begin", None, "separate", "end"):
        if kind is None:
            part = OxmlElement("w:instrText")
            part.set(qn("xml:space"), "preserve")
            part.text = "PAGE"
        else:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        run._r.append(part)


def add_columns(letter: Letter, widths_cm: Sequence[float]) -> Any:
    """Add a row of cells without borders and return the cells."""
    table = letter.add_table(1, len(widths_cm))
    table.autofit = False
    for cell, column, width in zip(table.rows[0].cells, table.columns, widths_cm, strict=True):
        cell.width = column.width = Cm(width)
    return table.rows[0].cells


def add_line(cell: Any, style: str, text: str) -> Paragraph:
    """Add a line to a cell; the first one uses the empty paragraph of a new cell."""
    first = cell.paragraphs[0]
    untouched = len(cell.paragraphs) == 1 and not first.text and first.style.name == "Normal"
    paragraph: Paragraph = first if untouched else cell.add_paragraph()
    paragraph.style = style
    paragraph.add_run(text)
    return paragraph


# Widths of a character and of a cell's edges at 11 points; a column with short texts gets the width
# that it needs, the others share the rest.
CHARACTER_CM, EDGES_CM = 0.2, 0.43
MAX_NARROW, MAX_CHARACTERS = 14, 30
COLUMNS_MANY = 8


def add_table(
    letter: Letter,
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    numbered: bool,
) -> None:
    """Add a table that repeats its head on every page; numbers are aligned right."""
    if title:
        letter.add_paragraph(title, "Tên bảng")
    heads = (["TT"] if numbered else []) + [column.head for column in columns]
    table = letter.add_table(1 + len(rows), len(heads), "Table Grid")
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    styles = ["Ô chữ" if column.kind in ("text", "moment") else "Ô số" for column in columns]
    styles = (["Ô số"] if numbered else []) + styles
    lines = [
        ([str(number)] if numbered else []) + [format_cell(c, row[c.key]) for c in columns]
        for number, row in enumerate(rows, 1)
    ]
    widths = _widths(heads, lines)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
    cells = iter(table._cells)  # read once: each look-up of one cell builds all of them
    for texts in (heads, *lines):
        for style, text, width in zip(styles, texts, widths, strict=True):
            cell: Any = next(cells)
            cell.width = Cm(width)
            paragraph = cell.paragraphs[0]
            paragraph._p.style = STYLE_IDS["Đầu cột" if texts is heads else style]
            paragraph.add_run(text)
    _repeat_head(table)


def _widths(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> list[float]:
    """Return widths that fill the page, by the longest cell and the head on two lines.

    Heads of a table with many columns break at every word.
    """
    columns = zip(*lines, strict=True) if lines else ([""] for _ in heads)
    words = [max(map(len, head.split())) for head in heads]
    if len(heads) <= COLUMNS_MANY:
        words = [max(n, len(head) // 2 + 1) for n, head in zip(words, heads, strict=True)]
    lengths = [
        max(n + 1, min(max(map(len, cells)), MAX_CHARACTERS))
        for n, cells in zip(words, columns, strict=True)
    ]
    needed = [each * CHARACTER_CM + EDGES_CM for each in lengths]
    wide = [n for n, each in zip(needed, lengths, strict=True) if each > MAX_NARROW]
    left = WIDTH_CM - sum(needed) + sum(wide)
    if not wide or left < 2 * len(wide):
        return [WIDTH_CM * n / sum(needed) for n in needed]
    scale = left / sum(wide)
    return [n * scale if each > MAX_NARROW else n for n, each in zip(needed, lengths, strict=True)]


def _repeat_head(table: Any) -> None:
    """Repeat the first row on every page and let no row break across pages."""
    for place, row in enumerate(table._tbl.tr_lst):
        properties = row.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if place == 0:
            properties.append(OxmlElement("w:tblHeader"))

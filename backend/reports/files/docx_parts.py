"""What a letter is made of in Word's own terms: pages, styles, lines, fields."""

from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.document import Document as Letter
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

FONT = "Times New Roman"
# Decree 30/2020/NĐ-CP, annex I, part I: A4; 20-25 mm above and below, 30-35 left, 15-20 right.
PAGE, MARGINS = (Mm(210), Mm(297)), {"top": 20, "bottom": 20, "left": 30, "right": 15}
WIDTH_CM = 16.5  # what the margins leave
BODY_PT, TABLE_PT, SMALL_PT = 14, 11, 11
ALARM = RGBColor(0xB0, 0x00, 0x20)

# name: size, bold, italic, alignment, points before, points after, indent of the first line in cm
STYLES: dict[str, tuple[float, bool, bool, ALIGN, float, float, float]] = {
    "Thân": (BODY_PT, False, False, ALIGN.JUSTIFY, 0, 6, 1.0),
    "Mục": (BODY_PT, True, False, ALIGN.JUSTIFY, 6, 6, 1.0),
    "Tiểu mục": (BODY_PT, True, True, ALIGN.JUSTIFY, 4, 4, 1.0),
    "Giữa": (13, False, False, ALIGN.CENTER, 0, 0, 0),
    "Giữa đậm": (13, True, False, ALIGN.CENTER, 0, 0, 0),
    "Giữa nghiêng": (13, False, True, ALIGN.CENTER, 0, 6, 0),
    "Đầu thư": (12, False, False, ALIGN.CENTER, 0, 0, 0),
    "Đầu thư đậm": (12, True, False, ALIGN.CENTER, 0, 0, 0),
    "Kính gửi": (BODY_PT, False, False, ALIGN.LEFT, 0, 3, 0),
    "Tên bảng": (12, True, False, ALIGN.LEFT, 6, 3, 0),
    "Tên hình": (12, False, True, ALIGN.CENTER, 0, 8, 0),
    "Hình": (12, False, False, ALIGN.CENTER, 4, 2, 0),
    "Đầu cột": (TABLE_PT, True, False, ALIGN.CENTER, 1, 1, 0),
    "Ô chữ": (TABLE_PT, False, False, ALIGN.LEFT, 1, 1, 0),
    "Ô số": (TABLE_PT, False, False, ALIGN.RIGHT, 1, 1, 0),
    "Ghi chú": (SMALL_PT, False, False, ALIGN.LEFT, 2, 4, 0),
    "Nơi nhận": (12, True, True, ALIGN.LEFT, 0, 0, 0),
    "Nơi nhận dòng": (SMALL_PT, False, False, ALIGN.LEFT, 0, 0, 0),
    "Phụ lục": (14, True, False, ALIGN.CENTER, 0, 2, 0),
    "Số liệu minh họa": (11, True, False, ALIGN.CENTER, 0, 8, 0),
}
# As python-docx names them in the file. Cells are styled by these: it looks a name up among all
# styles, which for some thousand cells takes seconds.
STYLE_IDS = {name: name.replace(" ", "") for name in STYLES}
KEPT_WITH_NEXT = {"Mục", "Tiểu mục", "Tên bảng", "Hình"}


def new_letter() -> Letter:
    """An empty A4 page with the styles of an official letter."""
    letter = Document()
    section = letter.sections[0]
    section.page_width, section.page_height = PAGE
    for side, width in MARGINS.items():
        setattr(section, f"{side}_margin", Mm(width))
    section.header_distance = section.footer_distance = Mm(10)
    _set_font(letter.styles["Normal"], BODY_PT)
    _set_language(letter)
    for name in STYLES:
        _add_style(letter, name)
    return letter


def _set_font(style: Any, size: float) -> None:
    """Times New Roman for every script: Word asks for each apart."""
    style.font.name, style.font.size = FONT, Pt(size)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:eastAsia", "w:cs"):
        fonts.set(qn(script), FONT)


def _set_language(letter: Letter) -> None:
    """Vietnamese, so that Word does not underline every word."""
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "vi-VN")
    letter.styles["Normal"].element.get_or_add_rPr().append(language)


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


def rule(paragraph: Paragraph, indent_cm: float) -> None:
    """A drawn line below what stands before, so far from either edge."""
    form = paragraph.paragraph_format
    form.left_indent = form.right_indent = Cm(indent_cm)
    form.line_spacing = Pt(3)
    borders, line = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "0"), ("color", "000000")):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(borders, *AFTER_BORDERS)


# What the schema wants behind a paragraph's borders.
AFTER_BORDERS = ("w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr")


def number_pages(letter: Letter, mark: str | None) -> None:
    """The page's number on top in the middle from page two on; a mark on every page."""
    section = letter.sections[0]
    section.different_first_page_header_footer = True
    following = section.header.paragraphs[0]
    following.style = letter.styles["Giữa"]
    _field(following, "PAGE")
    if mark:
        for line in (section.first_page_header.paragraphs[0], section.header.add_paragraph()):
            line.style = letter.styles["Số liệu minh họa"]
            line.add_run(mark).font.color.rgb = ALARM


def _field(paragraph: Paragraph, code: str) -> None:
    """A field that Word fills in."""
    run = paragraph.add_run()
    for kind in ("begin", None, "separate", "end"):
        if kind is None:
            part = OxmlElement("w:instrText")
            part.set(qn("xml:space"), "preserve")
            part.text = code
        else:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        run._r.append(part)


def side_by_side(letter: Letter, widths_cm: Sequence[float]) -> Any:
    """Cells beside each other without borders; what stands in them follows."""
    table = letter.add_table(1, len(widths_cm))
    table.autofit = False
    for cell, column, width in zip(table.rows[0].cells, table.columns, widths_cm, strict=True):
        cell.width = column.width = Cm(width)
    return table.rows[0].cells


def write(cell: Any, style: str, text: str) -> Paragraph:
    """A line in a cell; the first one takes the paragraph that every cell begins with."""
    first = cell.paragraphs[0]
    untouched = len(cell.paragraphs) == 1 and not first.text and first.style.name == "Normal"
    paragraph: Paragraph = first if untouched else cell.add_paragraph()
    paragraph.style = style
    paragraph.add_run(text)
    return paragraph

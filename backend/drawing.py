"""Pictures and posters: SVG templates, written as PNG or PDF, with texts in our own fonts."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from backend.canvas import country_map

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

FONTS = Path(__file__).parent / "fonts"
REGULAR, BOLD = FONTS / "inter-regular.ttf", FONTS / "inter-bold.ttf"
# The only font family that is there: resvg draws nothing in an unknown one.
FAMILY = "Inter"
# Characters that XML forbids: one in a name would make the whole picture unreadable.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
MEASURED_PX = 100
# Smaller values have no axis of their own.
MIN_VALUE = 1e-6
# In the metadata of every PDF, so that the same posters are the same bytes.
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


def draw(template: str, **values: Any) -> str:
    """Return the SVG of a template in backend/templates."""
    text = _templates().get_template(template).render(values)
    return normalize("NFC", FORBIDDEN.sub("", text))


def png(svg: str, width: int | None = None) -> bytes:
    """Return an SVG as PNG, by default in its own size in pixels."""
    from resvg import render, usvg

    options = usvg.Options.default()  # it belongs to the thread that made it
    for file in (REGULAR, BOLD):
        options.load_font_file(str(file))
    tree = usvg.Tree.from_str(svg, options)
    wide, high = tree.int_size()
    scale = (width or wide) / wide
    size = (round(wide * scale), round(high * scale))
    return render(tree, (scale, 0, 0, 0, scale, 0), bg_size=size)


def with_palette(content: bytes) -> bytes:
    """Return a PNG in 128 colours, a third in size: enough for flat areas, letters and a logo."""
    from PIL import Image

    smaller = BytesIO()
    Image.open(BytesIO(content)).convert("RGB").quantize(128).save(smaller, "PNG", optimize=True)
    return smaller.getvalue()


def pdf(pages: Iterable[str], title: str) -> bytes:
    """Return SVGs of 595 x 842 units as pages of A4 whose texts can be searched."""
    from fpdf import FPDF
    from fpdf.svg import SVGObject

    document = FPDF(unit="pt", format="A4")
    document.set_auto_page_break(False)
    document.set_title(title)
    document.set_creation_date(MADE_AT)
    document.add_font(FAMILY, "", REGULAR)
    document.add_font(FAMILY, "B", BOLD)
    for page in pages:
        document.add_page()
        SVGObject(page).draw_to_page(document)
    return bytes(document.output())


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a line of text in the units of its size."""
    return _font(bold).getlength(text) * size / MEASURED_PX


def wrap(text: str, size: float, width: float, bold: bool = False, most: int = 99) -> list[str]:
    """Return the lines of a text, broken between words; too long a text ends in …."""
    lines: list[str] = []
    for word in (text.unescape() if isinstance(text, Markup) else text).split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, bold) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]} …"]


def fitting(text: str, size: float, width: float, bold: bool = False) -> float:
    """Return the largest size, at most `size`, in which a line fits in a width."""
    return min(size, size * width / max(text_width(text, size, bold), 1e-6))


def ticks(highest: float) -> list[float]:
    """Return three to six round values from 0 to the first one not below the highest."""
    highest = highest if highest > MIN_VALUE else 1.0
    power = 10.0 ** floor(log10(highest))
    step = next(one for one in (power / 5, power / 2, power, 2 * power) if highest / one <= 5)
    step = max(step, 1.0) if highest >= 1 else step
    return [n * step for n in range(ceil(highest / step) + 1)]


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"text_width": text_width, "wrap": wrap, "fitting": fitting}
    made.globals["country_map"] = country_map
    made.filters["short"] = lambda value: f"{value:.2f}".rstrip("0").rstrip(".")
    return made


@cache
def _font(bold: bool) -> "FreeTypeFont":
    from PIL import ImageFont

    file = BOLD if bold else REGULAR
    return ImageFont.truetype(file, MEASURED_PX, layout_engine=ImageFont.Layout.BASIC)

"""Pictures drawn once and written as SVG, with light and dark colours, or as PNG.

Positions are in units of the drawing, which is as wide as a phone; y grows downwards.
"""

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from backend.fonts import fonts_of, text_length, write_text

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WIDTH, MARGIN = 360, 12
# Pixels of a PNG by unit: 1080 wide, as other pictures to share.
PNG_SCALE = 3
PNG_COLOURS = 64
TITLE, TEXT, SMALL = 15, 12, 11  # font sizes
LEADING = 1.35
BOLD, NORMAL = 650, 400
HATCH_STEP = 5
LONG = 24  # letters of a text that other fonts would make too long
# Light and dark colour of each role: the palette of the pages.
COLOURS = {
    "paper": ("#ffffff", "#17222a"),
    "ink": ("#14212b", "#e8eef2"),
    "soft": ("#4b5b68", "#a9b8c3"),
    "line": ("#d9e0e6", "#2c3b46"),
    "pale": ("#bcd9e6", "#2b5a70"),
    "accent": ("#0b5a7c", "#6cc3e6"),
    "demo": ("#4f2ea3", "#c9b8fb"),
}


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled rectangle, or a hatched one, which stands for missing figures."""

    x: float
    y: float
    width: float
    height: float
    role: str
    hatched: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    start: tuple[float, float]
    end: tuple[float, float]
    role: str
    width: float = 1


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text at its baseline; `anchor` is start, middle or end."""

    x: float
    y: float
    text: str
    size: int = TEXT
    role: str = "ink"
    weight: int = NORMAL
    anchor: str = "start"


Shape = Rect | Line | Words


@dataclass(slots=True)
class Picture:
    """A drawing with a title and a description for readers who do not see it."""

    title: str
    description: str
    height: float = MARGIN
    shapes: list[Shape] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        self.shapes += shapes

    def write(self, text: str, size: int = SMALL, role: str = "soft", weight: int = NORMAL) -> None:
        """Write lines of text below what is drawn so far."""
        for line in wrapped(text, size, weight):
            self.height += size * LEADING
            self.add(Words(MARGIN, self.height - size * 0.3, line, size, role, weight))

    def space(self, height: float) -> None:
        """Leave room below what is drawn so far."""
        self.height += height


def text_width(text: str, size: int, weight: int = NORMAL) -> float:
    """Return the width of a text in units."""
    return text_length(text, fonts_of(size * PNG_SCALE, weight)) / PNG_SCALE


def wrapped(text: str, size: int, weight: int = NORMAL) -> list[str]:
    """Return the lines of a text between the margins."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, weight) > WIDTH - 2 * MARGIN:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def as_svg(picture: Picture) -> bytes:
    """Write a picture as SVG."""
    height = round(picture.height + MARGIN)
    light, dark = (
        "".join(f".{role}{{fill:{pair[n]};stroke:{pair[n]}}}" for role, pair in COLOURS.items())
        for n in (0, 1)
    )
    parts = [
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}"'
            ' role="img" aria-labelledby="title desc" font-family="Inter,system-ui,sans-serif">'
            '<title id="title">{title}</title><desc id="desc">{desc}</desc>'
        ).format(w=WIDTH, h=height, title=picture.title, desc=picture.description),
        f"<style>rect,text{{stroke-width:0}}{light}"
        f"@media(prefers-color-scheme:dark){{{dark}}}</style>",
        '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse">'
        '<path class="soft" d="M0,5L5,0" stroke-width=".8"/></pattern></defs>',
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        *map(_svg_shape, picture.shapes),
        "</svg>\n",
    ]
    return "".join(parts).encode()


def _svg_shape(shape: Shape) -> str:
    match shape:
        case Rect():
            place = (
                f'x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}"'
                f' height="{shape.height:.1f}"'
            )
            if shape.hatched:
                return f'<rect {place} fill="url(#hatch)"/>'
            return f'<rect class="{shape.role}" {place}/>'
        case Line():
            (x, y), (to_x, to_y) = shape.start, shape.end
            return (
                f'<path class="{shape.role}" stroke-width="{shape.width:g}"'
                f' d="M{x:.1f},{y:.1f}L{to_x:.1f},{to_y:.1f}"/>'
            )
        case Words():
            return (
                f'<text class="{shape.role}" x="{shape.x:.1f}" y="{shape.y:.1f}"'
                f' font-size="{shape.size}" font-weight="{shape.weight}"'
                f' text-anchor="{shape.anchor}"{_length(shape)}>{escape(shape.text)}</text>'
            )


def _length(words: Words) -> str:
    """Return the attributes by which a long text fits in fonts that are wider than Inter."""
    if len(words.text) < LONG:
        return ""
    width = text_width(words.text, words.size, words.weight)
    return f' textLength="{width:.0f}" lengthAdjust="spacingAndGlyphs"'


def as_png(picture: Picture) -> bytes:
    """Write a picture as PNG in light colours."""
    from PIL import Image, ImageDraw

    size = (WIDTH * PNG_SCALE, round((picture.height + MARGIN) * PNG_SCALE))
    image = Image.new("RGB", size, COLOURS["paper"][0])
    pen = ImageDraw.Draw(image)
    for shape in picture.shapes:
        _draw(pen, shape)
    out = BytesIO()
    # A third of the bytes, and less time than higher levels of compression.
    few = image.quantize(PNG_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(out, "PNG")
    return out.getvalue()


def _draw(pen: "ImageDraw", shape: Shape) -> None:
    match shape:
        case Rect():
            left, top = shape.x * PNG_SCALE, shape.y * PNG_SCALE
            right, bottom = left + shape.width * PNG_SCALE, top + shape.height * PNG_SCALE
            if shape.hatched:
                _hatch(pen, (left, top, right, bottom))
            elif right > left:
                box = (left, top, max(right - 1, left), max(bottom - 1, top))
                pen.rectangle(box, fill=COLOURS[shape.role][0])
        case Line():
            points = [one * PNG_SCALE for one in (*shape.start, *shape.end)]
            width = max(round(shape.width * PNG_SCALE), 1)
            pen.line(points, fill=COLOURS[shape.role][0], width=width)
        case Words():
            fonts = fonts_of(shape.size * PNG_SCALE, shape.weight)
            share = {"start": 0.0, "middle": 0.5, "end": 1.0}[shape.anchor]
            left = shape.x - share * text_width(shape.text, shape.size, shape.weight)
            at = (left * PNG_SCALE, shape.y * PNG_SCALE)
            write_text(pen, at, shape.text, fonts, COLOURS[shape.role][0])


def _hatch(pen: "ImageDraw", box: tuple[float, float, float, float]) -> None:
    """Draw diagonal lines in a box."""
    left, top, right, bottom = box
    high, step = bottom - top, HATCH_STEP * PNG_SCALE
    x = left + step - high
    while x < right:
        begin, end = max(x, left), min(x + high, right)
        points = (begin, bottom - (begin - x), end, bottom - (end - x))
        if end > begin:
            pen.line(points, fill=COLOURS["soft"][0], width=2)
        x += step

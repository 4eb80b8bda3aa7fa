"""Pictures drawn once and written as SVG, with light and dark colours, or as PNG.

Positions are in units of the drawing, which is as wide as a phone; y grows downwards.
"""

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from backend.canvas import rings
from backend.fonts import fonts_of, text_length, write_text

if TYPE_CHECKING:
    from PIL.Image import Image
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
    "lack": ("#9a4307", "#f0a06a"),
    "sea": ("#eef4f7", "#101a21"),
    # Classes of a map, the lowest first: text on the first three is ink, on the others paper.
    "class1": ("#e0edf3", "#24343f"),
    "class2": ("#bcd9e6", "#2b5063"),
    "class3": ("#8bbdd4", "#2f6c89"),
    "class4": ("#377b9c", "#5a9fbf"),
    "class5": ("#1c5f80", "#8cc5df"),
    "class6": ("#0a3f5c", "#c4e6f5"),
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


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon: a path of closed rings in relative steps, as `Canvas.path` makes them."""

    path: str
    role: str
    hatched: bool = False


@dataclass(frozen=True, slots=True)
class Areas:
    """Polygons of a map, drawn in their own units from a corner on, the first at the bottom.

    `clip` is the part of the map that is shown: left, top, width, height in its own units.
    """

    corner: tuple[float, float]
    scale: float
    parts: tuple[Area, ...]
    clip: tuple[float, float, float, float]


Shape = Rect | Line | Words | Areas


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
        f"<style>rect,text{{stroke-width:0}}{light}.areas path{{stroke:{COLOURS['soft'][0]};"
        f"vector-effect:non-scaling-stroke;stroke-width:.4}}"
        f"@media(prefers-color-scheme:dark){{{dark}.areas path{{stroke:{COLOURS['soft'][1]}}}}}"
        "</style>",
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
        case Areas():
            return _svg_areas(shape)
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


def _svg_areas(areas: Areas) -> str:
    """Return a nested drawing, which cuts off what lies beyond the part that is shown."""
    (x, y), (_, _, width, height) = areas.corner, areas.clip
    place = (
        f'x="{x:.1f}" y="{y:.1f}" width="{width * areas.scale:.1f}"'
        f' height="{height * areas.scale:.1f}" viewBox="{" ".join(f"{n:g}" for n in areas.clip)}"'
    )
    paths = "".join(
        f'<path fill="url(#hatched)" d="{one.path}"/>'
        if one.hatched
        else f'<path class="{one.role}" d="{one.path}"/>'
        for one in areas.parts
    )
    # Lines of the pattern are as far apart as those of rectangles.
    step = f"{HATCH_STEP / areas.scale:.1f}"
    pattern = (
        f'<pattern id="hatched" width="{step}" height="{step}" patternUnits="userSpaceOnUse">'
        f'<path class="soft" d="M0,{step}L{step},0" stroke-width="{0.8 / areas.scale:.1f}"/>'
        "</pattern>"
    )
    left, top, _, _ = areas.clip
    sea = f'<rect class="sea" x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}"/>'
    return f'<svg {place}>{pattern}{sea}<g class="areas">{paths}</g></svg>'


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
        if isinstance(shape, Areas):
            corner = (round(shape.corner[0] * PNG_SCALE), round(shape.corner[1] * PNG_SCALE))
            image.paste(_areas_image(shape), corner)
        else:
            _draw(pen, shape)
    out = BytesIO()
    # A third of the bytes, and less time than higher levels of compression.
    few = image.quantize(PNG_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(out, "PNG")
    return out.getvalue()


def _draw(pen: "ImageDraw", shape: Rect | Line | Words) -> None:
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


def _areas_image(areas: Areas) -> "Image":
    """Draw polygons; a hole is filled too, so what lies in one comes after it."""
    from PIL import Image, ImageDraw

    scale = areas.scale * PNG_SCALE
    left, top, width, height = areas.clip
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    image = Image.new("RGB", size, COLOURS["sea"][0])
    hatching = Image.new("RGB", size, COLOURS["paper"][0])
    _hatch(ImageDraw.Draw(hatching), (0, 0, *size))
    pen, outline = ImageDraw.Draw(image), COLOURS["soft"][0]
    for one in areas.parts:
        for ring in rings(one.path):
            points = [((x - left) * scale, (y - top) * scale) for x, y in ring]
            if not one.hatched:
                pen.polygon(points, COLOURS[one.role][0], outline)
                continue
            x, y = (max(0, int(min(side))) for side in zip(*points, strict=True))
            right, low = (max(1, int(max(side)) + 1) for side in zip(*points, strict=True))
            mask = Image.new("1", (max(right - x, 1), max(low - y, 1)))
            ImageDraw.Draw(mask).polygon([(a - x, b - y) for a, b in points], fill=1)
            image.paste(hatching.crop((x, y, x + mask.width, y + mask.height)), (x, y), mask)
            pen.line([*points, points[0]], fill=outline)
    return image


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

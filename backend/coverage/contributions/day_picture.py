"""Lines of text as a picture, in the letters of the vendored font."""

import io
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).parents[2] / "static" / "vendor" / "inter"
# Wide enough to be read on a phone without zooming, small enough for any group chat.
WIDTH, MARGIN = 1080, 64
TITLE_PX, TEXT_PX = 46, 36
# From one line to the next, as a share of the letters' size: Vietnamese marks stand high.
LEADING, GAP = 1.4, 0.35
PAPER, INK, ACCENT = "#ffffff", "#16233a", "#0b5cad"
BOLD, NORMAL = 700, 400

Fonts = tuple[ImageFont.FreeTypeFont, ImageFont.FreeTypeFont]


def draw(lines: Sequence[str]) -> bytes:
    """A PNG: the first line large, the others wrapped below it."""
    parts = [(TITLE_PX, BOLD, ACCENT)] + [(TEXT_PX, NORMAL, INK)] * (len(lines) - 1)
    laid, y = [], float(MARGIN)
    for line, (size, weight, colour) in zip(lines, parts, strict=True):
        for piece in wrapped(line, _fonts(size, weight)):
            laid.append((y, piece, size, weight, colour))
            y += size * LEADING
        y += size * GAP
    image = Image.new("RGB", (WIDTH, round(y) + MARGIN // 2), PAPER)
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((0, 0, WIDTH, 14), fill=ACCENT)
    for top, piece, size, weight, colour in laid:
        _write(canvas, (MARGIN, top + size), piece, _fonts(size, weight), colour)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def wrapped(line: str, fonts: Fonts) -> Iterable[str]:
    """Break a line between words where it would leave the picture."""
    held = ""
    for word in line.split():
        longer = f"{held} {word}".strip()
        if held and _length(longer, fonts) > WIDTH - 2 * MARGIN:
            yield held
            longer = word
        held = longer
    yield held


@cache
def _fonts(size: int, weight: int) -> Fonts:
    """The font's two files: Latin letters, and those that only Vietnamese has."""
    pair = []
    for part in ("latin", "vietnamese"):
        font = ImageFont.truetype(FOLDER / f"inter-{part}-wght-normal.woff2", size)
        font.set_variation_by_axes([weight])
        pair.append(font)
    return pair[0], pair[1]


def _runs(text: str, fonts: Fonts) -> Iterable[tuple[str, ImageFont.FreeTypeFont]]:
    for vietnamese, letters in groupby(text, key=_only_vietnamese):
        yield "".join(letters), fonts[vietnamese]


def _only_vietnamese(letter: str) -> bool:
    """Whether a letter is in the second file: ă, đ, ĩ, ũ, ơ, ư, and all with a tone on top."""
    return letter in "ĂăĐđĨĩŨũƠơƯư₫" or "\u1ea0" <= letter <= "\u1ef9"


def _length(text: str, fonts: Fonts) -> float:
    return sum(font.getlength(run) for run, font in _runs(text, fonts))


def _write(
    canvas: ImageDraw.ImageDraw, at: tuple[float, float], text: str, fonts: Fonts, colour: str
) -> None:
    x, y = at
    for run, font in _runs(text, fonts):
        canvas.text((x, y), run, font=font, fill=colour, anchor="ls")
        x += font.getlength(run)

"""The font of pictures that the server draws: measuring and writing texts with Pillow."""

from collections.abc import Iterable
from functools import cache
from itertools import groupby
from pathlib import Path

from PIL import ImageFont
from PIL.ImageDraw import ImageDraw
from PIL.ImageFont import FreeTypeFont

FILES = Path(__file__).parent / "static" / "vendor" / "inter"
BOLD, NORMAL = 700, 400

Fonts = tuple[FreeTypeFont, FreeTypeFont]


@cache
def fonts_of(size: int, weight: int) -> Fonts:
    """Return the two files of the font: Latin letters, and letters that only Vietnamese has.

    Parameters
    ----------
    size : height in pixels
    weight : 100 to 900
    """
    pair = []
    for part in ("latin", "vietnamese"):
        font = ImageFont.truetype(FILES / f"inter-{part}-wght-normal.woff2", size)
        font.set_variation_by_axes([weight])
        pair.append(font)
    return pair[0], pair[1]


def text_length(text: str, fonts: Fonts) -> float:
    """Return the width of a text in pixels."""
    return sum(font.getlength(run) for run, font in _runs(text, fonts))


def write_text(
    canvas: ImageDraw, at: tuple[float, float], text: str, fonts: Fonts, colour: str
) -> None:
    """Write a text; `at` is the left end of its baseline."""
    x, y = at
    for run, font in _runs(text, fonts):
        canvas.text((x, y), run, font=font, fill=colour, anchor="ls")
        x += font.getlength(run)


def _runs(text: str, fonts: Fonts) -> Iterable[tuple[str, FreeTypeFont]]:
    for vietnamese, letters in groupby(text, key=_only_vietnamese):
        yield "".join(letters), fonts[vietnamese]


def _only_vietnamese(letter: str) -> bool:
    """Return whether a letter is in the second file: ă, đ, ĩ, ũ, ơ, ư, and precomposed tones."""
    return letter in "ĂăĐđĨĩŨũƠơƯư₫" or "\u1ea0" <= letter <= "\u1ef9"

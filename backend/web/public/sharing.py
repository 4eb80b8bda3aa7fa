"""A unit's figure as a sentence and as a picture, for other sites."""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from backend.web.public.service import CoveragePage
from backend.web.site.charts import filled_percent
from backend.web.site.pages import Translator

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont


# Preview size of messengers and social networks.
SIZE = (1200, 630)
MARGIN = 72
INK, SOFT, ACCENT, GOOD, LACK = "#14212b", "#4b5b68", "#0b5a7c", "#17693f", "#c7921d"
PAPER, TRACK, BAND = "#ffffff", "#e3e9ee", "#0b5a7c"


def sentence(page: CoveragePage, translator: Translator) -> str:
    """Return the progress of a unit in one sentence."""
    own, target = page.own, page.answer["target"]
    assert own is not None
    month = translator.month(page.query.month)
    if own["communes"] and target:
        text = translator.gettext(
            "{reached} of {communes} reached {samples} in {month}, according to Đo Sóng.",
            reached=translator.number(own["communes"]["reached"]),
            communes=translator.ngettext("{n} commune", "{n} communes", own["communes"]["units"]),
            samples=translator.ngettext("{n} sample", "{n} samples", target["threshold"]),
            month=month,
        )
    elif own["target"] is None:
        text = translator.ngettext(
            "{n} sample in {month}, according to Đo Sóng.",
            "{n} samples in {month}, according to Đo Sóng.",
            own["counted"],
            month=month,
        )
    else:
        text = translator.ngettext(
            "{has} of {n} sample in {month}, according to Đo Sóng.",
            "{has} of {n} samples in {month}, according to Đo Sóng.",
            own["target"],
            has=translator.number(measured(page)),
            month=month,
        )
    return str(text)


def measured(page: CoveragePage) -> int:
    """Return the count that is compared with the unit's target."""
    target = page.answer["target"]
    assert page.own is not None
    number: int = page.own[target["basis"] if target else "counted"]
    return number


def draw_picture(page: CoveragePage, translator: Translator) -> bytes:
    """Draw a PNG with the unit's name, its count against the target, and the source."""
    from PIL import Image, ImageDraw

    assert page.unit is not None and page.own is not None
    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, SIZE[0], 20), fill=BAND)
    where = translator.gettext("Month {month}", month=translator.month(page.query.month))
    network = translator.label("network", page.query.network)
    draw.text((MARGIN, 80), f"{where} · {network}", SOFT, font=_font(34, bold=False))
    draw.text((MARGIN, 130), page.unit.name, INK, font=_fitting(draw, page.unit.name, 76))
    if page.unit.province != page.unit.name:
        draw.text((MARGIN, 232), page.unit.province, SOFT, font=_font(38, bold=False))
    _figure(draw, page, translator)
    draw.text(
        (MARGIN, 545), translator.gettext("according to Đo Sóng"), SOFT, font=_font(30, bold=False)
    )
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _figure(draw: "ImageDraw", page: CoveragePage, translator: Translator) -> None:
    """Draw the count, the target and a progress bar."""
    own = page.own or {}
    communes = own["communes"] if page.answer["target"] else None
    has = communes["reached"] if communes else measured(page)
    whole = communes["units"] if communes else own["target"]
    number, font = translator.number(has), _font(120, bold=True)
    draw.text((MARGIN, 300), number, ACCENT, font=font)
    if whole is None:
        return
    of = translator.gettext("{part} / {whole}", part="", whole=translator.number(whole)).strip()
    unit = translator.gettext("Communes reached") if communes else translator.gettext("Samples")
    at = MARGIN + draw.textlength(number, font=font) + 24
    draw.text((at, 372), f"{of} {unit.lower()}", SOFT, font=_font(42, bold=False))
    wide = SIZE[0] - 2 * MARGIN
    track = (MARGIN, 465, MARGIN + wide, 493)
    draw.rounded_rectangle(track, 14, fill=TRACK)
    done = wide * filled_percent(has, whole) / 100
    if done >= 1:
        end = MARGIN + max(done, 28)
        colour = GOOD if has >= whole else LACK
        draw.rounded_rectangle((MARGIN, 465, end, 493), 14, fill=colour)


def _fitting(draw: "ImageDraw", words: str, size: int) -> "FreeTypeFont":
    """Return the largest font in which a text fits between the margins."""
    while size > 30 and draw.textlength(words, font=_font(size, True)) > SIZE[0] - 2 * MARGIN:
        size -= 4
    return _font(size, bold=True)


@cache
def _font(size: int, bold: bool) -> "FreeTypeFont":
    """Load DejaVu Sans of matplotlib, which has all Vietnamese letters."""
    from matplotlib import get_data_path
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(get_data_path()) / "fonts" / "ttf" / name, size)

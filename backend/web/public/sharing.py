"""A unit's figure as a sentence and as a picture, for other sites."""

from io import BytesIO
from typing import TYPE_CHECKING

from backend.fonts import BOLD, NORMAL, Fonts, fonts_of, text_length, write_text
from backend.web.public.service import CoveragePage
from backend.web.site.charts import filled_percent
from backend.web.site.pages import Translator
from backend.web.site.pictures import COLOURS

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw


# Preview size of messengers and social networks.
SIZE = (1200, 630)
MARGIN = 72
PAPER, INK, SOFT, ACCENT, DEMO = (
    COLOURS[role][0] for role in ("paper", "ink", "soft", "accent", "demo")
)
GOOD, TRACK = "#17693f", "#e3e9ee"


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
    """Draw a PNG with the unit's name, its count against the target, and the source.

    Figures of the demo are marked: a picture is passed on without the page.
    """
    from PIL import Image, ImageDraw

    assert page.unit is not None and page.own is not None
    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, SIZE[0], 96), fill=ACCENT)
    write_text(draw, (MARGIN, 64), "Đo Sóng", fonts_of(44, BOLD), PAPER)
    month = translator.gettext("Month {month}", month=translator.month(page.query.month))
    where = f"{month} · {translator.label('network', page.query.network)}"
    small = fonts_of(32, NORMAL)
    left = SIZE[0] - MARGIN - text_length(where, small)
    write_text(draw, (left, 61), where, small, PAPER)
    name, fonts = page.unit.name, _fitting(page.unit.name, 76)
    write_text(draw, (MARGIN, 196), name, fonts, INK)
    if page.unit.province != name:
        write_text(draw, (MARGIN, 250), page.unit.province, fonts_of(36, NORMAL), SOFT)
    _figure(draw, page, translator)
    source = translator.gettext("according to Đo Sóng")
    write_text(draw, (MARGIN, 590), source, fonts_of(30, NORMAL), SOFT)
    if page.answer["demo"]:
        _mark_demo(draw, translator)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _mark_demo(draw: "ImageDraw", translator: Translator) -> None:
    text = translator.gettext("SAMPLE DATA, not real")
    fonts = fonts_of(30, BOLD)
    wide = text_length(text, fonts)
    right = SIZE[0] - MARGIN
    draw.rounded_rectangle((right - wide - 48, 548, right, 606), 12, fill=DEMO)
    write_text(draw, (right - wide - 24, 588), text, fonts, PAPER)


def _figure(draw: "ImageDraw", page: CoveragePage, translator: Translator) -> None:
    """Draw the count, the target and a progress bar."""
    own = page.own or {}
    communes = own["communes"] if page.answer["target"] else None
    has = communes["reached"] if communes else measured(page)
    whole = communes["units"] if communes else own["target"]
    number, fonts = translator.number(has), fonts_of(130, BOLD)
    write_text(draw, (MARGIN, 420), number, fonts, ACCENT)
    if whole is None:
        return
    of = translator.gettext("{part} / {whole}", part="", whole=translator.number(whole)).strip()
    unit = translator.gettext("Communes reached") if communes else translator.gettext("Samples")
    at = MARGIN + text_length(number, fonts) + 24
    write_text(draw, (at, 420), f"{of} {unit.lower()}", fonts_of(42, NORMAL), SOFT)
    wide = SIZE[0] - 2 * MARGIN
    draw.rounded_rectangle((MARGIN, 465, MARGIN + wide, 497), 16, fill=TRACK)
    done = wide * filled_percent(has, whole) / 100
    if done >= 1:
        colour = GOOD if has >= whole else ACCENT
        draw.rounded_rectangle((MARGIN, 465, MARGIN + max(done, 32), 497), 16, fill=colour)


def _fitting(words: str, size: int) -> Fonts:
    """Return the largest font in which a text fits between the margins."""
    while size > 30 and text_length(words, fonts_of(size, BOLD)) > SIZE[0] - 2 * MARGIN:
        size -= 4
    return fonts_of(size, BOLD)

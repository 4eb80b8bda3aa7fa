"""A unit's figure as a sentence and as a picture, for other sites."""

from backend.drawing import draw, png
from backend.web.public.service import CoveragePage
from backend.web.site.pages import Translator


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
    assert page.unit is not None and page.own is not None
    communes = page.own["communes"] if page.answer["target"] else None
    svg = draw(
        "web/pictures/share.svg",
        **translator.template_values(),
        unit=page.unit,
        query=page.query,
        demo=page.answer["demo"],
        communes=communes is not None,
        has=communes["reached"] if communes else measured(page),
        whole=communes["units"] if communes else page.own["target"],
    )
    return png(svg)

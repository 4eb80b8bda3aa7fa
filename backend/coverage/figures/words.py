"""Coverage in words: samples beside their phones and outings, a forecast, what stands and lacks.

An outing is a commune, a day and a team. 300 samples of one phone, or of one afternoon, tell little
of a network: samples of a phone resemble one another, and so do those of an outing.
"""

from typing import TypedDict

from backend.clock import month_end
from backend.coverage.figures.coverage_answer import Participation, UnitItem
from backend.i18n import formats
from backend.i18n.catalogues import NN_, Language, Plural, gettext, ngettext

# 300 samples spread evenly over so many phones and outings are worth 1 / (0.3 / 12 + 0.1 / 15 +
# 0.6 / 300) = 30 independent ones: as many as a published median needs (`MINIMUM_N`), with the
# correlations that are assumed where few samples tell them. Advice, never part of a target.
MIN_DEVICES, MIN_OUTINGS = 12, 15


def lacks_participation(item: Participation) -> bool:
    """Return whether the phones and outings of a unit are known, and one fewer than advised."""
    devices, outings = item["devices"], item["outings"]
    few = (devices or 0) < MIN_DEVICES or (outings or 0) < MIN_OUTINGS
    return devices is not None and outings is not None and few


def participation(item: UnitItem, language: Language, has: int | None = None) -> str:
    """Return the phones and outings of a unit, behind its samples if `has` is given.

    "312/300 samples · 4 phones · 2 outings (12 phones and 15 outings are advised)"
    """
    parts = []
    if has is not None and item["target"] is not None:
        fraction = f"{_number(has, language)}/{_number(item['target'], language)}"
        parts.append(gettext("{fraction} samples", language).format(fraction=fraction))
    elif has is not None:
        parts.append(_count(NN_("{n} sample", "{n} samples"), has, language))
    if item["devices"] is not None:
        parts.append(_count(NN_("{n} phone", "{n} phones"), item["devices"], language))
    if item["outings"] is not None:
        parts.append(_count(NN_("{n} outing", "{n} outings"), item["outings"], language))
    text = " · ".join(parts)
    if lacks_participation(item):
        advice = gettext("({devices} phones and {outings} outings are advised)", language)
        text += " " + advice.format(devices=MIN_DEVICES, outings=MIN_OUTINGS)
    return text


# Before this day, the 14 days that a forecast reads are mostly those of the month before.
FORECAST_FROM = 14


def forecast(item: UnitItem, month: str, language: Language) -> str | None:
    """Return where a unit's month will end at its pace; None before FORECAST_FROM."""
    projection, left = item["projection"], item["days_left"]
    if projection is None or month_end(month).day - left + 1 < FORECAST_FROM:
        return None
    low, high = _number(projection["low"], language), _number(projection["high"], language)
    if low == high:
        text = gettext("At the pace of the last 14 days the month will end with about {n} samples.",
                       language)  # fmt: skip
        return text.format(n=low)
    text = gettext(
        "At the pace of the last 14 days the month will end with about {low} to {high} samples.",
        language,
    )
    return text.format(low=low, high=high)


class Lack(TypedDict):
    """What a unit lacks."""

    target: int | None  # samples; null: none is in force
    shortfall: int | None  # samples missing to the target; null without one
    days_left: int
    needed_per_day: int | None  # samples; null without a target, and in the last days
    planned: int | None  # samples; null for the public


def facts(item: Lack, has: int, language: Language) -> str:
    """Return how many samples a unit has, what it needs, and whether that is planned.

    "only 1 sample, 14 samples a day needed, nothing planned yet": `has` are the samples that are
    compared with the target.
    """
    few = 2 * has < (item["target"] or 0)
    text = NN_("only {n} sample", "only {n} samples") if few else NN_("{n} sample", "{n} samples")
    parts = [_count(text, has, language) if has else gettext("no sample yet", language)]
    missing, daily, planned = item["shortfall"] or 0, item["needed_per_day"], item["planned"]
    if missing and daily:
        text = NN_("{n} sample a day needed", "{n} samples a day needed")
        parts.append(_count(text, daily, language))
    elif missing:
        lack = gettext("{samples} missing, {days} left", language)
        samples = _count(NN_("{n} sample", "{n} samples"), missing, language)
        days = _count(NN_("{n} day", "{n} days"), item["days_left"], language)
        parts.append(lack.format(samples=samples, days=days))
    if planned is not None:
        text = NN_("{n} sample planned", "{n} samples planned")
        nothing = gettext("nothing planned yet", language)
        parts.append(_count(text, planned, language) if planned else nothing)
    return ", ".join(parts)


def _count(text: Plural, n: int, language: Language) -> str:
    return ngettext(*text, n, language).format(n=_number(n, language))


def _number(value: int, language: Language) -> str:
    return formats.number(value, language)

"""Digest of a place: its progress on a day in a few Vietnamese lines, to be read on a phone.

It is printed, or sent by SMTP, a web hook, or both, according to the settings.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any
from urllib.request import Request, urlopen

import click
import orjson
from flask import current_app

from backend.accounts import audit_chain
from backend.clock import local_day
from backend.coverage.alerts.overview import AreaOverview, area_overview
from backend.coverage.alerts.service import SILENT_DAYS, STATES, Alert, Alerts, alerts
from backend.coverage.contributions.day_summary import footer
from backend.coverage.figures.coverage_answer import Coverage, UnitItem
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.figures.words import participation
from backend.i18n.formats import number, percent
from backend.mail import FAILURES, TIMEOUT_S, mail
from backend.units.catalogue import APPROXIMATE

# A message on a phone has room for few names.
MAX_NAMES = 5
# Of the digest of the audit log: no other log with these is found.
AUDIT_DIGITS = 16
NETWORK = {"mobile": "mạng di động", "fixed": "mạng cố định"}


@dataclass(frozen=True, slots=True)
class Digest:
    """The subject and the lines of a digest."""

    unit: str
    day: date
    subject: str
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def digest(unit: str, network: str, now: datetime) -> Digest:
    """Return the digest of the communes of a province or district, or of a single commune."""
    day = local_day(now)
    month = f"{day:%Y-%m}"
    whole = coverage(CoverageQuery(month, None, network, unit=unit), now)
    (place,) = whole["items"]
    commune = place["level"] == "commune"
    parent, only = (None, unit) if commune else (unit, None)
    overview = area_overview(CoverageQuery(month, "commune", network, parent, only), now)
    lines = [f"{place['name']} – ngày {day:%d/%m/%Y}, {NETWORK[network]}"]
    if commune:
        lines += _commune(place)
    else:
        lines += _communes(whole, alerts(month, network, unit, now))
    lines += _by_table(overview)
    subject = f"Đo Sóng: {place['name']}, {day:%d/%m/%Y}"
    boundaries = whole["boundaries"]
    approximate = boundaries is None or boundaries["quality"] == APPROXIMATE
    lines.append(footer(approximate=approximate, demo=whole["demo"]))
    if audit := audit_chain.latest():  # kept outside of the database, where nobody changes it
        lines.append(f"Mã nhật ký quản trị đến hết {audit.day}: {audit.digest[:AUDIT_DIGITS]}")
    return Digest(unit, day, subject, lines)


def _commune(one: UnitItem) -> list[str]:
    so_far = f"{number(one['counted'])} mẫu được tính trong {number(one['received'])} mẫu nhận"
    so_far += f", {participation(one, 'vi')}." if one["devices"] is not None else "."
    if one["target"] is None:
        return [so_far, "Chưa có mục tiêu."]
    if one["shortfall"] == 0:
        return [so_far, f"Đã đạt mục tiêu {number(one['target'])} mẫu."]
    daily = one["needed_per_day"]
    need = "" if daily is None else f": cần {number(daily)} mẫu mỗi ngày"
    return [
        so_far,
        f"Còn thiếu {number(one['shortfall'])} mẫu để đạt {number(one['target'])}, còn "
        f"{one['days_left']} ngày{need}.",
    ]


def _communes(whole: Coverage, found: Alerts) -> list[str]:
    summary = whole["summary"]
    level = summary["levels"][-1]
    lines = [f"{number(summary['counted'])} mẫu được tính, {number(summary['received'])} nhận."]
    if level["reached"] is None or found["target"] is None:
        return [*lines, "Chưa có mục tiêu."]
    lines.append(
        f"{number(level['reached'])}/{number(level['units'])} xã, phường đạt "
        f"{number(found['target']['threshold'])} mẫu ({percent(level['share'], 'vi')})."
    )
    by_state = {
        state: [one for one in found["items"] if state in one["states"]] for state in STATES
    }
    lines += _named(
        f"Không có mẫu nào trong {SILENT_DAYS} ngày qua", by_state["silent"], itemgetter("name")
    )
    lines += _named("Chậm tiến độ", by_state["behind"], _lacking)
    by_pace = "Theo nhịp 14 ngày qua sẽ không đạt (cuối tháng thường đo nhiều hơn)"
    lines += _named(by_pace, by_state["will_miss"], _lacking)
    return lines


def _by_table(overview: AreaOverview) -> list[str]:
    """Return what communes lack by VNNIC's published table, where its count steers."""
    if not (tables := overview.followed) or not tables.day:
        return []
    units = sorted(overview.items, key=lambda one: one["need"].order)
    lacking = [one for one in units if one["need"].missing]
    names = [f"{one['name']} (thiếu {number(one['need'].missing or 0)})" for one in lacking]
    if not names:
        return [f"Theo bảng VNNIC đến {tables.day:%d/%m/%Y}: không xã, phường nào còn thiếu."]
    more = len(names) - MAX_NAMES
    others = f" và {number(more)} nơi khác" if more > 0 else ""
    said = f"Theo bảng VNNIC đến {tables.day:%d/%m/%Y} còn thiếu ({number(len(names))})"
    return [f"{said}: {', '.join(names[:MAX_NAMES])}{others}."]


def _named(state: str, units: list[Alert], name: Callable[[Alert], str]) -> list[str]:
    """Return a line with the name of a state and its units, largest shortfall first."""
    if not units:
        return []
    first = sorted(units, key=lambda one: -(one["shortfall"] or 0))[:MAX_NAMES]
    more = len(units) - len(first)
    others = f" và {number(more)} nơi khác" if more else ""
    return [f"{state} ({number(len(units))}): {', '.join(map(name, first))}{others}."]


def _lacking(one: Alert) -> str:
    return f"{one['name']} (thiếu {number(one['shortfall'] or 0)})"


def print_or_send(digest: Digest, sending: bool) -> None:
    """Print a digest in a command; with `sending`, also send it, and fail if nothing is set."""
    click.echo(digest.text, nl=False)
    if not sending:
        return
    addresses = _send(digest, current_app.config)
    if not addresses:
        raise click.ClickException("not sent: set SMTP_HOST and DIGEST_TO, or DIGEST_WEBHOOK")
    click.echo(f"sent to {', '.join(addresses)}", err=True)


def _send(digest: Digest, settings: Mapping[str, Any]) -> list[str]:
    """Send a digest to all configured addresses and return them."""
    sent = []
    if settings["SMTP_HOST"] and settings["DIGEST_TO"]:
        with _attempt("SMTP_HOST"):
            mail(settings["DIGEST_TO"], digest.subject, digest.text, settings)
        sent += list(settings["DIGEST_TO"])
    if url := settings["DIGEST_WEBHOOK"]:
        # Chat services show the `text`. The setting takes http and https only.
        body = orjson.dumps({"unit": digest.unit, "day": digest.day, "text": digest.text})
        request = Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
        with _attempt("DIGEST_WEBHOOK"), urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
            pass
        sent.append(url)
    return sent


@contextmanager
def _attempt(setting: str) -> Iterator[None]:
    try:
        yield
    except FAILURES as error:
        raise click.ClickException(f"not sent: {setting}: {error}") from None

"""How far a place is today, in a few Vietnamese lines that a person reads on a phone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from backend.clock import local_day
from backend.coverage.alerts.service import SILENT_DAYS, alerts
from backend.coverage.contributions.day_summary import footing
from backend.coverage.figures.service import Question, coverage
from backend.i18n.formats import number, percent
from backend.units.catalogue import APPROXIMATE

# More names than these are not read in a message on a phone.
NAMES_TOLD = 5
NETWORK = {"mobile": "mạng di động", "fixed": "mạng cố định"}


@dataclass(frozen=True, slots=True)
class Digest:
    """What is sent: a subject, and the lines."""

    unit: str
    day: date
    subject: str
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def digest(unit: str, network: str, now: datetime) -> Digest:
    """Tell how the communes of a province or district stand today, or how one commune does."""
    day = local_day(now)
    month = f"{day:%Y-%m}"
    whole = coverage(Question(month, None, network, unit=unit), now)
    (place,) = whole["items"]
    told = [f"{place['name']} – ngày {day:%d/%m/%Y}, {NETWORK[network]}"]
    if place["level"] == "commune":
        told += _commune(place)
    else:
        told += _communes(whole, alerts(month, network, unit, now))
    subject = f"Đo Sóng: {place['name']}, {day:%d/%m/%Y}"
    drawn = whole["boundaries"]
    approximate = drawn is None or drawn["quality"] == APPROXIMATE
    told.append(footing(approximate=approximate, demo=whole["demo"]))
    return Digest(unit, day, subject, told)


def _commune(one: Mapping[str, Any]) -> list[str]:
    so_far = f"{_number(one['counted'])} mẫu được tính trong {_number(one['received'])} mẫu nhận."
    if one["target"] is None:
        return [so_far, "Chưa có mục tiêu."]
    if one["shortfall"] == 0:
        return [so_far, f"Đã đạt mục tiêu {_number(one['target'])} mẫu."]
    return [
        so_far,
        f"Còn thiếu {_number(one['shortfall'])} mẫu để đạt {_number(one['target'])}, còn "
        f"{one['days_left']} ngày: cần {_number(one['needed_per_day'])} mẫu mỗi ngày.",
    ]


def _communes(whole: Mapping[str, Any], told: Mapping[str, Any]) -> list[str]:
    line = whole["summary"]["levels"][-1]
    summary = whole["summary"]
    lines = [f"{_number(summary['counted'])} mẫu được tính, {_number(summary['received'])} nhận."]
    if line["reached"] is None or told["target"] is None:
        return [*lines, "Chưa có mục tiêu."]
    lines.append(
        f"{_number(line['reached'])}/{_number(line['units'])} xã, phường đạt "
        f"{_number(told['target']['threshold'])} mẫu ({percent(line['share'], 'vi')})."
    )
    by_state = {
        state: [one for one in told["items"] if state in one["states"]] for state in told["counts"]
    }
    lines += _named(f"Không có mẫu nào trong {SILENT_DAYS} ngày qua", by_state["silent"], _name)
    lines += _named("Chậm tiến độ", by_state["behind"], _lacking)
    lines += _named("Giữ nhịp này sẽ không đạt", by_state["will_miss"], _lacking)
    return lines


def _named(what: str, units: list[Any], name: Any) -> list[str]:
    """A state and those in it, who lacks most first."""
    if not units:
        return []
    first = sorted(units, key=lambda one: -(one["shortfall"] or 0))[:NAMES_TOLD]
    more = len(units) - len(first)
    others = f" và {_number(more)} nơi khác" if more else ""
    return [f"{what} ({_number(len(units))}): {_joined(map(name, first))}{others}."]


def _name(one: Mapping[str, Any]) -> str:
    return str(one["name"])


def _lacking(one: Mapping[str, Any]) -> str:
    return f"{one['name']} (thiếu {_number(one['shortfall'])})"


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)


def _number(value: float) -> str:
    return number(value, "vi")

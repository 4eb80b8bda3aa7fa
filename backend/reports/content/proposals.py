"""Sentences proposed from the figures of a report; the official may replace them. Pure."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from backend.coverage.statistics.release_rules import CELL_VOLUNTEERS
from backend.i18n.formats import number, percent, span
from backend.measurements.recording.reasons import BY_CODE
from backend.reports.content.figures import (
    NETWORKS,
    Lacking,
    NoConnectionRow,
    Quality,
    Reached,
    ReportUnit,
    Samples,
    Sections,
    TeamRow,
    Vnnic,
    leading,
)
from backend.reports.content.labels import BASES, NETWORKS_LONG, PARTS, within
from backend.reports.content.labels import month as month_label
from backend.reports.content.references import cite

LEVELS = {"province": "cấp tỉnh", "district": "cấp huyện", "commune": "cấp xã"}
PLACES = ("zones", "places", "areas")
# Names in a sentence; the tables have all of them.
MAX_NAMED = 3
TEAM_TYPES = {
    "youth": "đội thanh niên",
    "community_digital": "tổ công nghệ số cộng đồng",
    "staff": "tổ cán bộ",
    "other": "đội khác",
}
# In a report; volunteers read what to do about it.
REASONS = {"repeat": "mẫu lặp lại của cùng thiết bị, cùng vị trí trong 4 giờ"}


def propose(unit: ReportUnit, month: str, sections: Sections) -> dict[str, str]:
    """Return the proposed sentences of each section that has any."""
    parts = {
        "samples": _samples(unit, month, sections["samples"]),
        "reached": [_reached(n, unit, sections) for n in NETWORKS],
        "lacking": [_lacking(n, unit, sections["lacking"][n]) for n in NETWORKS],
        "quality": [_quality(n, sections["quality"][n]) for n in NETWORKS],
        "no_connection": [_no_connection(sections.get("no_connection"))],
        "teams": [_teams(sections["teams"])],
        "vnnic": [_vnnic(sections["vnnic"])],
    }
    texts = {name: " ".join(filter(None, sentences)) for name, sentences in parts.items()}
    return {name: text for name, text in texts.items() if text}


def _samples(unit: ReportUnit, month: str, rows: Mapping[str, Samples]) -> list[str]:
    numbers = "; ".join(_numbers(network, rows[network]) for network in NETWORKS)
    where = f"Trong {month_label(month)}, trên địa bàn {within(unit['name'])}"
    losses = (_losses(network, rows[network]) for network in NETWORKS)
    assured = (_assurance(network, rows[network]) for network in NETWORKS)
    return [f"{where}, Đo Sóng thu nhận {numbers}.", *losses, *assured]


def _numbers(network: str, row: Samples) -> str:
    received = f"{_n(row['received'])} mẫu đo {NETWORKS_LONG[network]}"
    if not row["received"]:
        return received
    return f"{received} (hợp lệ {_n(row['valid'])}, được tính {_n(row['counted'])})"


def _losses(network: str, row: Samples) -> str:
    if not row["reasons"]:
        return ""
    largest = list(row["reasons"].items())[:MAX_NAMED]
    reasons = "; ".join(f"{_reason(code)} ({_n(n)} mẫu)" for code, n in largest)
    return f"Lý do chính khiến mẫu {NETWORKS_LONG[network]} không được tính: {reasons}."


def _assurance(network: str, row: Samples) -> str:
    """Return the assurance of the counted samples; reports of version 1.0 have none."""
    parts = [
        f"{_n(n)} mẫu {PARTS[part][0].lower()}{PARTS[part][1:]}"
        for part, n in row.get("by_assurance", {}).items()
        if n
    ]
    return f"Mẫu {NETWORKS_LONG[network]} được tính gồm: {'; '.join(parts)}." if parts else ""


def _reason(code: str) -> str:
    """Return a reason as in a sentence, without its advice to volunteers."""
    if code in REASONS:
        return REASONS[code]
    text = BY_CODE[code].finding("vi").rstrip(".") if code in BY_CODE else code
    return text[0].lower() + text[1:]


def _reached(network: str, unit: ReportUnit, sections: Sections) -> str:
    """Return one sentence for all levels of a target, as in the ministry's letter."""
    with_target = [row for row in sections["reached"][network] if row["reached"] is not None]
    if not with_target:
        return f"Tháng này không có mục tiêu {NETWORKS_LONG[network]}."
    if unit["level"] == "commune":
        return _own_target(network, unit, with_target[-1], sections["samples"][network])
    sentences = [
        f"Theo số liệu Đo Sóng, {', '.join(map(_part, same))} đạt từ {_n(threshold or 0)} mẫu"
        f" {BASES.get(basis or '', '')} {NETWORKS_LONG[network]} trở lên{_by(source)}."
        for (threshold, basis, source), same in groupby(
            with_target, key=lambda row: (row["threshold"], row["basis"], row["source"])
        )
    ]
    return " ".join([*sentences, *_best(with_target[-1])])


def _own_target(network: str, unit: ReportUnit, row: Reached, samples: Samples) -> str:
    """Return the sentence of a commune, which has no other units to speak of."""
    basis = row["basis"] or "counted"
    verdict = "đạt mục tiêu" if row["reached"] else "chưa đạt mục tiêu"
    return (
        f"Theo số liệu Đo Sóng, {within(unit['name'])} có {_n(samples[basis])} mẫu {BASES[basis]}"  # type: ignore[literal-required]
        f" {NETWORKS_LONG[network]}, {verdict} {_n(row['threshold'] or 0)} mẫu"
        f"{_by(row['source'])}."
    )


def _by(source: str | None) -> str:
    cited = cite(source)
    return f" (theo {cited})" if cited else ""


def _part(row: Reached) -> str:
    level, share = LEVELS[row["level"]], percent(row["share"], "vi")
    return f"{_n(row['reached'] or 0)}/{_n(row['units'])} đơn vị {level} ({share})"


def _best(row: Reached) -> list[str]:
    """Return the share that evenly distributed samples would reach, if it is larger."""
    if row["best_share"] is None or row["best_share"] <= (row["share"] or 0):
        return []
    best, level = percent(row["best_share"], "vi"), LEVELS[row["level"]]
    return [f"Cùng số mẫu đó, nếu phân bổ đều nhất thì {best} đơn vị {level} có thể đạt."]


def _lacking(network: str, unit: ReportUnit, rows: Sequence[Lacking]) -> str:
    if not rows:
        return ""
    if unit["level"] == "commune":
        return _own_shortfall(network, rows[0])
    most = ", ".join(
        f"{row['name']} (thiếu {_n(row['shortfall'] or 0)})" for row in rows[:MAX_NAMED]
    )
    shortfalls = (
        f"Còn {_n(len(rows))} đơn vị cấp xã thiếu mẫu {NETWORKS_LONG[network]}, thiếu nhiều nhất"
        f" là {most}."
    )
    planned = [row for row in rows if row["planned"]]
    if not planned:
        return f"{shortfalls} Chưa có chiến dịch nào đo tại các nơi này trong tháng tiếp theo."
    names = "; ".join(sorted({name for row in planned for name in row["planned"]}))
    return (
        f"{shortfalls} Trong tháng tiếp theo, {_n(len(planned))} nơi trong số đó nằm trong địa bàn"
        f" của chiến dịch: {names}."
    )


def _own_shortfall(network: str, row: Lacking) -> str:
    text = f"Còn thiếu {_n(row['shortfall'] or 0)} mẫu {NETWORKS_LONG[network]}."
    if not row["planned"]:
        return f"{text} Chưa có chiến dịch nào đo tại xã, phường trong tháng tiếp theo."
    names = "; ".join(row["planned"])
    return f"{text} Trong tháng tiếp theo, xã, phường nằm trong địa bàn của chiến dịch: {names}."


def _quality(network: str, rows: Sequence[Quality]) -> str:
    """List operators over all technologies, without those with too few samples."""
    shown = [
        row
        for row in rows
        if row["operator"] and row["technology"] is None and row["download_mbps"]
    ]
    if not shown:
        return ""
    operators = "; ".join(map(_operator, shown))
    return f"Tốc độ tải xuống trung vị {NETWORKS_LONG[network]}: {operators}.{_ranking(shown)}"


def _operator(row: Quality) -> str:
    spread: Any = row["download_mbps"]
    name, low, high = leading(spread)
    interval = ""
    if low is not None and high is not None:
        interval = f"khoảng tin cậy {span(low, high, 'vi')}; "
    return (
        f"{row['operator']} {number(spread[name], 'vi', 1)} Mbit/s ({interval}{_n(row['n'])} mẫu)"
    )


def _ranking(rows: Sequence[Quality]) -> str:
    """Say which operators are apart by the test; nothing for reports without ranks."""
    ranks = {row["operator"]: rank for row in rows if (rank := row.get("rank"))}
    if len(ranks) < 2:
        return ""
    if all((one["best"], one["worst"]) == (1, one["of"]) for one in ranks.values()):
        return " Chênh lệch giữa các nhà mạng nằm trong mức ngẫu nhiên nên chưa xếp hạng."
    known = [
        f"{operator} hạng {one['best']}"
        if one["best"] == one["worst"]
        else f"{operator} hạng {one['best']} đến {one['worst']}"
        for operator, one in sorted(ranks.items(), key=lambda pair: list(pair[1].values()))
    ]
    return f" Xếp hạng khi chênh lệch vượt quá mức ngẫu nhiên: {'; '.join(known)}."


def _no_connection(rows: Sequence[NoConnectionRow] | None) -> str:
    if rows is None:
        return ""
    if not rows:
        return (
            "Trong tháng chưa có nơi nào được đủ số tình nguyện viên ghi nhận là không kết nối"
            " được để nêu trong báo cáo."
        )
    zones, cells, areas = (sum(row[name] for row in rows) for name in PLACES)  # type: ignore[literal-required]
    parts = [
        f"{_n(zones)} vùng lõm sóng" if zones else "",
        f"{_n(cells)} điểm không kết nối được" if cells else "",
        f"{_n(areas)} khu vực rộng hơn có điểm không kết nối được" if areas else "",
    ]
    return (
        f"Người đo ghi nhận tại {_n(len(rows))} xã, phường: {'; '.join(filter(None, parts))}. Vùng"
        f" lõm sóng là ô khoảng 0,7 km² mà ít nhất {CELL_VOLUNTEERS} tình nguyện viên ghi nhận,"
        " trong hai ngày trở lên. Các ghi nhận này không phải mẫu đo và không tính vào mục tiêu."
    )


def _teams(rows: Sequence[TeamRow]) -> str:
    if not rows:
        return "Trong tháng không có tổ đội nào đo tại địa bàn trong khuôn khổ chiến dịch."
    campaigns = dict.fromkeys(row["campaign"] for row in rows)
    listed = [text for type in TEAM_TYPES if (text := _teams_of(rows, type))]
    several = f" trong khuôn khổ {_n(len(campaigns))} chiến dịch" if len(campaigns) > 1 else ""
    best = max(rows, key=lambda row: row["counted"])
    return (
        f"Có {'; '.join(listed)} tham gia đo{several}. Nhiều mẫu được tính nhất là"
        f" {best['team']} ({best['organisation']}): {_n(best['counted'])} mẫu."
    )


def _teams_of(rows: Sequence[TeamRow], type: str) -> str:
    """Return the number of teams of a type and their organisations; teams may have campaigns."""
    teams = dict.fromkeys((r["organisation"], r["team"]) for r in rows if r["type"] == type)
    owners = ", ".join(dict.fromkeys(organisation for organisation, _ in teams))
    return f"{_n(len(teams))} {TEAM_TYPES[type]} ({owners})" if teams else ""


def _vnnic(rows: Sequence[Vnnic] | None) -> str:
    if rows is None:
        return "Chưa nhập số liệu của VNNIC cho tháng này nên không có so sánh."
    known = sum(row["theirs"] is not None for row in rows)
    return (
        f"VNNIC có số liệu của {_n(known)}/{_n(len(rows))} dòng được so sánh; chênh lệch và nguyên"
        " nhân có thể có được nêu trong bảng."
    )


def _n(value: int) -> str:
    return number(value, "vi")

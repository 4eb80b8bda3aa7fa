"""Sentences of a letter made from the figures of a report, by section. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby

from backend.clock import month_after
from backend.coverage.statistics.group_figures import leading
from backend.coverage.statistics.release_rules import CELL_VOLUNTEERS
from backend.i18n.formats import day, number, percent
from backend.outreach.service import OutreachSum
from backend.reports.content.figures import (
    NETWORKS,
    Lacking,
    NoConnectionRow,
    OutreachFigures,
    Quality,
    Reached,
    RepairRow,
    ReportUnit,
    Samples,
    Sections,
    TeamRow,
)
from backend.reports.content.labels import (
    BASES,
    MEDIAN_IS,
    NETWORKS_LONG,
    PARTS,
    PLACE_STATES,
    reason,
    within,
)
from backend.reports.content.labels import month as month_label
from backend.reports.content.references import cite

LEVELS = {"province": "tỉnh, thành phố", "district": "huyện", "commune": "xã, phường"}
PLACES = {
    "zones": "vùng lõm sóng",
    "places": "điểm không kết nối được",
    "areas": "khu vực rộng hơn có điểm không kết nối được",
}
# Names in a sentence; the tables have all of them.
MAX_NAMED = 3
OUTREACH_KINDS = {
    "conference": "hội nghị, tập huấn",
    "launch": "buổi ra quân",
    "visits": "đợt đến từng nhà",
    "media": "đợt tuyên truyền qua loa, mạng xã hội",
    "document": "văn bản chỉ đạo",
}
TEAM_TYPES = {
    "youth": "đội thanh niên",
    "community_digital": "tổ công nghệ số cộng đồng",
    "staff": "tổ cán bộ",
    "other": "đội khác",
}


def propose(unit: ReportUnit, month: str, sections: Sections) -> dict[str, str]:
    """Return the sentences of each section that has any, a line for each paragraph."""
    own = unit["name"] if unit["level"] == "commune" else "Các xã, phường"
    parts = {
        "direction": [
            *tell_outreach(own, sections.get("outreach")),
            _teams(sections["teams"]),
            tell_residents(sections.get("residents")),
        ],
        "results": [
            _samples(unit, month, sections["samples"]),
            *(_reached(n, unit, sections) for n in NETWORKS),
            *(_quality(n, sections["quality"][n]) for n in NETWORKS),
            _no_connection(unit, sections["no_connection"]),
            _places(sections.get("places", [])),
            *(_vnnic(n, unit, sections) for n in NETWORKS),
        ],
        "shortcomings": [
            *(_lacking(n, unit, sections["lacking"][n]) for n in NETWORKS),
            *(_losses(n, sections["samples"][n]) for n in NETWORKS),
        ],
        "tasks": [_tasks(n, unit, month, sections["lacking"][n]) for n in NETWORKS],
    }
    texts = {name: "\n".join(filter(None, lines)) for name, lines in parts.items()}
    return {name: text for name, text in texts.items() if text}


# I. What was done


def tell_outreach(communes: str, entered: OutreachFigures | None) -> list[str]:
    """Return a sentence for each that entered activities; their sums are never added."""
    if entered is None:
        return []
    offices = {"province": "Cơ quan cấp tỉnh", "commune": communes, "team": "Các tổ, đội"}
    found = [
        f"{who} có {'; '.join(parts)}."
        for by, who in offices.items()
        if (parts := [_activities(one, entered) for one in entered["sums"]
                      if one["entered_by"] == by])
    ]  # fmt: skip
    if len(found) > 1:
        found.append("Số liệu theo từng nơi ghi, có thể trùng nhau nên không cộng lại.")
    return [f"Về tuyên truyền, hướng dẫn: {' '.join(found)}"]


def _activities(one: OutreachSum, entered: OutreachFigures) -> str:
    """Return the number of activities of a kind, with attendances or documents."""
    text = f"{_n(one['entries'])} {OUTREACH_KINDS[one['kind']]}"
    if one["people"] is not None:
        return f"{text} ({_n(one['people'])} lượt người)"
    listed = [
        f"số {row['document_number']} ngày {day(date.fromisoformat(row['document_date']), 'vi')}"
        for row in entered["activities"]
        if (row["entered_by"], row["kind"]) == (one["entered_by"], one["kind"])
        and row["document_date"]
    ]
    others = ["…"] if len(listed) > MAX_NAMED else []
    return f"{text} ({'; '.join(listed[:MAX_NAMED] + others)})" if listed else text


def _teams(rows: Sequence[TeamRow]) -> str:
    if not rows:
        return ""
    campaigns = dict.fromkeys(row["campaign"] for row in rows)
    listed = [text for type in TEAM_TYPES if (text := _teams_of(rows, type))]
    several = f" trong khuôn khổ {_n(len(campaigns))} chiến dịch" if len(campaigns) > 1 else ""
    return " ".join(
        [
            f"Có {'; '.join(listed)} tham gia đo{several}.",
            *filter(None, (_best_team(network, rows) for network in NETWORKS)),
        ]
    )


def tell_residents(helped: int | None) -> str:
    """Return how many residents volunteers helped, in a sentence; empty without a number."""
    if helped is None:
        return ""
    return f"Các đội đã hướng dẫn {_n(helped)} người dân tự đo bằng máy của mình."


def _best_team(network: str, rows: Sequence[TeamRow]) -> str:
    """Name the team with most samples of a network, and its organisation if there are several."""
    best = max(
        (row for row in rows if row["network"] == network and row["counted"]),
        key=lambda row: row["counted"],
        default=None,
    )
    if not best:
        return ""
    alone = len({row["organisation"] for row in rows}) == 1
    named = best["team"] if alone else f"{best['team']} ({best['organisation']})"
    return (
        f"Nhiều mẫu {NETWORKS_LONG[network]} được tính nhất là {named}: {_n(best['counted'])} mẫu."
    )


def _teams_of(rows: Sequence[TeamRow], type: str) -> str:
    """Return the number of teams of a type and their organisations; teams may have campaigns."""
    teams = dict.fromkeys((r["organisation"], r["team"]) for r in rows if r["type"] == type)
    owners = list(dict.fromkeys(organisation for organisation, _ in teams))
    named = ", ".join(owners) if len(owners) <= MAX_NAMED else f"{_n(len(owners))} tổ chức"
    return f"{_n(len(teams))} {TEAM_TYPES[type]} ({named})" if teams else ""


# II. Results


def _samples(unit: ReportUnit, month: str, rows: Mapping[str, Samples]) -> str:
    measured = [n for n in NETWORKS if rows[n]["received"]] or NETWORKS[:1]
    numbers = "; ".join(_numbers(network, rows[network]) for network in measured)
    where = f"Trong {month_label(month)}, trên địa bàn {within(unit['name'])}"
    assured = (_assurance(network, rows[network]) for network in measured)
    return " ".join(filter(None, [f"{where}, Đo Sóng thu nhận {numbers}.", *assured]))


def _numbers(network: str, row: Samples) -> str:
    received = f"{_n(row['received'])} mẫu đo {NETWORKS_LONG[network]}"
    if not row["received"]:
        return received
    return f"{received} (hợp lệ {_n(row['valid'])}, được tính {_n(row['counted'])})"


def _assurance(network: str, row: Samples) -> str:
    """Return the assurance of the counted samples; no number where it is that of all."""
    parts = [
        (n, f"{PARTS[part][0].lower()}{PARTS[part][1:]}")
        for part, n in row["by_assurance"].items()
        if n
    ]
    if len(parts) == 1:
        return f"Mẫu {NETWORKS_LONG[network]} được tính đều {parts[0][1]}."
    listed = "; ".join(f"{_n(n)} mẫu {assurance}" for n, assurance in parts)
    return f"Mẫu {NETWORKS_LONG[network]} được tính gồm: {listed}." if parts else ""


def _reached(network: str, unit: ReportUnit, sections: Sections) -> str:
    """Return how many units of the levels below reached the target; a commune speaks of itself."""
    with_target = [row for row in sections["reached"][network] if row["reached"] is not None]
    if unit["level"] == "commune":
        return _own_target(network, unit, with_target[-1], sections) if with_target else ""
    below = [row for row in with_target if row["level"] != unit["level"]]
    sentences = [
        f"Theo số liệu Đo Sóng, {', '.join(map(_part, same))} đạt từ {_n(threshold or 0)} mẫu"
        f" {BASES.get(basis or '', '')} {NETWORKS_LONG[network]} trở lên{_by(source)}."
        for (threshold, basis, source), same in groupby(
            below, key=lambda row: (row["threshold"], row["basis"], row["source"])
        )
    ]
    return " ".join([*sentences, *map(_best, below[-1:])]).strip()


def _own_target(network: str, unit: ReportUnit, row: Reached, sections: Sections) -> str:
    basis = row["basis"] or "counted"
    has = sections["samples"][network][basis]  # type: ignore[literal-required]
    verdict = "đạt mục tiêu" if row["reached"] else "chưa đạt mục tiêu"
    return (
        f"Theo số liệu Đo Sóng, {within(unit['name'])} có {_n(has)} mẫu {BASES[basis]}"
        f" {NETWORKS_LONG[network]}, {verdict} {_n(row['threshold'] or 0)} mẫu"
        f"{_by(row['source'])}."
    )


def _by(source: str | None) -> str:
    cited = cite(source)
    return f" (theo {cited})" if cited else ""


def _part(row: Reached) -> str:
    level, share = LEVELS[row["level"]], percent(row["share"], "vi")
    return f"{_n(row['reached'] or 0)}/{_n(row['units'])} {level} ({share})"


def _best(row: Reached) -> str:
    """Return how many units the same samples could have brought to the target, if more."""
    best = round((row["best_share"] or 0) * row["units"])
    if best <= (row["reached"] or 0):
        return ""
    return f"Với số mẫu này, nếu bố trí hợp lý thì {_n(best)} {LEVELS[row['level']]} có thể đạt."


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
    return f"Tốc độ tải xuống {NETWORKS_LONG[network]} ({MEDIAN_IS}): {operators}."


def _operator(row: Quality) -> str:
    assert row["download_mbps"]
    median = number(leading(row["download_mbps"]).value, "vi", 1)
    return f"{row['operator']} {median} Mbit/s ({_n(row['n'])} mẫu của {_n(row['devices'])} máy)"


def _no_connection(unit: ReportUnit, rows: Sequence[NoConnectionRow]) -> str:
    if not rows:
        return ""
    counts = {words: sum(row[name] for row in rows) for name, words in PLACES.items()}  # type: ignore[literal-required]
    listed = ", ".join(f"{n:02} {words}" for words, n in counts.items() if n)
    where = "" if unit["level"] == "commune" else f" tại {len(rows):02} xã, phường"
    return (
        f"Ghi nhận {listed}{where} (vùng lõm sóng là ô khoảng 0,7 km² mà ít nhất {CELL_VOLUNTEERS}"
        " người đo ghi nhận trong hai ngày trở lên; không tính vào mục tiêu)."
    )


def _places(rows: Sequence[RepairRow]) -> str:
    """Return how many places operators have been told of are in each state."""
    states = Counter[str](row["state"] for row in rows)
    listed = ", ".join(
        f"{states[state]:02} {words[:1].lower()}{words[1:]}"
        for state, words in PLACE_STATES.items()
        if states[state]
    )
    return f"Theo dõi {len(rows):02} điểm chưa có sóng đã gửi nhà mạng: {listed}." if rows else ""


def _vnnic(network: str, unit: ReportUnit, sections: Sections) -> str:
    """Compare with VNNIC: the whole unit only if VNNIC has a figure of each of its communes."""
    rows = [row for row in sections["vnnic"] or () if row["network"] == network]
    known = [row for row in rows if row["theirs"] is not None]
    if not known:
        return ""
    theirs, ours = (f"{_n(sum(row[of] or 0 for row in known))} mẫu" for of in ("theirs", "ours"))
    communes, kind = len(sections["communes"][network]), NETWORKS_LONG[network]
    if len(known) < communes:
        return (
            f"VNNIC có số liệu {kind} của {_n(len(known))}/{_n(communes)} xã, phường: {theirs};"
            f" theo Đo Sóng, các nơi này có {ours}."
        )
    return f"Theo VNNIC, {within(unit['name'])} có {theirs} {kind}; theo Đo Sóng, {ours}."


# III. Shortcomings and their causes


def _lacking(network: str, unit: ReportUnit, rows: Sequence[Lacking]) -> str:
    if not rows:
        return ""
    if unit["level"] == "commune":
        return f"Còn thiếu {_n(rows[0]['shortfall'] or 0)} mẫu {NETWORKS_LONG[network]}."
    most = ", ".join(
        f"{within(row['name'])} (thiếu {_n(row['shortfall'] or 0)})" for row in rows[:MAX_NAMED]
    )
    return (
        f"Còn {_n(len(rows))} xã, phường thiếu mẫu {NETWORKS_LONG[network]}, thiếu nhiều nhất"
        f" là {most}."
    )


def _losses(network: str, row: Samples) -> str:
    if not row["reasons"]:
        return ""
    largest = list(row["reasons"].items())[:MAX_NAMED]
    reasons = "; ".join(f"{reason(code)} ({_n(n)} mẫu)" for code, n in largest)
    return f"Lý do chính khiến mẫu {NETWORKS_LONG[network]} không được tính: {reasons}."


# IV. The next month


def _tasks(network: str, unit: ReportUnit, month: str, rows: Sequence[Lacking]) -> str:
    if not rows:
        return ""
    planned = [row for row in rows if row["planned"]]
    names = "; ".join(sorted({name for row in planned for name in row["planned"]}))
    following = month_label(month_after(month))
    if unit["level"] == "commune":
        within_campaign = f", trong khuôn khổ chiến dịch: {names}" if names else ""
        target = f"{_n(rows[0]['target'] or 0)} mẫu {NETWORKS_LONG[network]}"
        return f"Tổ chức đo để đạt {target} trong {following}{within_campaign}."
    text = f"Tiếp tục đo {NETWORKS_LONG[network]} tại {_n(len(rows))} xã, phường chưa đạt"
    if planned:
        text += (
            f"; trong {following}, {_n(len(planned))} xã, phường trong số đó nằm trong địa bàn"
            f" của chiến dịch: {names}"
        )
    return f"{text}."


def _n(value: int) -> str:
    return number(value, "vi")

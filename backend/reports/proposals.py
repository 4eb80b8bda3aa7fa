"""Sentences that a report proposes from its figures; the official keeps or replaces them. Pure."""

from collections.abc import Sequence

from backend.formats import month as written_month
from backend.formats import number, percent
from backend.measurements.reasons import BY_CODE
from backend.reports.figures import (
    NETWORKS,
    Lacking,
    Quality,
    Reached,
    ReportUnit,
    Samples,
    Sections,
    TeamRow,
    Vnnic,
)
from backend.reports.words import BASES, NETWORKS_LONG

LEVEL_WORDS = {"province": "cấp tỉnh", "district": "cấp huyện", "commune": "cấp xã"}
# As many are named in a sentence; the tables hold all of them.
NAMED_MOST = 3
KINDS_OF_TEAMS = {"youth": "Đoàn thanh niên", "community_digital": "tổ công nghệ số cộng đồng"}


def propose(unit: ReportUnit, month: str, sections: Sections) -> dict[str, str]:
    """A sentence or some for each section that has something to say."""
    parts = {
        "samples": [_samples(unit, month, n, sections["samples"][n]) for n in NETWORKS],
        "reached": [_reached(n, row) for n in NETWORKS for row in sections["reached"][n]],
        "lacking": [_lacking(n, sections["lacking"][n]) for n in NETWORKS],
        "quality": [_quality(n, sections["quality"][n]) for n in NETWORKS],
        "teams": [_teams(sections["teams"])],
        "vnnic": [_vnnic(sections["vnnic"])],
    }
    written = {name: " ".join(filter(None, sentences)) for name, sentences in parts.items()}
    return {name: words for name, words in written.items() if words}


def _samples(unit: ReportUnit, month: str, network: str, row: Samples) -> str:
    where = f"Tháng {written_month(month)}, {unit['name']}"
    if not row["received"]:
        return f"{where} chưa thu nhận mẫu đo {NETWORKS_LONG[network]} nào."
    told = (
        f"{where} thu nhận {_n(row['received'])} mẫu đo {NETWORKS_LONG[network]}, trong đó"
        f" {_n(row['valid'])} mẫu hợp lệ và {_n(row['counted'])} mẫu được tính."
    )
    if not row["reasons"]:
        return told
    largest = list(row["reasons"].items())[:NAMED_MOST]
    lost = "; ".join(f"{_reason(code)} ({_n(n)} mẫu)" for code, n in largest)
    return f"{told} Lý do chính khiến mẫu không được tính: {lost}."


def _reason(code: str) -> str:
    words = BY_CODE[code].words("vi").rstrip(".") if code in BY_CODE else code
    return words[0].lower() + words[1:]


def _reached(network: str, row: Reached) -> str:
    level, kind = LEVEL_WORDS[row["level"]], NETWORKS_LONG[network]
    if row["threshold"] is None or row["reached"] is None:
        return f"Không có chỉ tiêu {kind} cho {level} trong tháng này."
    told = (
        f"Theo số liệu Đo Sóng, {_n(row['reached'])}/{_n(row['units'])} đơn vị {level}"
        f" ({percent(row['share'], 'vi')}) đạt từ {_n(row['threshold'])} mẫu"
        f" {BASES.get(row['basis'] or '', '')} {kind} trở lên, theo {row['source']}."
    )
    if row["best_share"] is None or row["units"] == 1:
        return told
    best = percent(row["best_share"], "vi")
    return f"{told} Cùng số mẫu đó, nếu phân bổ đều nhất có thể thì tỷ lệ này là {best}."


def _lacking(network: str, rows: Sequence[Lacking]) -> str:
    if not rows:
        return ""
    most = ", ".join(f"{row['name']} (thiếu {_n(row['shortfall'])})" for row in rows[:NAMED_MOST])
    told = (
        f"Còn {_n(len(rows))} đơn vị cấp xã thiếu mẫu {NETWORKS_LONG[network]}, thiếu nhiều nhất"
        f" là {most}."
    )
    planned = [row for row in rows if row["planned"]]
    if not planned:
        return f"{told} Chưa có chiến dịch nào đo tại các nơi này trong tháng tiếp theo."
    names = "; ".join(sorted({name for row in planned for name in row["planned"]}))
    return (
        f"{told} Trong tháng tiếp theo, {_n(len(planned))} nơi trong số đó nằm trong địa bàn của"
        f" chiến dịch: {names}."
    )


def _quality(network: str, rows: Sequence[Quality]) -> str:
    """Of each operator over all technologies; who has too few samples is passed over."""
    told = [
        f"{row['operator']} {number(row['download_mbps']['median'], 'vi', 1)} Mb/s"
        f" ({_n(row['n'])} mẫu)"
        for row in rows
        if row["operator"] and row["technology"] is None and row["download_mbps"]
    ]
    if not told:
        return ""
    return f"Tốc độ tải xuống trung vị {NETWORKS_LONG[network]}: {'; '.join(told)}."


def _teams(rows: Sequence[TeamRow]) -> str:
    if not rows:
        return "Trong tháng không có tổ đội nào đo tại địa bàn trong khuôn khổ chiến dịch."
    campaigns = dict.fromkeys(row["campaign"] for row in rows)
    told = f"Tham gia đo có {_n(len(rows))} lượt tổ đội của {_n(len(campaigns))} chiến dịch"
    kinds = [_kind(rows, type, words) for type, words in KINDS_OF_TEAMS.items()]
    named = "; ".join(filter(None, kinds))
    best = max(rows, key=lambda row: row["counted"])
    return (
        f"{told}{f', trong đó {named}' if named else ''}. Nhiều mẫu được tính nhất là"
        f" {best['team']} ({best['organisation']}): {_n(best['counted'])} mẫu."
    )


def _kind(rows: Sequence[TeamRow], type: str, words: str) -> str:
    of_kind = [row for row in rows if row["type"] == type]
    owners = ", ".join(dict.fromkeys(row["organisation"] for row in of_kind))
    return f"{_n(len(of_kind))} của {words} ({owners})" if of_kind else ""


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

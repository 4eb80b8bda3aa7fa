"""A small report for tests of files, changed by keyword."""

from typing import Any, cast

from backend.reports.content.figures import Report

LETTER = "5691/BTTTT-CVT (31/12/2024)"


def spread(median: float, n: int) -> dict[str, float]:
    low, high = median * 0.9, median * 1.1
    return {
        "median": median + 1, "median_low": low + 1, "median_high": high + 1, "mean": median * 1.3,
        "n": n, "effective_n": n / 2, "device_median": median, "device_median_low": low,
        "device_median_high": high, "device_effective_n": n / 9, "p10": median / 4,
        "p10_low": median / 5, "p10_high": median / 3, "p90": median * 2,
        "p90_low": median * 1.9, "p90_high": median * 2.1,
    }  # fmt: skip


def quality(operator: str | None, technology: str | None, n: int, median: float) -> dict[str, Any]:
    values = ("download_mbps", "upload_mbps", "ping_ms", "jitter_ms")
    spreads = {value: spread(median, n) if n >= 30 else None for value in values}
    loaded = {"ping_download_ms": None, "ping_upload_ms": None}
    shares = {"download_40": 0.625} if technology == "4G" else {}
    row = {
        "operator": operator, "technology": technology, "n": n, "devices": n // 9,
        "effective_n": n / 2, "more_devices": None, "rank": None,
    }  # fmt: skip
    limits = {name: [share - 0.1, share + 0.1] for name, share in shares.items()}
    return {**row, **spreads, **loaded, "references": shares, "reference_limits": limits}


def reached(level: str, units: int, number: int, best: float) -> dict[str, Any]:
    share = number / units
    return {
        "level": level, "units": units, "reached": number, "share": share, "best_share": best,
        "threshold": 300, "basis": "counted", "source": LETTER,
    }  # fmt: skip


def lacking(code: str, name: str, counted: int, *planned: str) -> dict[str, Any]:
    return {
        "code": code, "name": name, "parent": "Thành phố Thái Nguyên", "counted": counted,
        "target": 300, "shortfall": 300 - counted, "planned": list(planned),
    }  # fmt: skip


def commune(code: str, name: str, counted: int) -> dict[str, Any]:
    return {
        "code": code, "name": name, "parent": "Thành phố Thái Nguyên", "received": counted + 9,
        "valid": counted + 4, "counted": counted, "target": 300, "reached": counted >= 300,
        "shortfall": max(300 - counted, 0), "of_teams": counted // 2,
    }  # fmt: skip


def team(name: str, counted: int, **changes: Any) -> dict[str, Any]:
    return {
        "network": "mobile", "campaign": "Tháng thanh niên đo mạng",
        "organisation": "Tỉnh Đoàn Thái Nguyên", "organisation_type": "youth_union",
        "team": name, "type": "youth", "received": counted + 10, "counted": counted,
        "needed": counted // 2, **changes,
    }  # fmt: skip


def sections(**changes: Any) -> dict[str, Any]:
    return {
        "samples": {
            "mobile": {
                "received": 70123, "valid": 66900, "counted": 64595,
                "reasons": {"failed_test": 3223, "repeat": 2305},
                "unlocated": {"position_missing": 12}, "by_assurance": {"claimed": 64595},
                "of_teams": 60000,
            },
            "fixed": {
                "received": 0, "valid": 0, "counted": 0, "reasons": {}, "unlocated": {},
                "by_assurance": {}, "of_teams": 0,
            },
        },
        "reached": {
            "mobile": [reached("province", 1, 1, 1.0), reached("commune", 177, 175, 1.0)],
            "fixed": [],
        },
        "lacking": {
            "mobile": [
                lacking("05443", "Phường Trưng Vương", 12, "Đợt 2"),
                lacking("05434", "Phường Quang Vinh", 250),
            ],
            "fixed": [],
        },
        "communes": {
            "mobile": [
                commune("05443", "Phường Trưng Vương", 12),
                commune("05434", "Phường Quang Vinh", 250),
                commune("05446", "Phường Quang Trung", 1300),
            ],
            "fixed": [],
        },
        "quality": {
            "mobile": [
                quality(None, None, 64595, 48.25), quality("Viettel", None, 31000, 52.125),
                quality("Viettel", "4G", 30000, 50), quality("VinaPhone", None, 20, 0),
            ],
            "fixed": [],
        },
        "no_connection": [],
        "teams": [
            team("Đội 1", 1234),
            team("=1+1", 5, organisation_type="community_digital_team", type="community_digital"),
        ],
        "vnnic": None,
        "notes": [{"code": "rules", "words": "Mẫu được xét theo bộ quy tắc 3."}],
        **changes,
    }  # fmt: skip


def report(**changes: Any) -> Report:
    """Return the report of Thái Nguyên for November 2024."""
    made = {
        "unit": {
            "code": "19", "name": "Tỉnh Thái Nguyên", "level": "province", "type": "Tỉnh",
            "province": "Tỉnh Thái Nguyên",
        },
        "month": "2024-11",
        "edition": 1,
        "made_at": "2024-12-02T18:30:00+00:00",
        "boundaries": {"set": "approximate-2024", "quality": "approximate"},
        "rules": 3,
        "demo": False,
        "sections": sections(),
        "proposed": {
            "results": "Toàn tỉnh có 64.595 mẫu.\n175 trên 177 xã, phường đạt.",
            "shortcomings": "Còn 2 xã, phường thiếu mẫu.",
        },
        "remarks": {"shortcomings": "Mưa lũ kéo dài.\nThiếu thiết bị."},
        "rewritten": [],
        "letterhead": None,
        "letter": {"kind": "official_letter"},
        **changes,
    }  # fmt: skip
    return cast(Report, made)

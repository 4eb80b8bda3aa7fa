"""Sections of a report from coverage: counts, quality, VNNIC's count, notes."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from backend.clock import local_day, month_after, month_end, month_start
from backend.coverage.contributions.residents import residents_in
from backend.coverage.contributions.service import campaigns_next, teams_in
from backend.coverage.figures.coverage_answer import Coverage, CoverageSummary, UnitItem
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.figures.unit_access import UnitMonth, communes_of
from backend.coverage.no_connection.service import present_places
from backend.coverage.statistics.answers import SpeedRow
from backend.coverage.statistics.no_connection_rules import Place as NoConnectionPlace
from backend.coverage.statistics.public_speeds import public_speeds
from backend.coverage.statistics.refresh import refresh_unit
from backend.coverage.statistics.service import read_rows
from backend.coverage.vnnic.ispeed import METRICS as RATIOS
from backend.coverage.vnnic.ispeed import MeanRatio, distance
from backend.coverage.vnnic.service import comparison
from backend.errors import Problem
from backend.i18n.formats import number
from backend.measurements.no_connection.rules import RESOLUTION
from backend.measurements.recording.reasons import PARTS
from backend.measurements.recording.requirements import counts_from_of
from backend.measurements.recording.rules import RULES
from backend.outreach.service import read_rows as outreach_rows
from backend.outreach.service import sum_rows
from backend.places.followed import read_followed_places
from backend.reports.content.figures import (
    MIN_RESIDENTS,
    NETWORKS,
    CommuneRow,
    Lacking,
    NoConnectionRow,
    Note,
    OutreachActivity,
    OutreachFigures,
    Place,
    Quality,
    Reached,
    RepairRow,
    Samples,
    Sections,
    TeamRow,
    Vnnic,
)
from backend.reports.content.labels import BASES, NETWORKS_LONG, NOTES
from backend.units.catalogue import LEVELS_OF
from backend.units.service import UnitRow, units_by_id


@dataclass(frozen=True, slots=True)
class Counts:
    """Coverage of a unit's month by network, then by level from the unit's own down."""

    by_network: Mapping[str, Mapping[str, Coverage]]
    country: Mapping[str, Coverage]  # by network: its provinces; empty for a unit that is none

    @property
    def first(self) -> Coverage:
        """Return one of the answers, for fields that are equal in all of them."""
        return self.by_network[NETWORKS[0]]["commune"]


def read_counts(unit: UnitRow, month: str, now: datetime) -> Counts:
    """Read coverage of the unit and each level below it."""
    levels = LEVELS_OF[unit.system]
    by_network: dict[str, dict[str, Coverage]] = {network: {} for network in NETWORKS}
    for network, answers in by_network.items():
        for level in levels[levels.index(unit.level) :]:
            parent, only = (None, unit.code) if level == unit.level else (unit.code, None)
            answers[level] = coverage(CoverageQuery(month, level, network, parent, only), now)
    if unit.level != "province":
        return Counts(by_network, {})
    country: dict[str, Coverage] = {
        network: coverage(CoverageQuery(month, "province", network), now) for network in NETWORKS
    }
    return Counts(by_network, country)


def samples(counts: Counts) -> dict[str, Samples]:
    """Return the three numbers of each network and why samples are not counted."""
    found = {
        network: _samples(levels["commune"]["summary"])
        for network, levels in counts.by_network.items()
    }
    for network, country in counts.country.items():
        own = counts.by_network[network]["province"]["summary"]
        found[network]["elsewhere"] = country["summary"]["counted"] - own["counted"]
    return found


def _shown(of_teams: int | None) -> int:
    """Return the samples of teams: only answers to the public lack them."""
    assert of_teams is not None
    return of_teams


def _samples(summary: CoverageSummary) -> Samples:
    return {
        "received": summary["received"],
        "valid": summary["valid"],
        "counted": summary["counted"],
        "reasons": summary["reasons"],
        "unlocated": summary["unlocated"],
        "by_assurance": {part: summary["by_assurance"][part] for part in PARTS},
        "of_teams": _shown(summary["of_teams"]),
    }


def reached(counts: Counts) -> dict[str, list[Reached]]:
    """Return the number of units of each level that reached the target."""
    return {
        network: [_reached(level, answer) for level, answer in levels.items()]
        for network, levels in counts.by_network.items()
    }


def _reached(level: str, answer: Coverage) -> Reached:
    target, summary = answer["target"], answer["summary"]
    best = summary["distribution"]
    return {
        "level": level,
        "units": summary["units"],
        "reached": summary["reached"],
        "share": summary["share"],
        "best_share": best["best_share"] if best else None,
        "threshold": target["threshold"] if target else None,
        "basis": target["basis"] if target else None,
        "source": target["source"] if target else None,
    }


def lacking(
    counts: Counts, planned: Mapping[str, Mapping[str, list[str]]]
) -> dict[str, list[Lacking]]:
    """Return the communes below their target, the largest shortfall first."""
    return {
        network: [
            {**_place(item), "planned": planned[network].get(item["code"], [])}
            for item in sorted(levels["commune"]["items"], key=lambda one: -(one["shortfall"] or 0))
            if item["shortfall"]
        ]
        for network, levels in counts.by_network.items()
    }


def communes(counts: Counts) -> dict[str, list[CommuneRow]]:
    """Return every commune with its numbers."""
    return {
        network: [
            {
                **_place(item),
                "received": item["received"],
                "valid": item["valid"],
                "reached": item["reached"],
                "of_teams": _shown(item["of_teams"]),
            }
            for item in levels["commune"]["items"]
        ]
        for network, levels in counts.by_network.items()
    }


def _place(item: UnitItem) -> Place:
    return {
        "code": item["code"],
        "name": item["name"],
        "parent": item["parent"],
        "counted": item["counted"],
        "target": item["target"],
        "shortfall": item["shortfall"],
    }


def quality(unit: UnitRow, month: str) -> dict[str, list[Quality]]:
    """Return what the public may see by network, operator and technology, the totals first."""
    return {
        network: [_quality(row) for row in public_speeds(UnitMonth(month, network, unit, None))]
        for network in NETWORKS
    }


def _quality(row: SpeedRow) -> Quality:
    shares = row["shares"]
    return {
        "operator": row["operator"],
        "technology": row["technology"],
        "n": row["n"],
        "devices": row["devices"],
        "effective_n": row["effective_n"],
        "more_devices": row["more_devices"],
        "rank": row["rank"],
        "download_mbps": row["download_mbps"],
        "upload_mbps": row["upload_mbps"],
        "ping_ms": row["ping_ms"],
        "jitter_ms": row["jitter_ms"],
        "ping_download_ms": row["ping_download_ms"],
        "ping_upload_ms": row["ping_upload_ms"],
        "references": shares["references"] if shares else {},
        "reference_limits": (shares["reference_limits"] or {}) if shares else {},
    }


def _capped(unit: UnitRow, month: str) -> int:
    """Return the counted samples that are left out of the speeds, where speeds are given."""
    n = 0
    for network in NETWORKS:
        of_unit = UnitMonth(month, network, unit, None)
        for row in read_rows(of_unit)[:1]:  # the total
            spread = (row["figures"] or {}).get("download_mbps")
            n += row["n"] - spread["n"] if spread else 0
    return n


def places_without_connection(unit: UnitRow, month: str) -> list[NoConnectionRow]:
    """Return the communes with places without a connection, by the rules of the release."""
    found = present_places(month, unit.id)
    inside = set(communes_of(unit.id))
    kinds: dict[int, Counter[str]] = defaultdict(Counter)
    for place in found.places:
        commune = found.unit_of[place.cell]
        if commune in inside:  # the centre of a large cell may lie beyond the border
            kinds[commune][_kind_of(place)] += 1
    rows: list[NoConnectionRow] = [
        {
            "code": one.code,
            "name": one.name,
            "zones": kinds[one.id]["zones"],
            "places": kinds[one.id]["places"],
            "areas": kinds[one.id]["areas"],
        }
        for one in units_by_id(month_end(month), kinds)
    ]
    return sorted(rows, key=lambda row: (-row["zones"], -row["places"], -row["areas"], row["code"]))


def _kind_of(place: NoConnectionPlace) -> str:
    if place.zone:
        return "zones"
    return "places" if place.resolution == RESOLUTION else "areas"


def notes(unit: UnitRow, counts: Counts, now: datetime) -> list[Note]:
    """Return the notes that apply, in reading order."""
    answer = counts.first
    boundaries = answer["boundaries"]
    found = [_note("note_demo")] if answer["demo"] else []
    found += [
        _note("note_own_count"),
        *ispeed_notes(local_day(now), demo=answer["demo"]),
        _note(f"note_boundaries_{boundaries['quality']}", set=boundaries["set"])
        if boundaries
        else _note("note_boundaries_none"),
        _note("note_rules", rules=RULES),
    ]
    if counts_from_of(answer["month"]) == "claimed":
        found.append(_note("note_claims"))
    if n := _capped(unit, answer["month"]):
        found.append(_note("note_capped", n=n))
    targets = (counts.by_network[network]["commune"]["target"] for network in NETWORKS)
    if target := next(filter(None, targets), None):
        found.append(_note("note_basis", basis=BASES[target["basis"]]))
    found += [_note("note_assurance"), _note("note_intervals"), _note("note_month")]
    found += _gap_notes(counts)
    return [*found, _note("note_frozen")]


def ispeed_notes(today: date, *, demo: bool) -> list[Note]:
    """Return a note on each network with enough pairs; of the demo's phones in its months alone."""
    found = (distance(network, today) for network in NETWORKS)
    return [
        _note(
            "note_ispeed",
            network=NETWORKS_LONG[one["network"]],
            minutes=one["max_minutes"],
            metres=one["max_metres"],
            pairs=number(one["pairs"], "vi"),
            phones=number(one["phones"], "vi"),
            **{metric: _times(ratio) for metric in RATIOS if (ratio := one[metric])},
        )
        for one in found
        if one["download"] and (demo or not one["demo"])
    ]


def _times(found: MeanRatio) -> str:
    ratio, low, high = (number(n, "vi", 2) for n in (found["ratio"], found["low"], found["high"]))
    return f"{ratio} lần ({low} đến {high})"


def _gap_notes(counts: Counts) -> list[Note]:
    """Return notes about samples and communes outside the figures."""
    answer = counts.first
    without = sum(item["no_boundary"] for item in answer["items"])
    elsewhere = sum(
        counts.by_network[network]["commune"]["summary"]["elsewhere"] for network in NETWORKS
    )
    found = []
    if without:
        found.append(_note("note_no_boundary", n=number(without, "vi")))
    if elsewhere:
        found.append(_note("note_elsewhere", n=number(elsewhere, "vi")))
    return found


def _note(code: str, **values: Any) -> Note:
    return {"code": code, "words": NOTES[code].format(**values)}


def teams(unit: UnitRow, month: str) -> list[TeamRow]:
    """Return what each team measured in the unit, network by network."""
    return [
        {**row, "network": network}
        for network in NETWORKS
        for row in teams_in(unit.id, month, network)
    ]


def places_to_repair(unit: UnitRow, month: str) -> list[RepairRow]:
    """Return the places without coverage of a province; none of other units."""
    if unit.level != "province":
        return []
    rows = read_followed_places(unit.id, month_start(month), month_end(month))
    return [
        {
            "hamlet": row.hamlet,
            "commune": row.commune,
            "operator": row.operator,
            "state": row.state,
            "month": row.month,
        }
        for row in rows
    ]


def outreach(unit: UnitRow, month: str) -> OutreachFigures | None:
    """Return the activities in a unit, of a commune those of its own and of teams; None without."""
    rows = [
        row
        for row in outreach_rows(month, area=unit.id)
        if unit.level != "commune" or row.entered_by != "province"
    ]
    names = {one.id: one.name for one in units_by_id(month_end(month), {r.unit_id for r in rows})}
    rows.sort(key=lambda row: (row.day, row.id))
    activities: list[OutreachActivity] = [
        {
            "day": row.day.isoformat(),
            "place": names.get(row.unit_id, ""),
            "entered_by": row.entered_by,
            "name": row.name,
            "kind": row.kind,
            "audience": row.audience,
            "people": row.people,
            "note": None if row.entered_by == "team" else row.note,
            "document_number": row.document_number,
            "document_date": row.document_date.isoformat() if row.document_date else None,
        }
        for row in rows
    ]
    return {"sums": sum_rows(rows), "activities": activities} if rows else None


def vnnic(unit: UnitRow, month: str, now: datetime) -> list[Vnnic] | None:
    """Return VNNIC's count of each commune; None where none was imported."""
    return [row for network in NETWORKS for row in _vnnic(unit, month, network, now)] or None


def _vnnic(unit: UnitRow, month: str, network: str, now: datetime) -> list[Vnnic]:
    """Return the communes with a count of VNNIC, with likely reasons as text."""
    alone = unit.level == "commune"
    parent = (unit.parent_code or unit.province_code) if alone else unit.code
    answer = comparison(month, network, parent, now, level="commune", language="vi")
    texts = {reason["code"]: reason["words"] for reason in answer["reasons"]}
    return [
        {
            "code": item["code"],
            "name": item["name"],
            "network": network,
            "ours": item["ours"]["counted"],
            "theirs": item["theirs"]["samples"],
            "difference": item["difference"],
            "reasons": [texts[code] for code in item["likely"]],
        }
        for item in answer["items"]
        if item["theirs"] is not None and (not alone or item["code"] == unit.code)
    ]


# Late samples arrive in bursts of seconds: after this many readings with different figures the
# official must try again later.
MAX_READINGS = 4

Collected = tuple[Counts, Sections]  # coverage's answers, and the sections made of them


def collect(unit: UnitRow, month: str, now: datetime) -> Collected:
    """Return the present figures."""
    counts = read_counts(unit, month, now)
    following = month_after(month)
    first, last = month_start(following), month_end(following)
    planned: dict[str, dict[str, list[str]]]
    planned = {network: campaigns_next(unit.id, first, last, network) for network in NETWORKS}
    sections: Sections = {
        "samples": samples(counts),
        "reached": reached(counts),
        "lacking": lacking(counts, planned),
        "communes": communes(counts),
        "quality": quality(unit, month),
        "no_connection": places_without_connection(unit, month),
        "teams": teams(unit, month),
        "vnnic": vnnic(unit, month, now),
        "notes": notes(unit, counts, now),
    }
    if entered := outreach(unit, month):
        sections["outreach"] = entered
    if followed := places_to_repair(unit, month):
        sections["places"] = followed
    if (helped := residents_in(unit.id, month) or 0) >= MIN_RESIDENTS:
        sections["residents"] = helped
    return counts, sections


def collect_settled(unit: UnitRow, month: str, now: datetime) -> Collected:
    """Return figures that two consecutive readings agree on, so that all sections match.

    Statistics are refreshed before each reading.

    Raises:
        Problem: `figures_moving`, if MAX_READINGS readings differ.
    """
    before: Sections | None = None
    for _ in range(MAX_READINGS):
        refresh_unit(unit.id, month, now)
        counts, sections = collect(unit, month, now)
        if sections == before:
            return counts, sections
        before = sections
    raise Problem(409, "figures_moving")

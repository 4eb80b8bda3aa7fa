"""Translate a result of Open-RMBT to the body of a sample. Pure functions of plain values."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final
from uuid import UUID, uuid5

from backend.doors.open_rmbt.foreign_values import (
    flag,
    inner,
    number,
    number_within,
    objects,
    plmn_of_text,
    whole,
    words,
)
from backend.fields import Json

MBPS_PER_KBIT_S, MS_PER_NS, S_PER_NS = 1e-3, 1e-6, 1e-9

FINISHED, ABORTED = ("0", "SUCCESS"), ("2", "ABORTED")
# A fix that is older than a minute is not of the place of the test.
MAX_FIX_AGE_NS = 60e9
YEAR_2000_MS, YEAR_2100_MS = 946_684_800_000, 4_102_444_800_000

# Numbers of network types.
_2G, _3G, _4G, _5G = "2G", "3G", "4G", "5G"
# 40 is LTE where NR is announced but not used; 101 to 105 name no single generation.
GENERATIONS: Final = {
    **dict.fromkeys((1, 2, 4, 5, 6, 7, 11, 12, 14), _2G),
    **dict.fromkeys((3, 8, 9, 10, 15), _3G),
    **dict.fromkeys((13, 19, 40), _4G),
    **dict.fromkeys((20, 41), _5G),
}
MOBILE: Final = frozenset(GENERATIONS) | {0, 101, 102, 103, 104, 105}
WIFI: Final = 99
GENERAL_MOBILE: Final = 105
KINDS: Final = {WIFI: "wifi", 106: "ethernet"}
VPN: Final = 108


def sample_id(device_id: UUID, test: str) -> str:
    """Return the id of the sample of a test: the same result again is the same sample."""
    return str(uuid5(device_id, f"open_rmbt|{test}"))


def phone_time(body: Mapping[str, Json]) -> datetime | None:
    """Return the start of a test by the phone's clock."""
    millis = number_within(body, "time", YEAR_2000_MS, YEAR_2100_MS)
    return None if millis is None else datetime.fromtimestamp(millis / 1000, UTC)


def sample_of(body: Mapping[str, Json], id: str, started_at: datetime) -> dict[str, Json]:
    """Return the body of a sample, of the fields that it names alone.

    `started_at` is the start of the test: that of its ticket, since a phone's clock may be wrong.
    """
    values = {
        "download_mbps": _mbps(body, "test_speed_download"),
        "upload_mbps": _mbps(body, "test_speed_upload"),
        "ping_ms": _ping_ms(body),
    }
    status = _status_of(body)
    if status == "finished" and None in values.values():
        status = "failed"
    network_type = number(body, "network_type")
    version = words(body, "client_software_version") or words(body, "client_version") or ""
    cell = _signal_of(body)
    optional = {
        "jitter_ms": number_within(body, "voip_result_jitter_millis", 0, 60_000),
        "loss_percent": number_within(body, "voip_result_packet_loss_percents", 0, 100),
        "data_used_mb": _data_used_mb(body),
        "duration_s": _duration_s(body),
        "vpn": True if network_type == VPN else None,
        "app_version": f"open-rmbt {version}".strip()[:50],
        "cell": _known(cell) if cell else None,
    }
    return {
        "id": id,
        "measured_at": started_at.isoformat(),
        "status": status,
        **values,
        "network": _network_of(body, network_type),
        "location": _location_of(body, started_at),
        **_known(optional),
    }


def _known(fields: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if value is not None}


def _status_of(body: Mapping[str, Json]) -> str:
    written = str(body.get("test_status")).upper()
    if written in FINISHED:
        return "finished"
    return "aborted" if written in ABORTED else "failed"


def _mbps(body: Mapping[str, Json], name: str) -> float | None:
    value = number_within(body, name, 0, 1e15)
    return None if value is None else round(value * MBPS_PER_KBIT_S, 6)


def _ping_ms(body: Mapping[str, Json]) -> float | None:
    """Return the median of the pings that the server saw, else the shortest of the phone."""
    pings = objects(body, "pings")
    seen = [value for one in pings if (value := number_within(one, "value_server", 1, 1e12))]
    if seen:
        return round(median(seen) * MS_PER_NS, 3)
    shortest = number_within(body, "test_ping_shortest", 1, 1e12)
    return None if shortest is None else round(shortest * MS_PER_NS, 3)


def _data_used_mb(body: Mapping[str, Json]) -> float | None:
    for names in (
        ("test_if_bytes_download", "test_if_bytes_upload"),
        ("test_total_bytes_download", "test_total_bytes_upload"),
    ):
        sizes = [size for name in names if (size := number_within(body, name, 1, 1e12))]
        if sizes:
            return round(sum(sizes) * 1e-6, 3)
    return None


def _duration_s(body: Mapping[str, Json]) -> float | None:
    """Return the time from the start to the end of the upload, which is the last part."""
    began = number_within(body, "time_ul_ns", 0, 1e12)
    took = number_within(body, "test_nsec_upload", 0, 1e12)
    return None if began is None or took is None else round((began + took) * S_PER_NS, 3)


def kind_of(number: float | None) -> str:
    """Return the kind of a network: mobile, wifi, ethernet or unknown."""
    if number is None:
        return "unknown"
    return "mobile" if number in MOBILE else KINDS.get(int(number), "unknown")


def _network_of(body: Mapping[str, Json], network_type: float | None) -> dict[str, Json]:
    kind = kind_of(network_type)
    if kind != "mobile":
        return {"kind": kind}
    mcc, mnc = plmn_of_text(words(body, "telephony_network_operator"))
    fields = {
        "technology": technology_of(body, network_type),
        "mcc": mcc,
        "mnc": mnc,
        "operator": words(body, "telephony_network_operator_name"),
        "signal_dbm": (_signal_of(body) or {}).get("rsrp_dbm"),
        "roaming": flag(body, "telephony_network_is_roaming"),
    }
    return {"kind": kind, **_known(fields)}


def technology_of(body: Mapping[str, Json], network_type: float | None) -> str | None:
    """Return the generation; a test that used NR beside LTE is one of 5G."""
    if body.get("telephony_nr_connection") in ("NSA", "SA"):
        return "5G"
    return None if network_type is None else GENERATIONS.get(int(network_type))


def _signal_of(body: Mapping[str, Json]) -> dict[str, Json] | None:
    """Return the serving cell with its last signal; an NSA test has NR, which is first, and LTE."""
    radio = inner(body, "radioInfo")
    cells = {
        one["uuid"]: one
        for one in objects(radio, "cells")
        if isinstance(one.get("uuid"), str)
        and one.get("active") is True
        and one.get("primary_data_subscription") != "false"  # another SIM
    }
    signals = [
        one for one in objects(radio, "signals")
        if isinstance(one.get("cell_uuid"), str) and one["cell_uuid"] in cells
    ]  # fmt: skip
    signals.sort(key=lambda one: number(one, "time_ns") or 0)
    for kind, prefix, quality in (("NR", "nr_ss", "nr_ss_sinr"), ("LTE", "lte", "lte_rssnr")):
        measured = [one for one in signals if _rsrp(one, prefix) is not None]
        if measured:
            last = measured[-1]
            return {
                "type": _cell_type(kind, body),
                "identity": whole(cells[last["cell_uuid"]], "location_id", 2**36),
                "physical_id": whole(cells[last["cell_uuid"]], "primary_scrambling_code", 1_007),
                "rsrp_dbm": _rsrp(last, prefix),
                "rsrq_db": number_within(last, f"{prefix}_rsrq", -60, 30),
                "sinr_db": number_within(last, quality, -60, 60),
            }
    return None


def _cell_type(kind: str, body: Mapping[str, Json]) -> str:
    mode = body.get("telephony_nr_connection")
    return f"NR {mode}" if kind == "NR" and mode in ("NSA", "SA") else kind


def _rsrp(signal: Mapping[str, Json], prefix: str) -> float | None:
    return number_within(signal, f"{prefix}_rsrp", -160, -20)


def _location_of(body: Mapping[str, Json], started_at: datetime) -> dict[str, Json] | None:
    """Return the most accurate position of the minute around the start, else the nearest one."""
    fixes = [
        one
        for one in objects(body, "geoLocations")
        if number_within(one, "geo_lat", -90, 90) is not None
        and number_within(one, "geo_long", -180, 180) is not None
    ]
    if not fixes:
        return None
    best = _best(fixes)
    offset_ns = number_within(best, "time_ns", -1e15, 1e15) or 0
    fields = {
        "latitude": number(best, "geo_lat"),
        "longitude": number(best, "geo_long"),
        "accuracy_m": number_within(best, "accuracy", 0, 1e6),
        "provider": (words(best, "provider") or "")[:50] or None,
        "is_mock": flag(best, "mock_location"),
        "fixed_at": (started_at + timedelta(seconds=offset_ns * S_PER_NS)).isoformat(),
    }
    return _known(fields)


def _best(fixes: Sequence[Mapping[str, Json]]) -> Mapping[str, Json]:
    def distance(fix: Mapping[str, Json]) -> float:
        return abs(number(fix, "time_ns") or 0)

    def error(fix: Mapping[str, Json]) -> float:
        return number_within(fix, "accuracy", 0, 1e6) or 1e6

    near = [fix for fix in fixes if distance(fix) <= MAX_FIX_AGE_NS]
    return min(near, key=error) if near else min(fixes, key=distance)

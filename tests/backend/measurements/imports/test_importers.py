"""Foreign and own files become the payload of the API, row by row, whatever they hold."""

import json
import uuid

import pytest

from backend.measurements.imports.row import NAMESPACE, ImportOptions
from tests.support.importers import DATA, FIELD, rows, sample, values


def test_speedtest_cli_prints_bits_per_second() -> None:
    whole, no_upload = sample("speedtest-cli", "speedtest-cli.json")
    assert values(whole) == pytest.approx((48.21337712, 12.1044115, 21.034))
    assert whole.payload is not None and whole.payload["status"] == "finished"
    assert whole.payload["measured_at"] == "2024-11-15T02:12:33.290577Z"
    assert whole.payload["data_used_mb"] == pytest.approx(76.169216)
    assert whole.payload["server"] == {"id": "9903", "name": "Viettel Network, Hanoi"}
    assert values(no_upload) == (91.0, None, 9.5)
    assert no_upload.payload is not None and no_upload.payload["status"] == "failed"


def test_speedtest_cli_csv_prints_bits_per_second() -> None:
    good, bad = sample("speedtest-cli-csv", "speedtest-cli.csv")
    assert values(good) == pytest.approx((48.21337712, 12.1044115, 21.034))
    assert (good.line, bad.line) == (2, 3)
    assert bad.payload is None and bad.error == "timestamp 'yesterday' is not an ISO 8601 time"


def test_ookla_prints_bytes_per_second() -> None:
    licence, result, log = sample("ookla", "ookla.jsonl")
    assert values(result) == pytest.approx((48.2, 12.1, 12.5))
    assert result.payload is not None
    assert result.payload["id"] == "45ff5e54-7260-4bb3-acd2-93b3e7a80f49"
    assert result.payload["jitter_ms"] == 1.25
    loaded = result.payload["ping_download_ms"], result.payload["ping_upload_ms"]
    assert loaded == (40.1, 30.0)
    assert result.payload["loss_percent"] == 0.5
    assert result.payload["duration_s"] == pytest.approx(18.0)
    assert result.payload["data_used_mb"] == pytest.approx(72.35)
    assert result.payload["vpn"] is False
    assert licence.error is not None and licence.error.startswith("not JSON")
    assert log.error == "no result of a test: Cannot open socket: Timeout occurred in connect."
    assert (licence.line, result.line, log.line) == (1, 4, 5)


def test_ookla_pretty_spans_lines() -> None:
    (result,) = sample("ookla", "ookla-pretty.json")
    assert values(result) == pytest.approx((940.0, 94.0, 9.4))
    assert result.line == 1
    assert result.payload is not None
    assert result.payload["id"] == str(uuid.uuid5(NAMESPACE, 'ookla:"17001234567"'))


def test_librespeed_prints_mbps() -> None:
    first, second, skipped = sample("librespeed", "librespeed.json")
    assert values(first) == (41.24, 20.16, 15.2)
    assert first.payload is not None and first.payload["measured_at"].startswith("2024-11-15T02:12")
    assert first.payload["isp"] == "AS7552 Viettel Group"
    assert values(second) == (2.5, 1.5, 1)
    assert values(skipped) == (2.5, None, 1)
    assert [first.line, second.line, skipped.line] == [1, 3, 4]


def test_librespeed_csv_prints_mbps() -> None:
    good, bad = sample("librespeed-csv", "librespeed.csv")
    assert values(good) == (41.24, 20.16, 15.2)
    assert good.payload is not None and good.payload["jitter_ms"] == 4.07
    assert good.payload["server"] == {"name": "Hà Nội, Việt Nam"}
    assert bad.error == "Download 'many' is not a number"
    bare = (DATA / "librespeed.csv").read_text("utf-8").splitlines()[1]
    semicolons = bare.replace('"', "").replace(",", ";").replace("Nội;", "Nội,")
    for text in (bare, semicolons):  # as the client prints it without --csv-header
        (row,) = rows("librespeed-csv", text)
        assert row.payload == good.payload


def test_ookla_csv_prints_bytes_per_second_and_needs_a_time() -> None:
    (result,) = sample("ookla-csv", "ookla.csv")
    (as_json,) = [row for row in sample("ookla", "ookla.jsonl") if row.payload]
    assert values(result) == pytest.approx((48.2, 12.1, 12.5))
    assert result.payload is not None and as_json.payload is not None
    same = ("id", "jitter_ms", "ping_download_ms", "ping_upload_ms", "data_used_mb")
    assert [result.payload[name] for name in same] == [as_json.payload[name] for name in same]
    printed = (DATA / "ookla.csv").read_text("utf-8").splitlines()[1].partition(",")[2]
    for text in (printed, printed.replace('","', "\t").replace('"', "")):
        (row,) = rows("ookla-csv", text)
        assert row.error is not None and "--format=json" in row.error


@pytest.mark.parametrize("format", ["ookla-csv", "csv", "speedtest-cli-csv"])
def test_the_file_of_the_speedtest_app_for_phones_is_refused_once(format: str) -> None:
    line = "11/14/2024 08:21,Cell,21.59,105.84,48211,12104,31,Viettel,10.0.0.2,192.0.2.4"
    head = "Date,ConnType,Lat,Lon,Download,Upload,Latency,ServerName,InternalIp,ExternalIp"
    (row,) = rows(format, "\n".join([head, line, line]))
    assert row.error is not None and "time zone" in row.error and "/do" in row.error


def test_ndt7_summaries_name_their_units() -> None:
    flat, nested, timeless = sample("ndt7", "ndt7.jsonl")
    assert values(flat) == (48.0, 12.0, 21.5)
    assert values(nested) == pytest.approx((500.0, 2.5, 21.5))
    assert timeless.error == "an ndt7-client summary has no time: add it to each as StartTime"


def test_an_unknown_unit_is_refused() -> None:
    line = json.dumps(
        {"StartTime": "2024-11-15T02:12:33Z", "Download": {"Value": 6.0, "Unit": "MB/s"}}
    )
    (row,) = rows("ndt7", line)
    assert row.payload is None and row.error is not None and "'MB/s'" in row.error


@pytest.mark.parametrize(
    ("format", "name"),
    [
        ("speedtest-cli", "speedtest-cli.json"),
        ("speedtest-cli-csv", "speedtest-cli.csv"),
        ("ookla", "ookla.jsonl"),
        ("ookla-csv", "ookla.csv"),
        ("librespeed", "librespeed.json"),
        ("librespeed-csv", "librespeed.csv"),
        ("ndt7", "ndt7.jsonl"),
    ],
)
def test_positions_from_the_address_are_never_used(format: str, name: str) -> None:
    without = [row.payload for row in sample(format, name) if row.payload]
    given = [row.payload for row in sample(format, name, FIELD) if row.payload]
    assert without and len(without) == len(given)
    for body in without:
        assert body["location"] is None
        assert body["network"] == {"kind": "unknown"}
        assert "source" not in body
        assert not {"10.8326", "106.6581", "203.0.113.7"} & set(json.dumps(body).split('"'))
    for body in given:
        assert body["location"] == {"latitude": 21.5942, "longitude": 105.8482, "accuracy_m": 12.0}
        assert body["network"] == {"kind": "mobile"}
    assert [body["id"] for body in without] == [body["id"] for body in given]


def test_fixed_means_ethernet() -> None:
    (row,) = sample("ookla", "ookla-pretty.json", ImportOptions(None, "fixed"))
    assert row.payload is not None and row.payload["network"] == {"kind": "ethernet"}


@pytest.mark.parametrize("at", ["21.5", "a,b,c", "91,105,1", "21,181,1", "21,105,-1", "nan,1,1"])
def test_a_given_position_is_checked(at: str) -> None:
    with pytest.raises(ValueError, match=r"LAT,LON,ACCURACY|within"):
        ImportOptions.parse(at)


def test_own_ndjson_says_for_itself() -> None:
    full, sparse = sample("ndjson", "own.ndjson", ImportOptions.parse("10,106,5", "fixed"))
    assert full.payload is not None and sparse.payload is not None
    assert full.payload | {"source": "app"} == json.loads(full.raw)  # else an import
    assert sparse.line == 3
    assert sparse.payload["location"] == {"latitude": 10.0, "longitude": 106.0, "accuracy_m": 5.0}
    assert sparse.payload["network"] == {"kind": "ethernet"}
    assert "source" not in sparse.payload
    assert uuid.UUID(sparse.payload["id"]).version == 5


def test_own_csv_says_where_it_is_wrong() -> None:
    full, failed, naive, comma = sample("csv", "own.csv")
    assert full.payload is not None and failed.payload is not None
    assert full.payload["network"] == {
        "kind": "mobile",
        "mcc": "452",
        "mnc": "04",
        "roaming": False,
    }
    assert full.payload["comment"] == 'chợ Đồng Quang\ncổng sau, "tầng 2"'
    assert failed.payload["location"] is None and failed.payload["ping_ms"] is None
    assert naive.error == "measured_at '2024-11-15 09:20:00' has no offset (such as Z or +07:00)"
    assert comma.error == "download_mbps '48,2' is not a number (with a decimal point)"
    assert [full.line, failed.line, naive.line, comma.line] == [2, 4, 5, 6]


def test_keys_stay_the_same() -> None:
    """A file imported next year again has to meet the keys of today."""
    ids = [
        row.payload["id"] for row in sample("speedtest-cli", "speedtest-cli.json") if row.payload
    ]
    assert ids == KEYS
    assert str(NAMESPACE) == "4d0f7c5e-6c2b-5d0a-9b51-0c5a5c0f6a7e"


KEYS = ["cda21d7c-eec9-5067-91d9-2994352c2c4a", "4bed0ba9-fdad-5630-8eae-a0e9bba6708f"]

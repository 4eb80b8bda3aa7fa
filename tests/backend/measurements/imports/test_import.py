"""`flask measurements import`: foreign files become measurements, once, and say what was wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from tests.support.factories import location, post, register, sample

MONTH = "/api/v1/coverage?month=2024-11&parent=19"
AT = ("--at", "21.5942,105.8482,12", "--network", "mobile")


def run(app: Flask, path: Path, *options: str, format: str = "ndjson") -> Result:
    words = ["measurements", "import", str(path), "--format", format, *options]
    return app.test_cli_runner().invoke(args=words)


def written(folder: Path, *rows: Any) -> Path:
    path = folder / "rows.ndjson"
    path.write_text(
        "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows)
    )
    return path


def summary(client: FlaskClient) -> dict[str, Any]:
    return dict(client.get(MONTH).json["summary"])


def sources(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(text("select source from measurements order by source")))


@pytest.mark.slow
def test_rows_without_a_device_are_valid_and_not_counted(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    result = run(app, written(tmp_path, sample(), sample("2019-11-15T09:12:33+07:00")))
    assert result.exit_code == 0, result.output
    assert result.stdout == "accepted: 2, duplicate: 0, conflict: 0, rejected: 0\n"
    answer = summary(client)
    assert (answer["received"], answer["valid"], answer["counted"]) == (1, 1, 0)
    assert answer["reasons"] == {"no_device": 1}
    assert client.get("/api/v1/coverage?month=2019-11&parent=19").json["summary"]["valid"] == 1
    assert sources(app) == ["import", "import"]


def test_the_same_file_again_adds_nothing(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    no_id = {name: value for name, value in sample().items() if name != "id"}
    path = written(tmp_path, sample(), no_id, no_id)
    assert "accepted: 2, duplicate: 1" in run(app, path).stdout
    assert "accepted: 0, duplicate: 3" in run(app, path).stdout
    assert summary(client)["received"] == 2


def test_what_was_wrong_is_told_by_line_and_written_beside(app: Flask, tmp_path: Path) -> None:
    good = sample()
    rows = [good, "{broken", sample(download_mbps=-1), {**good, "ping_ms": 1.5}]
    path = written(tmp_path, *rows, sample(comment="a\ud800b"))
    result = run(app, path)
    assert result.exit_code == 0
    assert result.stdout == "accepted: 1, duplicate: 0, conflict: 1, rejected: 3\n"
    answer = [line for line in result.stderr.splitlines() if line.startswith("line ")]
    assert [line.split(":")[0] for line in answer] == ["line 2", "line 3", "line 4", "line 5"]
    assert answer[1] == "line 3: download_mbps: The value is out of range."
    beside = [json.loads(line) for line in Path(f"{path}.refused.ndjson").read_text().splitlines()]
    assert [one["line"] for one in beside] == [2, 3, 4, 5]
    assert json.loads(beside[1]["row"])["download_mbps"] == -1


def test_a_corrected_file_leaves_no_refused_rows_beside(app: Flask, tmp_path: Path) -> None:
    path = written(tmp_path, "{broken")
    assert "rejected: 1" in run(app, path).stdout
    written(tmp_path, sample())
    assert "rejected: 0" in run(app, path).stdout
    assert not Path(f"{path}.refused.ndjson").exists()


def test_a_measurement_counted_by_an_admin_is_one_more_and_shown_apart(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    counted = post(client, register(client), sample()).json
    path = written(tmp_path, sample("2024-11-16T09:12:33+07:00", location=location()))
    assert "accepted: 1" in run(app, path, "--count", "máy đo của Sở").stdout
    items = {item["code"]: item for item in client.get(MONTH).json["items"]}
    commune = items[counted["unit"]["code"]]
    assert (commune["counted"], commune["by_assurance"]["imported"]) == (2, 1)
    assert summary(client)["by_assurance"]["imported"] == 1
    with app.app_context():
        entries = db.session.execute(
            text("select act, subject, details from audit order by id")
        ).all()
    begun, done = entries
    assert (begun.act, begun.subject) == ("import", "file:rows.ndjson")
    assert begun.details == {"format": "ndjson", "reason": "máy đo của Sở"}
    assert (done.act, done.details["accepted"]) == ("imported", 1)


def test_a_result_typed_in_by_hand_stays_one(app: Flask, tmp_path: Path) -> None:
    run(app, written(tmp_path, sample(source="manual"), sample(source="app")), "--count", "x")
    assert sources(app) == ["import", "manual"]


def test_a_tool_tells_no_position_but_the_operator_may(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    path = Path(__file__).parents[3] / "data" / "importers" / "speedtest-cli.json"
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    assert "accepted: 2" in run(app, copy, "--network", "mobile", format="speedtest-cli").stdout
    assert summary(client)["unlocated"]["position_missing"] == 2
    # Another position is another content under the same key: nothing is taken twice.
    assert "conflict: 2" in run(app, copy, *AT, format="speedtest-cli").stdout


def test_more_rows_than_a_lot_are_all_taken(app: Flask, tmp_path: Path) -> None:
    path = written(tmp_path, *[sample() for _ in range(501)], "{", sample())
    result = run(app, path)
    assert "accepted: 502" in result.stdout and "line 502:" in result.stderr


@pytest.mark.parametrize(
    "options",
    [("--at", "21,105"), ("--at", "91,105,10"), ("--network", "smoke"), ("--count", " ")],
)
def test_a_wrong_option_is_named(app: Flask, tmp_path: Path, options: tuple[str, str]) -> None:
    result = run(app, written(tmp_path, sample()), *options)
    assert result.exit_code == 2 and options[0] in result.stderr

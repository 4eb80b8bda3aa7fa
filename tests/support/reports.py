"""Reports of November 2024 for tests: an official and their actions."""

from datetime import UTC, datetime
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from backend.database.extensions import db
from backend.measurements.recording.models import DemoMonth
from backend.reports.content.figures import NETWORKS, Report, Samples, canonical_json, digest
from backend.reports.monthly.models import ReportFile, ReportRow
from backend.reports.monthly.seals import create_seal, trusted_keys
from backend.reports.monthly.service import frozen_report, unit_of
from backend.web.desk.reports import changes_since
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample

URL = "/api/v1/reports"
MONTH = "2024-11"
DECEMBER = datetime(2024, 12, 5, 3, 0, tzinfo=UTC)
NAME = "binh@example.vn"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n%%EOF\n"


class Office:
    """The official of a province, on 5 December 2024."""

    def __init__(
        self, app: Flask, client: FlaskClient, clock: FakeClock, province: str = "19"
    ) -> None:
        self.app, self.client, self.clock = app, client, clock
        clock.now = DECEMBER
        unit = people.unit_id(app, province, level="province")
        self.province = province
        self.headers = people.person(app, "official", unit, display_name="Trần Thị Bình")

    def measured(self, *hours: int, day: int = 15, **changes: Any) -> dict[str, str]:
        """Post samples at some hours of a day of November; every sample counts."""
        self.clock.now = datetime(2024, 11, 20, 12, tzinfo=UTC)
        phone = register(self.client)
        at = [f"2024-11-{day:02}T{hour:02}:00:00+07:00" for hour in hours]
        assert post(self.client, phone, *(sample(one, **changes) for one in at)).status_code < 300
        self.clock.now = DECEMBER
        return phone

    def phone(self) -> dict[str, str]:
        """Register a device."""
        return register(self.client)

    def late(
        self, at: list[tuple[int, int]], phone: dict[str, str] | None = None, **changes: Any
    ) -> None:
        """Post late samples of some days and hours of November."""
        made = [sample(f"2024-11-{day:02}T{hour:02}:00:00+07:00", **changes) for day, hour in at]
        answer = post(self.client, phone or self.phone(), *made)
        assert answer.status_code < 300, answer.text

    def is_demo(self) -> None:
        """Make the month one of the demo, for which built-in boundaries are enough."""
        with self.app.app_context():
            db.session.add(DemoMonth(month=MONTH))
            db.session.commit()

    def begin(self, **changes: Any) -> Any:
        data = {"unit": self.province, "month": MONTH, **changes}
        return self.client.post(URL, json=data, headers=self.headers)

    def draft(self) -> int:
        made = self.begin()
        assert made.status_code == 201, made.text
        return int(made.json["id"])

    def frozen(self) -> int:
        return self.frozen_of(self.draft())

    def frozen_of(self, report: int) -> int:
        assert (done := self.act(report, "freeze")).status_code == 200, done.text
        return report

    def approved(self) -> int:
        made = self.frozen()
        assert (done := self.act(made, "approve", json={})).status_code == 200, done.text
        return made

    def act(self, report: int, what: str, **more: Any) -> Any:
        """Act on the present version of a report."""
        headers = people.if_match(self.headers, self.show(report).json["version"])
        return self.client.post(f"{URL}/{report}/{what}", headers=headers, **more)

    def show(self, report: int, part: str = "", **more: Any) -> Any:
        return self.client.get(f"{URL}/{report}{part}", **{"headers": self.headers, **more})

    def changes(self, report: int) -> Any:
        """Return what has changed since a report was frozen."""
        with self.app.app_context():
            row = db.session.get_one(ReportRow, report)
            frozen = frozen_report(row, trusted_keys(self.app.config))
            return changes_since(frozen, unit_of(row), self.clock.now)


class Desk(Office):
    """The same official as a browser shows the desk to them."""

    def __init__(self, app: Flask, client: FlaskClient, clock: FakeClock) -> None:
        super().__init__(app, client, clock)
        unit = people.unit_id(app, "19", level="province")
        people.account(app, NAME, "official", unit, display_name="Trần Thị Bình")
        self.token = people.sign_in(client, NAME)["X-CSRF-Token"]

    def send(self, report: int, step: str, **fields: Any) -> Any:
        """Send a form of a report's page, made of the report as it is now."""
        form = {"csrf_token": self.token, "version": self.show(report).json["version"], **fields}
        return self.client.post(f"/desk/reports/{report}/{step}", data=form)

    def page(self, report: int) -> str:
        answer = self.client.get(f"/desk/reports/{report}?lang=vi")
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)


def free_month(app: Flask, unit: int) -> str:
    """Return the last month before November 2024 without a report of a unit."""
    with app.app_context():
        n = db.session.query(ReportRow).filter_by(unit_id=unit).count()
    return f"{2024 - (n + 2) // 12}-{12 - (n + 2) % 12:02}"


def stored_report(app: Flask, unit: int, state: str) -> int:
    """Store a nearly empty report in a state."""
    month = free_month(app, unit)
    row = ReportRow(
        unit_id=unit, month=month, edition=1, state="draft", remarks={}, created_at=DECEMBER
    )
    if state != "draft":
        content = canonical_json(nothing(month))
        row.content, row.digest, row.frozen_at = content.decode(), digest(content), DECEMBER
        row.state = "frozen"
    with app.app_context():
        db.session.add(row)
        db.session.flush()
        if state != "draft":
            file = ReportFile(report_id=row.id, name="report.json", digest=row.digest)
            file.content, file.size = content, len(content)
            db.session.add(file)
            db.session.flush()
        if state == "approved":  # from now on the database keeps report and files
            statement = {"digest": row.digest, "files": {"report.json": row.digest}}
            sealed = create_seal(statement, DECEMBER, app.config["VAR_DIR"])
            row.state, row.approved_at, row.approver_name = state, DECEMBER, "Trần Thị Bình"
            row.statement, row.signature = sealed.statement, sealed.signature
            row.key_number = sealed.key_number
        db.session.commit()
        return int(row.id)


def nothing(month: str) -> Report:
    """Return a report of a month without measurements."""
    none: Samples = {
        "received": 0, "valid": 0, "counted": 0, "reasons": {}, "unlocated": {},
        "by_assurance": {}, "of_teams": 0,
    }  # fmt: skip
    by_network: Any = {network: [] for network in NETWORKS}
    return {
        "unit": {
            "code": "19", "name": "Tỉnh Thái Nguyên", "level": "province", "type": "Tỉnh",
            "province": "Tỉnh Thái Nguyên",
        },
        "month": month, "edition": 1, "made_at": DECEMBER.isoformat(), "boundaries": None,
        "rules": 3, "demo": False, "proposed": {}, "remarks": {}, "rewritten": [],
        "letterhead": None, "letter": {"kind": "official_letter"},
        "sections": {
            "samples": dict.fromkeys(NETWORKS, none), "reached": by_network,
            "lacking": by_network, "communes": by_network, "quality": by_network, "teams": [],
            "no_connection": [], "vnnic": None, "notes": [],
        },
    }  # fmt: skip

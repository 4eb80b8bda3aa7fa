"""The must-show of a report: frozen, late samples, sealed, verified; a flipped byte is refused."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from backend.database.extensions import db
from backend.reports.content.figures import canonical_json, digest
from backend.reports.monthly.seals import KEY_FILE, sealed_audit_digests
from backend.reports.monthly.service import remove_demo_reports
from tests.support.reports import URL, Office


@pytest.fixture
def office(office: Office) -> Office:
    office.is_demo()
    return office


def sealed_files(office: Office, report: int) -> list[Any]:
    """The files of a report without the letter, which the office completes and signs."""
    return [one for one in office.show(report).json["files"] if one["name"] != "report.docx"]


def check(office: Office, wanted: str) -> Any:
    return office.client.get(f"{URL}/by-digest/{wanted}")


@pytest.mark.slow
def test_a_seal_can_be_checked_without_the_server(office: Office) -> None:
    [day, log] = office.app.test_cli_runner().invoke(args=["audit", "digest"]).output.split()
    answer = office.show(office.approved()).json
    [key] = office.client.get(f"{URL}/keys").json["items"]
    assert answer["seal"]["key"] == key["number"] == 1
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key["public_key"]))
    signature, statement = bytes.fromhex(answer["seal"]["signature"]), answer["seal"]["statement"]
    public.verify(signature, statement.encode())
    facts = json.loads(statement)
    assert facts["audit_log"] == {"day": day, "digest": log}
    with office.app.app_context():
        assert sealed_audit_digests() == {(day, log)}
    assert facts["digest"] == answer["digest"] and facts["month"] == "2024-11"
    assert facts["approved_by"]["name"] == "Trần Thị Bình"
    sealed = sealed_files(office, answer["id"])
    assert facts["files"] == {one["name"]: one["digest"] for one in sealed} and len(sealed) == 3
    with pytest.raises(InvalidSignature):
        public.verify(signature, statement.replace("2024-11", "2024-12").encode())


@pytest.mark.slow
def test_every_file_and_the_figures_are_known_by_digest(office: Office) -> None:
    """What is served is what was stored at freezing, also after later samples."""
    phone = office.measured(9, 16)
    report = office.approved()
    answer, figures = office.show(report).json, office.show(report, "/figures").json
    assert answer["digest"] == digest(canonical_json(figures))
    office.late([(16, 9)], phone)
    for one in answer["files"]:
        content = office.show(report, f"/files/{one['name']}").data
        assert digest(content) == one["digest"] and len(content) == one["size"]
        if one["name"] == "report.docx":  # the office completes and signs it
            assert check(office, one["digest"]).status_code == 404
            continue
        found = check(office, one["digest"].upper()).json
        assert found["valid"] is True and found["report"]["id"] == report
    assert check(office, answer["digest"]).json["seal"]["public_key"]


@pytest.mark.slow
def test_what_no_report_has_is_not_known(office: Office) -> None:
    office.approved()
    for wanted in ("0" * 64, "zz", "\x00", "a" * 10_000):
        refused = check(office, wanted)
        assert (refused.status_code, refused.json["code"]) == (404, "digest_unknown"), wanted[:9]


@pytest.mark.slow
def test_nothing_is_told_of_what_is_not_approved(office: Office) -> None:
    answer = office.show(office.frozen()).json
    assert check(office, answer["digest"]).status_code == 404


@pytest.mark.slow
def test_a_flipped_byte_is_refused(office: Office, tmp_path: Path) -> None:
    report = office.approved()
    run, file = office.app.test_cli_runner().invoke, tmp_path / "report"
    for one in sealed_files(office, report):
        content = bytearray(office.show(report, f"/files/{one['name']}").data)
        file.write_bytes(content)
        good = run(args=["reports", "verify", str(file)])
        assert good.exit_code == 0, good.output
        assert "Tỉnh Thái Nguyên (19), 2024-11, edition 1" in good.output
        assert "Ed25519, key 1, valid" in good.output and "sample data" in good.output
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        bad = run(args=["reports", "verify", str(file)])
        assert bad.exit_code == 1 and "was changed" in bad.output


def altered(owner: Engine, table: str, statement: str, values: dict[str, Any]) -> None:
    """Change a sealed row as the owner of the tables can, who may disable triggers."""
    with owner.begin() as connection:
        connection.execute(text(f"alter table {table} disable trigger user"))
        connection.execute(text(statement), values)
        connection.execute(text(f"alter table {table} enable trigger user"))


@pytest.mark.slow
def test_a_stored_report_that_was_changed_has_no_valid_seal(office: Office, owner: Engine) -> None:
    report = office.approved()
    shown = office.show(report).json
    lie = shown["seal"]["statement"].replace("Trần Thị Bình", "Trần Văn Cường")
    altered(owner, "reports", "update reports set statement = :lie", {"lie": lie})
    found = check(office, shown["digest"]).json
    assert (found["valid"], found["problem"]) == (False, "seal_broken")
    refused = office.show(report, "/figures")
    assert (refused.status_code, refused.json["code"]) == (500, "report_altered")


@pytest.mark.slow
def test_figures_that_were_changed_are_no_longer_those_of_the_seal(
    office: Office, owner: Engine
) -> None:
    office.approved()
    other = "f" * 64
    altered(owner, "reports", "update reports set digest = :other", {"other": other})
    assert check(office, other).json["problem"] == "seal_broken"


@pytest.mark.slow
def test_changed_content_is_not_shown(office: Office, owner: Engine) -> None:
    """The digest is computed at each read: of figures and files."""
    report = office.approved()

    def refuses(*parts: str) -> bool:
        answers = [office.show(report, part) for part in parts]
        return {(one.status_code, one.json["code"]) for one in answers} == {(500, "report_altered")}

    altered(owner, "report_files", "update report_files set content = content || '\\x20'", {})
    # A file is what was stored: it is not rendered again from the figures, which are whole.
    assert refuses("/files/report.json", "/files/report.docx", "/files/report.xlsx")
    more = "update reports set content = replace(content, :honest, :forged)"
    values = {"honest": '"demo":true', "forged": '"demo":false'}
    altered(owner, "reports", more, values)
    assert refuses("/figures")


APPROVED = "approved report"
FORBIDDEN = [
    ("update reports set content = '{}'", APPROVED),
    ("update reports set digest = repeat('0', 64)", APPROVED),
    ("update reports set state = 'draft'", APPROVED),
    ("update reports set statement = null, signature = null", APPROVED),
    ("update reports set approver_name = 'x'", APPROVED),
    ("update reports set version = 0", APPROVED),
    ("update report_files set content = ''", APPROVED),
    ("update report_files set report_id = report_id + 1", APPROVED),
    ("delete from report_files", APPROVED),
    (
        "insert into report_files (report_id, name, digest, size, content)"
        " select id, 'new.docx', '', 0, '' from reports",
        APPROVED,
    ),
    ("update seal_keys set public_key = '\\x00'", "seal key"),
    ("delete from seal_keys", "seal key"),
    ("truncate seal_keys cascade", "permission denied"),
    ("alter table reports disable trigger user", "must be owner"),
]


@pytest.mark.slow
def test_the_serving_role_cannot_change_what_is_approved(office: Office) -> None:
    office.approved()
    with office.app.app_context():
        db.session.execute(text("update reports set demo = demo"))  # nothing changes
        for statement, reason in FORBIDDEN:
            with pytest.raises(DBAPIError, match=reason), db.session.begin_nested():
                db.session.execute(text(statement))


@pytest.mark.slow
def test_reports_of_a_demo_can_be_removed_with_their_files(office: Office) -> None:
    office.approved()
    with office.app.app_context():
        remove_demo_reports()
        assert db.session.scalar(text("select count(*) from report_files")) == 0
        assert db.session.scalar(text("select count(*) from reports")) == 0


@pytest.mark.slow
def test_a_report_sealed_with_an_inserted_key_is_a_forgery(office: Office, owner: Engine) -> None:
    """The serving role may insert keys: only those in VAR_DIR and SEAL_KEYS are trusted."""
    report = office.approved()
    shown = office.show(report).json
    forger = Ed25519PrivateKey.generate()
    public = forger.public_key().public_bytes_raw()
    with office.app.app_context():
        values = {"key": public}
        insert = "insert into seal_keys (number, public_key, first_used_at) values (2, :key, now())"
        db.session.execute(text(insert), values)
        db.session.commit()
    signature = forger.sign(shown["seal"]["statement"].encode())
    change = "update reports set key_number = 2, signature = :signature"
    altered(owner, "reports", change, {"signature": signature})
    found = check(office, shown["digest"]).json
    assert (found["valid"], found["problem"]) == (False, "seal_key_unknown")
    assert office.show(report, "/figures").json["code"] == "seal_key_unknown"
    page = office.client.get(f"/seal/{shown['digest']}").text
    assert "không được máy chủ này tin cậy" in page and "Nguyên bản" not in page
    doctor = office.app.test_cli_runner().invoke(args=["doctor"]).output
    assert "sealed with key 2, which this server does not trust" in doctor


@pytest.mark.slow
def test_a_revoked_key_is_shown_with_its_reason(office: Office) -> None:
    shown = office.show(office.approved()).json
    run = office.app.test_cli_runner().invoke
    assert "fingerprint" in run(args=["reports", "keys"]).output
    assert run(args=["reports", "revoke-key", "9", "--reason", "x"]).exit_code == 1
    reason = "Tệp khóa bị sao chép"
    revoked = run(args=["reports", "revoke-key", "1", "--reason", reason])
    assert revoked.exit_code == 0, revoked.output
    assert run(args=["reports", "revoke-key", "1", "--reason", "again"]).exit_code == 1
    found = check(office, shown["digest"]).json
    assert (found["valid"], found["problem"]) == (False, "seal_key_revoked")
    assert found["seal"]["revoked_reason"] == reason
    [key] = office.client.get(f"{URL}/keys").json["items"]
    assert key["revoked_at"] and key["trusted"] and len(key["fingerprint"]) == 79
    page = office.client.get(f"/seal/{shown['digest']}").text
    assert reason in page and key["fingerprint"] in page
    assert office.show(shown["id"], "/figures").status_code == 200


@pytest.mark.slow
def test_the_key_is_for_its_owner_alone_and_old_ones_stay(office: Office) -> None:
    first = office.approved()
    path = Path(office.app.config["VAR_DIR"]) / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()  # the operator changes the key
    office.act(first, "supersede", json={"reason": "khóa mới"})
    second = office.client.get(URL, headers=office.headers).json["items"][0]["id"]
    office.act(second, "freeze")
    office.act(second, "approve", json={})
    keys = office.client.get(f"{URL}/keys").json["items"]
    assert [(one["number"], one["trusted"]) for one in keys] == [(1, False), (2, True)]
    former = office.show(first).json["digest"]
    assert check(office, former).json["problem"] == "seal_key_unknown"
    office.app.config["SEAL_KEYS"] = (bytes.fromhex(keys[0]["public_key"]),)
    for report, number in ((first, 1), (second, 2)):
        answer = office.show(report).json
        found = check(office, answer["digest"]).json
        assert (found["seal"]["key"], found["valid"]) == (number, True)
    assert check(office, office.show(first).json["digest"]).json["report"]["state"] == "superseded"


@pytest.mark.slow
def test_late_samples_are_changes_after_freezing(office: Office) -> None:
    """Draft, freeze, 500 late samples, approve, compare, verify."""
    office.measured(9)
    report = office.frozen()
    before = office.show(report, "/figures").data
    for place in range(10):
        here = {"latitude": 21.5942 - place * 0.01, "longitude": 105.8482, "accuracy_m": 10.0}
        days = [(day, hour) for day in range(1, 18) for hour in (6, 11, 16)][:50]
        office.late(days, location=here)
    office.act(report, "approve", json={})
    found = office.changes(report)
    assert found["changed"] is True
    assert found["networks"]["mobile"] == dict.fromkeys(("received", "valid", "counted"), (1, 501))
    assert found["networks"]["fixed"]["received"] == (0, 0)
    assert office.show(report, "/figures").data == before
    assert check(office, office.show(report).json["digest"]).json["valid"] is True


@pytest.mark.slow
def test_a_withdrawal_changes_no_frozen_figure_and_no_count(office: Office) -> None:
    phone = office.measured(9, 16)
    report = office.approved()
    answer, before = office.show(report).data, office.show(report, "/figures").data
    assert office.client.delete("/api/v1/devices/me", headers=phone).status_code == 200
    assert office.show(report).data == answer
    assert office.show(report, "/figures").data == before
    assert office.changes(report)["changed"] is False


@pytest.mark.slow
def test_the_files_of_a_draft_are_a_preview(office: Office) -> None:
    report = office.draft()
    assert office.show(report, "/files/report.json").status_code == 200
    assert office.show(report, "/files/report.exe").status_code == 404
    assert office.show(report).json["files"] == []

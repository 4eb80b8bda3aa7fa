"""Long work that admins ask for: done once by one process, seen at a page, found where it died."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from backend.database.extensions import db
from backend.database.locks import JOBS_LOCK
from backend.jobs.models import Job
from backend.jobs.service import claim
from backend.web.admin.job_kinds import KINDS
from tests.support.admin_client import AdminBrowser, field_error
from tests.support.clock import FakeClock


@pytest.fixture
def admin(app: Flask, client: FlaskClient, clock: FakeClock) -> AdminBrowser:
    return AdminBrowser(app, client, clock.now)


MONTH = {"first": "2024-11-01", "last": "2024-11-30"}


def run(app: Flask) -> str:
    done = app.test_cli_runner().invoke(args=["jobs", "run"])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()[-1]  # after what was logged


def latest(app: Flask, number: int | None = None) -> Job:
    """The last job, or one by its number."""
    with app.app_context():
        asked = db.session.query(Job).order_by(Job.id.desc())
        return (asked.filter_by(id=number) if number else asked).first()


def started(app: Flask, kind: str = "check_set") -> None:
    """A job that a process had begun which is gone."""
    at = {"asked_at": app.extensions["clock"](), "asked_by": "user:1"}
    with app.app_context():
        db.session.add(Job(kind=kind, state="running", arguments={"name": "none"}, **at))
        db.session.commit()


def test_communes_are_named_again(app: Flask, admin: AdminBrowser) -> None:
    admin.done("/admin/jobs/reassign", **MONTH)
    assert run(app) == "jobs done: 1"
    assert latest(app).result == {"moved": 0, "rejudged": 0, "left_alone": 0}
    assert (latest(app).done, latest(app).whole) == (1, 1)
    assert run(app) == "jobs done: 0"
    assert "01/11/2024 – 30/11/2024" in admin.get("/admin")
    backwards = {"first": "2024-11-30", "last": "2024-11-01"}
    assert field_error(admin.refused("/admin/jobs/reassign", **backwards), "last")


@pytest.mark.slow
def test_the_same_work_is_not_asked_for_twice(app: Flask, admin: AdminBrowser) -> None:
    admin.done("/admin/jobs/reassign", **MONTH)
    assert "Việc này đang chờ hoặc đang chạy." in admin.refused("/admin/jobs/reassign", **MONTH)
    admin.done("/admin/jobs/check_set", name="approximate-2025")
    assert run(app) == "jobs done: 2"
    admin.done("/admin/jobs/reassign", **MONTH)


def test_what_fails_says_why_and_can_be_run_again(app: Flask, admin: AdminBrowser) -> None:
    admin.done("/admin/jobs/check_set", name="no such set")
    assert run(app) == "jobs done: 1"
    assert "set_unknown" in admin.get("/admin/jobs/list")
    admin.done("/admin/jobs/1/again")
    assert latest(app).arguments == {"name": "no such set"}
    assert admin.send("/admin/jobs/2/again").status_code == 404


def test_what_the_database_says_is_not_shown(
    app: Flask, admin: AdminBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "check_set", lambda asked, progress: db.session.execute(
        text("select cast('21.5942' as int)")))  # fmt: skip
    admin.done("/admin/jobs/check_set", name="x")
    run(app)
    assert latest(app).error == "DataError"


def test_a_job_whose_process_is_gone_has_died(app: Flask, admin: AdminBrowser) -> None:
    started(app)
    page = admin.get("/admin")
    assert "Đã dừng giữa chừng; hãy chạy lại." in page
    admin.done("/admin/jobs/1/again")
    started(app, "reassign")
    assert run(app) == "jobs done: 1"
    assert "died" in {job.error for job in _all(app)}


def test_a_job_that_begins_while_a_page_looks_for_dead_ones_lives(
    app: Flask, admin: AdminBrowser
) -> None:
    admin.done("/admin/jobs/check_set", name="none")
    with app.app_context():
        engine = db.engine
    begun: list[bool] = []
    with engine.connect() as runner, engine.connect() as own:

        def begins(*shown: Any) -> None:
            """Take the lock and a job, as a runner does, right before jobs are called dead."""
            if shown[2].startswith("UPDATE jobs") and not begun:
                begun.append(True)
                runner.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": JOBS_LOCK})
                own.execute(text("update jobs set state = 'running'"))
                own.commit()

        event.listen(engine, "before_cursor_execute", begins)
        assert "Đã dừng giữa chừng" not in admin.get("/admin")
        event.remove(engine, "before_cursor_execute", begins)
        assert begun and latest(app).state == "running"
    assert "Đã dừng giữa chừng" in admin.get("/admin")


def test_one_process_works_at_a_time(app: Flask, admin: AdminBrowser) -> None:
    started(app)
    admin_of_it = {"lock": JOBS_LOCK}
    with app.app_context(), db.engine.connect() as other:
        other.execute(text("select pg_advisory_lock(:lock)"), admin_of_it)
        assert run(app) == "jobs done: 0"
        assert "Đã dừng giữa chừng" not in admin.get("/admin")
        other.execute(text("select pg_advisory_unlock(:lock)"), admin_of_it)


def test_of_several_workers_one_starts_a_runner(
    app: Flask, admin: AdminBrowser, clock: FakeClock
) -> None:
    with app.app_context():
        assert not claim(clock.now)
        admin.done("/admin/jobs/reassign", **MONTH)
        assert [claim(clock.now) for _ in range(3)] == [True, False, False]
        assert claim(clock.now + timedelta(minutes=2))  # it did not come


def test_the_list_comes_anew_only_where_it_changed(app: Flask, admin: AdminBrowser) -> None:
    answer = admin.client.get("/admin/jobs/list")
    known = {"If-None-Match": answer.headers["ETag"]}
    assert admin.client.get("/admin/jobs/list", headers=known).status_code == 304
    admin.done("/admin/jobs/reassign", **MONTH)
    assert admin.client.get("/admin/jobs/list", headers=known).status_code == 200


def test_the_demo_is_removed_by_who_says_so_twice(app: Flask, admin: AdminBrowser) -> None:
    assert "Xóa dữ liệu minh họa" not in admin.get("/admin")
    assert admin.send("/admin/jobs/remove_demo").status_code == 422
    admin.done("/admin/jobs/remove_demo", sure="yes")
    assert run(app) == "jobs done: 1"
    assert latest(app).result == {"removed": 0}
    assert admin.send("/admin/jobs/load_demo").status_code == 404


def test_a_job_of_a_former_version_fails_alone(app: Flask, admin: AdminBrowser) -> None:
    at = {"asked_at": app.extensions["clock"](), "asked_by": "user:1"}
    with app.app_context():
        db.session.add(Job(kind="rejudge", arguments={"month": "2024-11"}, **at))
        db.session.commit()
    assert run(app) == "jobs done: 1" and latest(app).state == "failed"


def _all(app: Flask) -> list[Job]:
    with app.app_context():
        return list(db.session.query(Job))

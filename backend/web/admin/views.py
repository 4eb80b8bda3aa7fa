"""Pages of admins: state, jobs, connections, boundary sets, targets, records."""

from datetime import date, timedelta
from typing import Any, TypedDict, cast

from flask import Response, current_app, request
from markupsafe import Markup
from marshmallow import Schema

from backend.accounts import users
from backend.accounts.audit import IMPORTS, AuditQuery, read_audit
from backend.accounts.authentication import actor, form_token
from backend.clock import day_begin, local_day
from backend.coverage.targets.service import (
    NewTarget,
    TargetAnswer,
    TargetChanges,
    TargetsQuery,
    change_target,
    list_targets,
    set_target,
    show_target,
)
from backend.demo.service import is_loaded
from backend.errors import Problem, invalid
from backend.http.etags import with_content_tag
from backend.http.requests import clock_now
from backend.jobs.models import Job
from backend.jobs.service import enqueue, list_jobs, retry, seconds_left, show_job
from backend.measurements.privacy.retention import count_people
from backend.measurements.privacy.withdrawal import list_requests, open_request, record_step
from backend.monitoring.checks import CHECKS, CheckContext, Finding, office_sign_in, run_check
from backend.monitoring.first_run import first_run, settings_command, started_by
from backend.monitoring.mail_check import send_test_mail
from backend.monitoring.usage import summarise_usage
from backend.notices.service import NewNotice, NoticeAnswer, end, list_notices, send
from backend.oidc.browser import current_provider
from backend.units.catalogue import ActiveSet, list_sets, read_active, serving_set
from backend.units.uploads import MAX_UPLOAD
from backend.web.admin import cluster_pages, people_pages, schemas  # noqa: F401 # binds pages
from backend.web.admin.audit_details import (
    actor_of,
    names_in,
    people_of,
    readable_details,
    row_of,
)
from backend.web.admin.frame import bp, render_section
from backend.web.admin.job_kinds import upload_set, use_set
from backend.web.admin.roles import requested_unit
from backend.web.admin.set_findings import show_check
from backend.web.maps.basemap import basemap_facts
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import (
    Form,
    Preview,
    confirm,
    new_form,
    redirect_to,
    submitted_fields,
    uploaded_file,
)
from backend.web.site.pages import render_part
from backend.web.site.schemas import LangQuery
from backend.witness.hosts import registered

blueprints = (bp,)

# The settings of connections that a page shows; never a password.
MAIL_SETTINGS = ("SMTP_HOST", "SMTP_PORT", "SMTP_TLS", "SMTP_USER", "MAIL_FROM")
OIDC_SETTINGS = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_NAME", "OIDC_RULES")


# The nightly job compares the whole audit log and fails; the page, which takes less time, a month.
AUDIT_DAYS = timedelta(days=31)


class ShownCheck(TypedDict):
    """A check of `flask doctor` with its findings."""

    name: str
    findings: list[Finding]
    state: str  # well, warning, wrong


def run_checks() -> list[ShownCheck]:
    """Return the checks of `flask doctor` with their findings; none of what is switched off."""
    migrations = f"{current_app.root_path}/migrations"
    context = CheckContext(current_app.config, migrations, clock_now(), AUDIT_DAYS)
    off = () if current_provider() else (office_sign_in,)
    checks = [check for check in CHECKS if check not in off]
    return [
        {"name": check.__name__, "findings": found, "state": _state_of(found)}
        for check in checks
        for found in [run_check(check, context)]
    ]


def _state_of(findings: list[Finding]) -> str:
    if not findings:
        return "well"
    return "warning" if all(finding.warning for finding in findings) else "wrong"


@bp.page("")
def index(query: LangQuery, form: Form | None = None) -> Response:
    """Show the steps of a new installation that are left, the state of its parts, and jobs."""
    steps = first_run(current_app.config, clock_now(), encrypted=request.is_secure)
    values = {"checks": run_checks(), "first_steps": steps, "demo_there": is_loaded()}
    values |= {"started_by": started_by(), "people": count_people()}
    values |= {"usage": summarise_usage(clock_now())}
    return render_section("index", query, form, part=_render_list(query), **values)


@bp.page("/connections", methods=READ_WRITE)
def connections(query: LangQuery) -> Response:
    """Show the settings of mail and sign-in and the measuring hosts, and send a test mail."""
    form, config, now = new_form(query), current_app.config, clock_now()
    tested = form.submit(
        schemas.TestMailFormSchema(),
        lambda fields: send_test_mail(actor(), fields["to"], config, now),
    )
    admin = actor().user_id
    if admin and not form.values.get("to"):
        name = users.find(admin, lock=False).name
        form.values["to"] = name if name and "@" in name else None
    mail = {name: config[name] for name in MAIL_SETTINGS}
    mail["SMTP_PASSWORD"] = bool(config["SMTP_PASSWORD"])
    oidc = {name: config[name] for name in OIDC_SETTINGS}
    values = {"mail": mail, "oidc": oidc, "tested": tested, "hosts": registered(config)}
    lines = "SMTP_HOST=…", "SMTP_USER=…", "SMTP_PASSWORD=…", "MAIL_FROM=…"
    set_mail = settings_command(config["VAR_DIR"], *lines)
    return render_section(
        "connections", query, form, set_mail=set_mail, started_by=started_by(), **values
    )


# Form schemas by the kind of job.
FORMS: dict[str, type[Schema]] = {
    "reassign": schemas.SpanFormSchema,
    "remove_demo": schemas.EverythingSchema,
    "check_set": schemas.SetFormSchema,
    "try_set": schemas.SetFormSchema,
}


@bp.page("/jobs/list")
def job_list(query: LangQuery) -> Response:
    """Send the list for updates of an open page; 304 if unchanged."""
    return with_content_tag(Response(_render_list(query), mimetype="text/html"))


@bp.page("/jobs/<kind>", methods=("POST",))
def ask_for(query: LangQuery, kind: str) -> Response:
    """Enqueue a job."""
    if kind not in FORMS:
        raise Problem(404, "not_found")
    form, now = new_form(query), clock_now()

    def act(fields: dict[str, date | str]) -> Job:
        days = {name: one.isoformat() for name, one in fields.items() if isinstance(one, date)}
        return enqueue(actor(), kind, fields | days, now)

    form.submit(FORMS[kind](), act)
    if form.failed:
        return _sets(query, form) if kind in ("reassign", "try_set") else index(query, form)
    return _to_jobs(query)


def _to_jobs(query: LangQuery) -> Response:
    return redirect_to("admin.index", query, _anchor="jobs")


@bp.page("/jobs/<int:job_id>/again", methods=("POST",))
def run_again(query: LangQuery, job_id: int) -> Response:
    """Enqueue a failed job again."""
    form, now = new_form(query), clock_now()
    form.attempt(lambda: retry(actor(), job_id, now))
    return index(query, form) if form.failed else _to_jobs(query)


def _render_list(query: LangQuery) -> Markup:
    now = clock_now()
    listed = list_jobs(actor(), now)
    left = {job.id: seconds_left(job, now) for job in listed}
    values = {"jobs": listed, "left": left, "csrf": form_token()}
    return render_part("web/admin/job_list.html", query["lang"], **values)


@bp.page("/sets", methods=READ_WRITE, upload_most=MAX_UPLOAD)
def sets(query: LangQuery) -> Response:
    """List the boundary sets and the one in use today, and upload another."""
    form = new_form(query)

    def upload(fields: schemas.NewSetForm) -> Job:
        file, var_dir = uploaded_file(), current_app.config["VAR_DIR"]
        if file is None:
            raise invalid("file", "required")
        sent = str(file.filename), file.stream
        with file.stream:
            return upload_set(actor(), fields, sent, var_dir, clock_now())  # type: ignore[arg-type]

    if form.submit(schemas.NewSetFormSchema(), upload):
        return _to_jobs(query)
    return _sets(query, form)


@bp.page("/sets/tried/<int:job_id>", methods=READ_WRITE)
def tried_set(query: LangQuery, job_id: int) -> Response:
    """Show what a set would move, and put it in use once that is confirmed."""
    form, user, now = new_form(query), actor(), clock_now()
    job = show_job(user, job_id)
    if job.kind != "try_set" or job.result is None:
        raise Problem(404, "not_found")
    form.values = submitted_fields()
    result = confirm(form, lambda preview: use_set(user, job, now, preview=preview), job_id)
    if result and not isinstance(result, Preview):
        return redirect_to("admin.sets", query)
    return render_section("tried", query, form, job=job, preview=result)


@bp.page("/checks/<int:job_id>", schemas.FindingQuerySchema)
def check(query: schemas.FindingQuery, job_id: int) -> Response:
    """Show the findings of a check, on a map and as a table."""
    job = show_job(actor(), job_id)
    if job.kind not in ("check_set", "load_set") or "kinds" not in (job.result or {}):
        raise Problem(404, "not_found")
    found = show_check(current_app.config["VAR_DIR"], job_id, query["finding"])
    there = {one.name: one for one in list_sets()}
    values: dict[str, Any] = {"of": there.get(job.arguments["name"]), "serves": _serving(), **found}
    return render_section("check", query, job=job, **values)


def _sets(query: LangQuery, form: Form) -> Response:
    today = local_day(clock_now())
    values = {"sets": list_sets(), "serves": _serving(), "today": today}
    return render_section(
        "sets",
        query,
        form,
        basemap=basemap_facts(current_app.config["VAR_DIR"] / "tiles"),
        **values,
    )


def _serving() -> ActiveSet | None:
    """Return the set in use today."""
    return serving_set(local_day(clock_now()), read_active())


ALL: TargetsQuery = {
    "level": None,
    "network": None,
    "purpose": None,
    "as_of": None,
    "limit": schemas.ROWS,
    "cursor": None,
}


@bp.page("/targets", schemas.ListQuerySchema, READ_WRITE)
def targets(query: schemas.CursorQuery) -> Response:
    """List targets, and set one."""
    form = new_form(query)

    def act(fields: schemas.TargetForm) -> TargetAnswer:
        new: NewTarget = {
            "level": fields["level"],
            "network": fields["network"],
            "purpose": fields["purpose"],
            "unit": requested_unit(fields, fields["valid_from"], fields["level"]),
            "threshold": fields["threshold"],
            "basis": fields["basis"],
            "valid_from": fields["valid_from"],
            "valid_to": fields["valid_to"],
            "source": fields["source"],
        }
        return set_target(actor(), new)

    if form.submit(schemas.TargetFormSchema(), act):
        return redirect_to("admin.targets", query)
    wanted: TargetsQuery = {**ALL, "cursor": query["cursor"]}
    listed = list_targets(wanted)
    return render_section("targets", query, form, listed=listed, target=None)


@bp.page("/targets/<int:target_id>", methods=READ_WRITE)
def target(query: LangQuery, target_id: int) -> Response:
    """Show a target, and change or end it."""
    form, there = new_form(query), show_target(target_id)
    form.stored = there

    def act(fields: schemas.TargetChangeForm) -> TargetAnswer:
        changes: TargetChanges = {
            "threshold": fields["threshold"],
            "basis": fields["basis"],
            "valid_from": fields["valid_from"],
            "valid_to": fields["valid_to"],
            "source": fields["source"],
        }
        return change_target(actor(), target_id, frozenset({fields["version"]}), changes)

    if form.submit(schemas.TargetChangeFormSchema(), act):
        return redirect_to("admin.targets", query)
    return render_section("targets", query, form, target=there)


FILTERS = ("actor", "act", "subject", "from", "to", "reads")


@bp.page("/audit", schemas.AuditPageQuerySchema)
def audit(query: schemas.AuditPageQuery) -> Response:
    """List privileged acts, newest first, by actor, act, subject and time; or imports alone."""
    by = actor_of(actor(), query["actor"], clock_now())
    listed = read_audit(actor(), cast(AuditQuery, {**query, "limit": schemas.ROWS, "actor": by}))
    kept = {name: request.args.get(name) for name in FILTERS}
    values: dict[str, Any] = {"kept": kept, "row_of": row_of, "imports": IMPORTS}
    values |= {"details": readable_details, "people": people_of(listed["items"])}
    values["names"] = names_in(listed["items"])
    return render_section("audit", query, listed=listed, **values)


@bp.page("/withdrawals", methods=READ_WRITE)
def withdrawals(query: LangQuery) -> Response:
    """List withdrawals with their deadlines, and record one received by other channels."""
    form, now = new_form(query), clock_now()
    if form.submit(
        schemas.WithdrawalFormSchema(), lambda fields: open_request(actor(), **fields, now=now)
    ):
        return redirect_to("admin.withdrawals", query)
    return _render_withdrawals(query, form)


@bp.page("/withdrawals/<int:request_id>", methods=("POST",))
def settle_withdrawal(query: LangQuery, request_id: int) -> Response:
    """Record that a withdrawal was acknowledged or done."""
    form, now = new_form(query), clock_now()
    if form.submit(
        schemas.StepSchema(), lambda fields: record_step(actor(), request_id, **fields, now=now)
    ):
        return redirect_to("admin.withdrawals", query)
    return _render_withdrawals(query, form)


def _render_withdrawals(query: LangQuery, form: Form) -> Response:
    return render_section("withdrawals", query, form, items=list_requests(actor(), clock_now()))


# A phone that measures at weekends gets it in time.
NOTICE_DAYS = timedelta(days=14)


@bp.page("/notices", methods=READ_WRITE)
def notices(query: LangQuery) -> Response:
    """List notices to phones with the numbers that have them, and send one after a preview."""
    form, now = new_form(query), clock_now()
    fields: schemas.NoticeForm | None = None
    if request.method == "POST":
        fields = form.load(schemas.NoticeFormSchema())

    def act(preview: bool) -> NoticeAnswer:
        assert fields is not None
        unit = requested_unit(fields, local_day(now))
        until = day_begin(fields["until"] + timedelta(days=1))
        new: NewNotice = {
            "text": fields["text"],
            "unit": unit,
            "month": fields["month"],
            "until": until,
            "preview": preview,
        }
        return send(actor(), new, now)

    shown = confirm(form, act, fields and fields["text"]) if fields else None
    if shown and not isinstance(shown, Preview):
        return redirect_to("admin.notices", query)
    return render_section(
        "notices",
        query,
        form,
        items=list_notices(actor())["items"],
        preview=shown,
        now=now,
        usual_end=local_day(now) + NOTICE_DAYS,
    )


@bp.page("/notices/<int:notice_id>/end", methods=("POST",))
def end_notice(query: LangQuery, notice_id: int) -> Response:
    """End a notice: phones that have not read it do not get it any more."""
    end(actor(), notice_id, clock_now())
    return redirect_to("admin.notices", query)

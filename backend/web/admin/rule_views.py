"""The page of the rules that samples are judged by: what they are, and what they would change."""

from typing import Any

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.http.requests import clock_now
from backend.jobs.service import latest_job
from backend.measurements.recording.reasons import REASONS
from backend.measurements.recording.rules import RULES
from backend.web.admin.blueprint import bp, render_section
from backend.web.site.forms import Form, new_form


@bp.page("/rules")
def rules(query: dict[str, Any]) -> Any:
    """Show the rules in force, and let a month be judged again, as a trial first."""
    return rules_shown(query)


def rules_shown(query: dict[str, Any], form: Form | None = None) -> Any:
    """The page, with the form that was sent where it has faults."""
    latest, today = latest_job(actor(), "rejudge"), local_day(clock_now())
    told = {"version": RULES, "reasons": REASONS, "latest": latest, "today": today}
    return render_section("rules", query, form or new_form(query), **told)

"""The first page of admins: the state of the installation."""

from dataclasses import dataclass
from typing import Any

from flask import current_app

from backend.http.requests import clock_now
from backend.monitoring.checks import CHECKS, CheckContext, Finding, run_check
from backend.web.admin.blueprint import bp, render_section


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check and its findings."""

    name: str
    findings: list[Finding]

    @property
    def state(self) -> str:
        """The state: well, warning or wrong."""
        if not self.findings:
            return "well"
        return "warning" if all(finding.warning for finding in self.findings) else "wrong"


def run_checks() -> list[CheckResult]:
    """Return all checks of `flask doctor` with their findings."""
    context = CheckContext(current_app.config, f"{current_app.root_path}/migrations", clock_now())
    return [CheckResult(check.__name__, run_check(check, context)) for check in CHECKS]


@bp.page("")
def index(query: dict[str, Any]) -> Any:
    """Show the state of the installation, and links to the other pages."""
    return render_section("index", query, checks=run_checks())

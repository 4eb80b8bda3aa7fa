"""What docs/ tells and what the code does are held together."""

import re

import pytest

from backend.coverage.cli import cli as coverage
from backend.measurements.cli import cli as measurements
from backend.measurements.privacy_cli import cli as privacy
from backend.measurements.reasons import REASONS
from backend.reports.cli import cli as reports
from backend.units.cli import cli as units
from config.settings import SETTINGS
from scripts.documenting import DOCS, PARTS, generated
from scripts.documenting.limits import MODULES, found


@pytest.mark.parametrize("page", PARTS)
def test_generated_parts_are_those_of_the_code(page: str) -> None:
    """Where this fails, run scripts/make-docs."""
    assert (DOCS / page).read_text(encoding="utf-8") == generated(page)


def test_every_setting_and_every_reason_is_told() -> None:
    operator = (DOCS / "operator.md").read_text(encoding="utf-8")
    rules = (DOCS / "rules.md").read_text(encoding="utf-8")
    assert [one.name for one in SETTINGS if f"| `{one.name}` |" not in operator] == []
    assert [one.code for one in REASONS if f"| `{one.code}` |" not in rules] == []


def test_every_limit_of_the_rules_has_a_reason() -> None:
    limits = [name for module in MODULES for names, _, _ in found(module)
              for name in names.split("`, `")]  # fmt: skip
    for name in ("REPEAT_WINDOW", "AGE_MOST", "MBPS_MOST", "PING_LEAST_MS", "SNAP_MAX_M"):
        assert name in limits


def test_every_command_that_the_operator_is_told_exists() -> None:
    groups = {
        "coverage": coverage.commands,
        "measurements": measurements.commands,
        "privacy": privacy.commands,
        "reports": reports.commands,
        "units": units.commands,
    }
    told = re.findall(r"`flask (\w+) ([\w-]+)", (DOCS / "operator.md").read_text(encoding="utf-8"))
    assert len(told) >= 8
    for group, command in told:
        assert command in groups[group], f"flask {group} {command}"


def test_links_between_pages_lead_somewhere() -> None:
    for page in DOCS.glob("*.md"):
        for target in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"

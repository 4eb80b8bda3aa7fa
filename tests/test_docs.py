"""What docs/ tells and what the code does are held together."""

import re
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.cli import AppGroup

from backend import VERSION
from backend.measurements.recording.reasons import REASONS
from config.settings import SETTINGS
from tests.tools.docs_generator.limits import MODULES, found
from tests.tools.docs_generator.pages import DOCS, PARTS, generated


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
    for name in ("REPEAT_WINDOW", "MAX_AGE", "MAX_MBPS", "MIN_PING_MS", "SNAP_MAX_M"):
        assert name in limits


def test_every_command_that_the_operator_is_told_exists(built: Flask) -> None:
    groups = {
        name: group.commands
        for name, group in built.cli.commands.items()
        if isinstance(group, AppGroup)
    }
    pages = "".join((DOCS / name).read_text("utf-8") for name in ("operator.md", "runbook.md"))
    answer = re.findall(r"`(?:scripts/)?flask (\w+) ([\w-]+)", pages)
    assert len(answer) >= 8
    for group, command in answer:
        assert command in groups[group], f"flask {group} {command}"


def test_the_changelog_begins_with_what_comes_and_tells_of_this_version() -> None:
    """docs/releasing.md: the heading and the version are changed together."""
    answer = (DOCS.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", answer, re.MULTILINE)
    assert headings[0] == "Unreleased"
    for heading in headings[1:]:
        version, _, day = heading.partition(" - ")
        assert re.fullmatch(r"\d+\.\d+\.\d+", version) and date.fromisoformat(day)
    assert [one.partition(" - ")[0] for one in headings[1:2]] in ([], [VERSION])


def test_every_test_that_the_security_page_names_is_there() -> None:
    answer = (DOCS / "security.md").read_text(encoding="utf-8")
    tests, file, named = DOCS.parent / "tests", "", 0
    for row in answer.splitlines():
        for path, name in re.findall(r"`([\w/.]*)::(test_\w+)`", row):
            file = path or file  # "::name" is of the file before it
            named += 1
            assert f"def {name}(" in (tests / file).read_text(encoding="utf-8"), f"{file}::{name}"
    assert named > 40


def test_every_alert_has_a_part_of_the_runbook() -> None:
    runbook = (DOCS / "runbook.md").read_text(encoding="utf-8")
    parts = {line.removeprefix("## ") for line in runbook.splitlines() if line.startswith("## ")}
    alerts = (DOCS.parent / "config/deploy/monitoring/alerts.yml").read_text()
    assert len(parts) >= 10
    assert set(re.findall(r"alert: (\w+)", alerts)) - {"StatisticsOld"} <= parts
    for anchor in re.findall(r"runbook.md#(\w+)", alerts):
        assert anchor in {part.lower() for part in parts}


def test_both_readmes_lead_to_the_same_pages() -> None:
    pages = [
        set(re.findall(r"\]\(((?:docs/)?[\w./-]+\.md)\)", (DOCS.parent / name).read_text("utf-8")))
        for name in ("README.md", "README.vi.md")
    ]
    guides = [{one for one in of if re.match(r"docs/(vi|guide)/", one)} for of in pages]
    assert guides[0] and len(guides[1]) == len(guides[0]) + 2  # only Vietnamese: operators, support
    index = {"README.vi.md", "README.md", "docs/index.md"}
    assert pages[0] - guides[0] - index == pages[1] - guides[1] - index


def pages() -> list[Path]:
    """Every page in git: what scripts/docs writes into docs/api is checked by Sphinx."""
    written = [page for page in DOCS.rglob("*.md") if page.parent.name != "api"]
    return [*written, *DOCS.parent.glob("*.md")]


def test_links_between_pages_lead_somewhere() -> None:
    for page in pages():
        for target in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_files_that_the_architecture_names_exist() -> None:
    root = DOCS.parent
    text = (DOCS / "architecture.md").read_text("utf-8") + (root / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`((?:backend|config|geo|scripts|tests)/[\w./-]*)", text))
    assert len(named) > 25
    assert [path for path in sorted(named) if not list(root.glob(f"{path.rstrip('/')}*"))] == []


def test_the_pictures_in_git_are_those_that_pages_show() -> None:
    """scripts/pictures makes the others, and .gitignore leaves them out."""
    ignored = (DOCS.parent / ".gitignore").read_text(encoding="utf-8")
    kept = set(re.findall(r"^!/docs/pictures/(.+[a-z])$", ignored, re.MULTILINE))
    texts = "".join(page.read_text(encoding="utf-8") for page in pages())
    assert kept == set(re.findall(r"pictures/([\w-]+\.(?:webp|png))", texts))
    assert all((DOCS / "pictures" / name).exists() for name in kept)
    assert len(kept) == 3

"""The measuring page keeps the rules of docs/app.md while answers get lost."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.tools.conformance.own_clients import page, verdicts_on
from tests.tools.conformance.rules import KEPT, lines


@pytest.mark.long
def test_the_measuring_page_keeps_the_rules(served: str, browser: Browser, tmp_path: Path) -> None:
    verdicts = verdicts_on(page(browser), served, tmp_path)
    assert {one.state for one in verdicts} == {KEPT}, "\n".join(lines(verdicts))

"""The documentation site builds without a warning, and describes every operation of the API."""

import os
import subprocess
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.tools.docs_generator.api import METHODS, reference

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[1]


def test_the_reference_has_every_operation(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").get_json()
    text = "\n".join(reference(document).values()).splitlines()
    for path, item in document["paths"].items():
        for method in set(METHODS) & item.keys():
            assert text.count(f"## {method.upper()} {path}") == 1


@pytest.mark.slow
def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    built = subprocess.run(
        [ROOT / "scripts" / "docs", tmp_path], capture_output=True, text=True, check=False,
        env=os.environ | {"MODE": "development"},
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    first = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'lang="vi"' in first
    assert 'lang="en"' in (tmp_path / "operator.html").read_text(encoding="utf-8")
    for page in tmp_path.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for loaded in ('src="http', '<link rel="stylesheet" type="text/css" href="http'):
            assert loaded not in text, page.name

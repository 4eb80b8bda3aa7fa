"""Sphinx configuration of the documentation site: scripts/docs builds it."""

import re
from typing import Any

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

from backend import VERSION

project = "Đo Sóng"
author = "Đo Sóng"
release = VERSION
language = "vi"  # of the site's own words; pages name theirs below

extensions = ["myst_parser"]
exclude_patterns = ["pictures"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Đo Sóng {VERSION}"
html_show_sourcelink = False
html_show_copyright = False

# A link to a folder, as code hosts allow, leads to the folder's README.md.
FOLDER_LINK = re.compile(r"\]\((\w+)/\)")
VIETNAMESE = ("index", "privacy.vi", "search", "genindex")


def _set_language(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Name the language of each page for browsers and screen readers."""
    context["language"] = "vi" if page in VIETNAMESE or page.startswith("vi/") else "en"


def _link_folders(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = FOLDER_LINK.sub(r"](\1/README.md)", source[0])


def setup(app: Sphinx) -> None:
    """Register the two changes above; show diagrams as text, which code hosts draw."""
    app.add_lexer("mermaid", TextLexer)
    app.connect("source-read", _link_folders)
    app.connect("html-page-context", _set_language)

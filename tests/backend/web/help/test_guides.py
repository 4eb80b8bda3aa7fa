"""The guides: every page leads to its part, links and controls exist, search and print work."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

from backend.web.help.guides import CARD, parse_guide, search
from backend.web.site.help_links import BLUEPRINTS, GUIDES, PAGES, help_of
from backend.web.site.pages import link_documents
from tests.support.admin_client import AdminBrowser
from tests.support.clock import FakeClock

ROOT = Path(__file__).parents[4]
FOLDERS = {"vi": ROOT / "docs" / "vi", "en": ROOT / "docs" / "guide"}
PICTURES = ROOT / "docs" / "pictures" / "guide"
CATALOGUE = ROOT / "backend" / "i18n" / "locale" / "vi" / "LC_MESSAGES" / "messages.po"
EVERY = [(language, name) for language in FOLDERS for name in GUIDES]


def source(language: str, name: str) -> str:
    return (FOLDERS[language] / f"{name}.md").read_text("utf-8")


def address(language: str, name: str) -> str:
    return f"/{'huong-dan' if language == 'vi' else 'guide'}/{GUIDES[name][language]}"


@pytest.fixture(scope="module")
def texts() -> dict[str, list[re.Pattern[str]]]:
    """The texts of pages in each language, whose placeholders may be any value."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="vi")
    found: dict[str, list[str]] = {"en": [], "vi": []}
    for one in catalogue:
        if one.id:
            found["en"] += [one.id] if isinstance(one.id, str) else one.id
            found["vi"] += [one.string] if isinstance(one.string, str) else one.string
    return {
        language: [_pattern(text) for text in of if _worded(text)] for language, of in found.items()
    }


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".+".join(map(re.escape, re.split(r"\{\w+\}", text))))


def _worded(text: str) -> bool:
    return bool(re.sub(r"\{\w+\}", "", text).strip())


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_every_control_that_a_guide_names_is_a_text_of_a_page(
    texts: dict[str, list[re.Pattern[str]]], language: str, name: str
) -> None:
    """Bold texts of guides are controls; change the guide together with a button."""
    named = re.findall(r"\*\*([^*]+)\*\*", source(language, name))
    assert named
    missing = [one for one in named if not any(text.fullmatch(one) for text in texts[language])]
    assert missing == []


def test_both_languages_have_the_same_parts_and_pictures() -> None:
    for name in GUIDES:
        parts, shown = [
            {language: re.findall(sign, source(language, name)) for language in FOLDERS}
            for sign in (r"<!-- part: ([a-z-]+) -->", r"guide/([a-z-]+\.webp)")
        ]
        assert parts["vi"] == parts["en"] and parts["vi"][-1] == CARD
        assert shown["vi"] == shown["en"]


def test_pictures_are_small_and_all_shown() -> None:
    shown = {file for language, name in EVERY
             for file in re.findall(r"guide/([a-z-]+\.webp)", source(language, name))}  # fmt: skip
    files = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    assert files.keys() == shown and 20 <= len(files) <= 30
    assert sum(files.values()) < 1_000_000


def test_every_page_has_a_way_to_its_part(app: Flask) -> None:
    """Must-show 6: whole pages name a part that both languages have; the rest is the list."""
    parts = {name: {language: re.findall(r"<!-- part: ([a-z-]+) -->", source(language, name))
                    for language in FOLDERS} for name in GUIDES}  # fmt: skip
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in rule.methods}
    assert PAGES.keys() <= endpoints
    pages = {one for one in endpoints if one.partition(".")[0] in BLUEPRINTS}
    assert len(pages) > 60
    for endpoint in sorted(pages):
        name, part = help_of(endpoint)
        assert name is not None, endpoint
        for language in FOLDERS:
            assert part is None or part in parts[name][language], endpoint


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_links_and_pictures_of_a_guide_lead_somewhere(
    client: FlaskClient, language: str, name: str
) -> None:
    page = client.get(address(language, name))
    assert page.status_code == 200 and f'lang="{language}"' in page.text
    article = page.text.partition("<main")[2].partition("</main>")[0]
    ids = set(re.findall(r' id="([^"]+)"', article))
    links = set(re.findall(r'(?:href|src)="([^"]+)"', article))
    assert len(links) > 8
    for link in links:
        path, _, part = link.replace("&amp;", "&").partition("#")
        if not path:
            assert part in ids
        else:
            answer = client.get(path)
            assert answer.status_code in (200, 301, 302, 303, 308), link
            answer.close()
    codes = re.findall(r"`(/[a-z/-]*)`", source(language, name))
    for code in codes:
        assert f'<a href="{code}"><code>{code}</code></a>' in article


def test_a_page_links_to_its_part_in_its_language(client: FlaskClient) -> None:
    assert 'href="/huong-dan/doi-truong#account"' in client.get("/sign-in?lang=vi").text
    assert 'href="/guide/leaders#account"' in client.get("/sign-in?lang=en").text
    assert 'href="/huong-dan/nguoi-do#withdrawal"' in client.get("/withdraw?lang=vi").text
    assert 'href="/guide/officials#figures"' in client.get("/?lang=en").text
    assert 'href="/huong-dan"' in client.get("/no/such/page?lang=vi").text


def test_the_other_language_has_its_own_address(client: FlaskClient) -> None:
    assert client.get("/huong-dan/can-bo?lang=en").location == "/guide/officials"
    assert client.get("/guide/officials/card?lang=vi").location == "/huong-dan/can-bo/the"
    assert client.get("/huong-dan?lang=en&q=report").location == "/guide?q=report"
    assert client.get("/huong-dan/khong-co").status_code == 404
    assert client.get("/huong-dan/hinh/..%2f..%2fvi%2fadmins.md").status_code == 404


def test_search_finds_sections_without_accents(client: FlaskClient) -> None:
    page = client.get("/huong-dan?q=chot so lieu").text
    assert 'href="/huong-dan/can-bo#report"' in page and "<mark>" in page
    assert "Không mục nào có các từ này" in client.get("/huong-dan?q=xyzzy").text
    assert "<script>x" not in client.get("/huong-dan?q=<script>x").text
    assert client.get("/guide?q=boundaries").text.count("/guide/admins#boundaries") == 1
    assert client.get(f"/huong-dan?q={'a' * 101}").status_code == 422


def test_titles_come_first_and_the_word_is_cut_out() -> None:
    text = "# Một\n\n## Phần A\n\nĐo ở đâu tiếp\n\n## Tiếp theo\n\nKhông."
    guide = parse_guide("x", text, PICTURES, lambda kind, name: None)
    found = search([guide], "tiep")
    assert [one.section.title for one in found] == ["Tiếp theo", "Phần A"]
    assert (found[1].before, found[1].word, found[1].after) == ("Đo ở đâu ", "tiếp", "")
    assert search([guide], " -- ") == []


def test_markdown_cannot_bring_markup_or_foreign_links() -> None:
    text = "# T\n\n## A\n\n<b onclick=x>hi</b> [x](https://other.example) [y](../rules.md) ![z](https://o/x.png)"
    [section] = parse_guide("x", text, PICTURES, lambda kind, name: None).sections
    assert "<b" not in section.html and "href" not in section.html and "<img" not in section.html


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_every_role_has_a_quick_card(client: FlaskClient, language: str, name: str) -> None:
    end = "the" if language == "vi" else "card"
    page = client.get(f"{address(language, name)}/{end}")
    assert page.status_code == 200
    assert 'class="quick-card"' in page.text and "<svg" in page.text and "<ol>" in page.text


def test_pages_link_the_documents_that_their_texts_name(app: Flask, client: FlaskClient) -> None:
    with CATALOGUE.open("rb") as file:
        texts = [one.id for one in read_po(file, locale="vi") if isinstance(one.id, str)]
    named = {name for text in texts for name in re.findall(r"docs/([a-z.-]+)\.md", text)}
    assert {"operator", "measuring"} <= named
    for name in named:
        with client.get(f"/documents/{name}.md") as answer:
            assert (answer.status_code, answer.content_type) == (200, "text/plain; charset=utf-8")
            assert answer.text == (ROOT / "docs" / f"{name}.md").read_text("utf-8")
    assert client.get("/documents/absent.md").status_code == 404
    with app.test_request_context():
        linked = link_documents("<b> docs/operator.md, Boundaries")
    assert linked == '&lt;b&gt; <a href="/documents/operator.md">docs/operator.md</a>, Boundaries'


def test_the_admin_pages_have_such_links(app: Flask, admin_browser: AdminBrowser) -> None:
    assert 'href="/documents/measuring.md"' in admin_browser.get("/admin/connections")
    assert 'href="/documents/operator.md"' in admin_browser.get("/admin")


@pytest.fixture
def admin_browser(app: Flask, client: FlaskClient, clock: FakeClock) -> AdminBrowser:
    return AdminBrowser(app, client, clock.now)

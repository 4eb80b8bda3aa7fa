"""The Vietnamese catalogue has every text of the code, and none is English by mistake."""

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

from backend.i18n.catalogues import (
    LOCALE,
    NP_,
    Language,
    Plural,
    gettext,
    ngettext,
    pgettext,
    plural_forms,
)
from backend.i18n.messages import TEXTS, message
from backend.web.measure.script_texts import script_texts
from backend.web.site.labels import LABELS
from backend.web.site.pages import Translator
from tests.support.daily_counts import count

ROOT = Path(__file__).parents[3]
VIETNAMESE = re.compile(
    "[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹàáãèéìíòóõùúýĩũ]", re.I
)
# Names that are Vietnamese in both languages.
NAMES = (
    "Đo Sóng", "Tiếng Việt", "Huyện đảo Bạch Long Vĩ", "Hoàng Sa", "Trường Sa", "Ngã Năm", "Đắk Ơ",
    "Lộc Ngãi", "Thái Nguyên", "Thành phố Hải Phòng", "Hải Phòng", "Tháng ba", "Số lượng", "Mã số",
    "(cũ)",
)  # fmt: skip


def key(one: Message) -> tuple[str | None, object]:
    return one.context, one.id


def forms(text: object) -> list[str]:
    return [text] if isinstance(text, str) else list(text)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with (LOCALE / "vi" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="vi")


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What scripts/translations finds in code and templates."""
    path = tmp_path_factory.mktemp("texts") / "messages.pot"
    script = (ROOT / "scripts" / "translations").read_text()
    keywords = re.findall(r"--keyword (\S+)", script)
    command = ["pybabel", "--quiet", "extract", "--mapping-file", str(ROOT / "config/babel.cfg")]
    command += [part for word in keywords for part in ("--keyword", word)]
    CommandLineInterface().run([*command, "--output-file", str(path), str(ROOT / "backend")])
    with path.open("rb") as file:
        return read_po(file)


@pytest.mark.slow
def test_every_text_is_translated(catalogue: Catalog, extracted: Catalog) -> None:
    ours, theirs = ({key(one) for one in found if one.id} for found in (catalogue, extracted))
    assert ours == theirs  # else type scripts/translations
    assert len(ours) > 1_400
    assert not [one.id for one in catalogue if one.id and not all(forms(one.string))]
    assert not [one.id for one in catalogue if one.id and one.fuzzy]
    assert not catalogue.obsolete


def test_translations_have_the_same_places_and_tags(catalogue: Catalog) -> None:
    for one in catalogue:
        if not one.id:
            continue
        texts = [*forms(one.id), *forms(one.string)]
        for pattern in (r"{\w*}", r"</?\w+[^>]*>"):
            found = [Counter(re.findall(pattern, text)) for text in texts]
            assert all(each == found[0] for each in found), one.id


def test_counts_have_their_forms(catalogue: Catalog) -> None:
    assert catalogue.num_plurals == 1
    plurals = [one for one in catalogue if one.id and one.pluralizable]
    assert len(plurals) > 30
    for one in plurals:
        assert len(one.id) == 2 and len(forms(one.string)) == 1
        assert "{n}" in one.id[0] and one.id[0] != one.id[1]


def test_templates_are_written_in_english() -> None:
    for path in sorted((ROOT / "backend").rglob("templates/web/**/*.html")):
        text = path.read_text()
        for name in NAMES:
            text = text.replace(name, "")
        assert not VIETNAMESE.search(text), f"{path.name}: {VIETNAMESE.findall(text)}"
    assert not list((ROOT / "backend").rglob("*_words.py"))
    assert not (ROOT / "backend/wording").exists()


def test_a_context_tells_two_meanings_apart() -> None:
    assert gettext("Received", "vi") == "Đã nhận"
    assert pgettext("column", "Received", "vi") == "Nhận được"
    assert gettext(NP_("column", "Received"), "vi") == "Nhận được"
    assert gettext(NP_("column", "Received"), "en") == "Received"


def test_what_has_no_text_is_its_own() -> None:
    assert message("no_such_code", "vi") == message("no_such_code", "en") == "no_such_code"
    for code in TEXTS:
        assert message(code, "vi") != message(code, "en"), code


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_label_has_a_text(app: Flask, language: Language) -> None:
    with app.test_request_context():
        reader = Translator(language, None)
        for noun, codes in LABELS.items():
            assert all(reader.label(noun, code) for code in codes)


@pytest.mark.parametrize(
    ("language", "n", "text"),
    [
        ("en", 0, "0 days left"),
        ("en", 1, "1 day left"),
        ("en", 2, "2 days left"),
        ("vi", 0, "Còn 0 ngày"),
        ("vi", 1, "Còn 1 ngày"),
        ("vi", 2, "Còn 2 ngày"),
    ],
)
def test_counts_read_correctly(language: Language, n: int, text: str) -> None:
    assert ngettext("{n} day left", "{n} days left", n, language).format(n=n) == text


def test_scripts_get_the_forms_of_their_language() -> None:
    text = Plural("{n} sample waits to be sent", "{n} samples wait to be sent")
    assert plural_forms(text, "en") == {"one": text.one, "other": text.other}
    assert plural_forms(text, "vi") == {"other": "{n} mẫu chờ gửi"}
    assert script_texts("en").keys() == script_texts("vi").keys()
    assert script_texts("en")["waitingMany"] == plural_forms(text, "en")


def test_values_are_escaped_and_texts_are_not(app: Flask) -> None:
    with app.test_request_context():
        reader = Translator("en", None)
        text = reader.gettext("<strong>{reached}</strong> of {n}", reached="<b>", n=1)
        assert text == "<strong>&lt;b&gt;</strong> of 1"


def template(app: Flask, language: Language, source: str, **values: object) -> str:
    with app.test_request_context():
        return app.jinja_env.from_string(source).render(
            Translator(language, None).template_values(), **values
        )


@pytest.mark.parametrize(
    ("language", "headline"),
    [
        ("en", "<strong>{n}</strong> of {units} reached 300 samples"),
        ("vi", "<strong>{n}</strong> trên {units} đạt 300 mẫu"),
    ],
)
def test_the_headline_of_zero_one_and_two_communes(
    app: Flask, client: FlaskClient, language: Language, headline: str
) -> None:
    page = (ROOT / "backend/templates/web/public/country.html").read_text()
    (source,) = re.findall(r"<h1 id=\"headline\">(\{\{ _\('<strong>.*?\}\})</h1>", page)
    units = {0: "0 communes", 1: "1 commune", 2: "2 communes"}
    for n, english in units.items():
        shown = template(
            app, language, source, reach={"reached": n, "units": n}, target={"threshold": 300}
        )
        of = english if language == "en" else f"{n} xã, phường"
        assert shown == headline.format(n=n, units=of)


@pytest.mark.parametrize(
    ("n", "english", "vietnamese"),
    [
        (0, "0 samples in 10/2024, according to Đo Sóng.", "0 mẫu trong tháng 10/2024,"),
        (1, "1 sample in 10/2024, according to Đo Sóng.", "1 mẫu trong tháng 10/2024,"),
        (2, "2 samples in 10/2024, according to Đo Sóng.", "2 mẫu trong tháng 10/2024,"),
    ],
)
def test_a_page_of_zero_one_and_two_samples(
    app: Flask, client: FlaskClient, n: int, english: str, vietnamese: str
) -> None:
    if n:
        count(app, "05443", ("2024-10-10", n))
    address = "/unit/05443?month=2024-10"
    assert english in client.get(f"{address}&lang=en").text
    assert vietnamese in client.get(f"{address}&lang=vi").text

"""Guides in Markdown, the same files as those of the documentation site, as sections of HTML.

A comment `<!-- part: NAME -->` before a heading names its section in both languages. Controls of
pages are bold, and a test compares them with the catalogue of texts; addresses in code, such as
`/do`, become links.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from PIL import Image

from backend.i18n.catalogues import Language
from geo.gazetteer import plain

FOLDERS = {"vi": "vi", "en": "guide"}
PICTURES = Path("pictures", "guide")
# The section that is printed as a card.
CARD = "card"
# Letters of a search, and those around a found word.
MAX_QUERY = 100
AROUND = 90

_PART = re.compile(r"^<!-- part: ([a-z-]+) -->$")
_PICTURE = re.compile(r"^\.\./pictures/guide/([a-z0-9-]+\.webp)$")
_GUIDE = re.compile(r"^([a-z]+)\.md(?:#.*)?$")
_WORD = re.compile(r"[^\W_]+")

Tokens = Sequence[Token]
# Returns the address of a guide by its name, of a picture by its file, or of a page by its path.
Address = Callable[[str, str], str | None]


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a guide; the first one, before all headings, has no title."""

    name: str
    title: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide of one role."""

    name: str
    title: str
    sections: tuple[Section, ...]

    def section(self, name: str) -> Section | None:
        """Return a section by its name."""
        return next((one for one in self.sections if one.name == name), None)


class Found(NamedTuple):
    """A section found by a search, with the text around the first word, which is marked."""

    guide: Guide
    section: Section
    before: str
    word: str
    after: str


@lru_cache(16)
def read_guide(docs: Path, language: Language, name: str, address: Address) -> Guide:
    """Read a guide; the file is part of the installation."""
    source = (docs / FOLDERS[language] / f"{name}.md").read_text("utf-8")
    return parse_guide(name, source, docs / PICTURES, address)


def parse_guide(name: str, source: str, pictures: Path, address: Address) -> Guide:
    """Return the sections of a Markdown text."""
    markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    env: dict[str, Any] = {"pictures": pictures, "address": address}
    title, found = "", []
    for part, heading, body in _split(source):
        if heading.startswith("# "):
            title = heading.removeprefix("# ").strip()
            heading = ""
        env["section"] = heading.removeprefix("## ").strip() or title
        tokens = markdown.parse(body, env)
        html = str(markdown.renderer.render(tokens, markdown.options, env))
        if html or heading:
            words = heading.removeprefix("## ").strip()
            found.append(
                Section(part or plain(words).replace(" ", "-"), words, html, _text(tokens))
            )
    return Guide(name, title, tuple(found))


def _split(source: str) -> list[tuple[str, str, str]]:
    """Return the name, the heading and the body of each section."""
    parts: list[tuple[str, str, list[str]]] = []
    named, fenced = "", False
    for line in source.splitlines():
        fenced ^= line.startswith("```")
        if found := _PART.match(line):
            named = found[1]
        elif not fenced and re.match(r"##? ", line):
            parts.append((named, line, []))
            named = ""
        elif parts:
            parts[-1][2].append(line)
    return [(part, heading, "\n".join(lines)) for part, heading, lines in parts]


def _text(tokens: Tokens) -> str:
    """Return the words of a section, for search."""
    parts: list[str] = []
    for token in tokens:
        for child in token.children or ():
            parts += [child.content or " "] if child.type != "image" else []
        if token.type in ("fence", "code_block"):
            parts.append(token.content)
        parts.append(" ")
    return " ".join("".join(parts).split())


class _Renderer(RendererHTML):
    """HTML with addresses of this server; links to other documents are only their text."""

    def image(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        found = _PICTURE.match(str(token.attrs["src"]))
        if found is None or not (path := env["pictures"] / found[1]).exists():
            return ""
        with Image.open(path) as picture:
            width, height = picture.size
        token.attrs |= {
            "src": env["address"]("picture", found[1]) or "",
            "width": width,
            "height": height,
            "loading": "lazy",
        }
        return super().image(tokens, idx, options, env)

    def link_open(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        found = _GUIDE.match(str(tokens[idx].attrs["href"]))
        address = env["address"]("guide", found[1]) if found else None
        env.setdefault("closing", []).append(address is not None)
        if address is None:
            return ""
        tokens[idx].attrs["href"] = address
        return self.renderToken(tokens, idx, options, env)

    def link_close(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</a>" if env["closing"].pop() else ""

    def strong_open(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return '<strong class="control">'

    def code_inline(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        code = super().code_inline(tokens, idx, options, env)
        content = tokens[idx].content
        address = env["address"]("page", content) if content.startswith("/") else None
        return f'<a href="{address}">{code}</a>' if address else code

    def table_open(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        named = f'aria-label="{escapeHtml(env.get("section", ""))}"'
        return f'<div class="scroll" tabindex="0" role="group" {named}><table>'

    def table_close(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>"


def search(guides: Sequence[Guide], query: str) -> list[Found]:
    """Return the sections that have every word, those with all of them in the title first.

    Parts of words are found only where no section has them as whole words.
    """
    words = _WORD.findall(plain(query[:MAX_QUERY]))
    if not words:
        return []
    sections = [(guide, section) for guide in guides for section in guide.sections]
    whole = [pair for pair in sections if set(words) <= set(_words(*pair))]
    parts = [pair for pair in sections if all(word in " ".join(_words(*pair)) for word in words)]
    found = whole or parts
    found.sort(key=lambda pair: not set(words) <= set(_WORD.findall(plain(pair[1].title))))
    return [_found(guide, section, words) for guide, section in found]


def _words(guide: Guide, section: Section) -> list[str]:
    return _WORD.findall(plain(f"{guide.title} {section.title} {section.text}"))


def _found(guide: Guide, section: Section, words: Sequence[str]) -> Found:
    """Cut the text around the first word; letters keep their places without accents."""
    text = section.text
    folded = "".join(plain(letter) if letter.strip() else " " for letter in text)
    if len(folded) != len(text):
        return Found(guide, section, text[: 2 * AROUND], "", "")
    at, length = min(
        ((folded.find(word), len(word)) for word in words if word in folded), default=(0, 0)
    )
    start, end = max(at - AROUND, 0), at + length
    return Found(guide, section, text[start:at], text[at:end], text[end : end + AROUND])

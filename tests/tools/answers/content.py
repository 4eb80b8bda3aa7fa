"""Content of answers as text that two runs of equal code share."""

import csv
import io
import json
import re
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pyarrow.parquet as parquet

WIDTH = 160  # of JSON in one line
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Of the time of the run: columns that the database fills, which no clock of a test sets.
RUN = rf"{datetime.now(UTC):%Y-%m}-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?"
VOLATILE = (
    (re.compile(r'("(?:token|secret|request_id|cursor|next)": )"[^"]*"'), r"\1<random>"),
    (re.compile(UUID), "<uuid>"),
    (re.compile(RUN), "<now>"),
)
RANDOM = ("/join-code", "/tests/keys")  # made at random in each load


def normal(content: bytes, kind: str, url: str) -> str:
    """Return content as text; of offices' files the texts, of pictures a digest."""
    if any(part in url for part in RANDOM):
        return kind
    text = _text(content, kind)
    for pattern, replaced in VOLATILE:
        text = pattern.sub(replaced, text)
    return f"{kind}\n{text}\n"


def _text(content: bytes, kind: str) -> str:
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = {one: packed.read(one) for one in sorted(packed.namelist())}
        if "[Content_Types].xml" in parts:
            texts = ("document.xml", "sharedStrings.xml")
            parts = {name: one for name, one in parts.items() if name.endswith(texts)}
        return "\n".join(f"== {name}\n{_text(part, name)}" for name, part in parts.items())
    if kind.endswith(".parquet"):
        table, lines = parquet.read_table(io.BytesIO(content)), io.StringIO()
        rows = zip(*table.to_pydict().values(), strict=True)
        csv.writer(lines).writerows([table.column_names, *rows])
        return lines.getvalue()
    if "json" in kind:
        return "\n".join(_json(json.loads(content or b"null"), ""))
    try:
        return content.decode().replace("><", ">\n<")
    except UnicodeDecodeError:
        return f"sha256 {sha256(content).hexdigest()}"


def _json(value: Any, indent: str) -> list[str]:
    """Write JSON with sorted names; values that fit are one line."""
    whole = json.dumps(value, ensure_ascii=False, sort_keys=True)
    if len(whole) <= WIDTH or not isinstance(value, dict | list):
        return [indent + whole]
    lines = []
    for name, one in sorted(value.items()) if isinstance(value, dict) else enumerate(value):
        head = f'{indent}"{name}": ' if isinstance(value, dict) else f"{indent}- "
        first, *more = _json(one, indent + " ")
        lines += [head + first.strip(), *more]
    return lines

"""Valid input with random damage: cuts, insertions, known problems of parsers."""

import gzip
import io
import zipfile
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

Edit = tuple[int, int, bytes]

# Known problems of parsers: ends of lines and texts, invalid numbers, digits of other scripts
# (accepted by `isdigit`), deep nesting, parts of characters, formulas.
NASTY = (
    b"", b"\x00", b"\xff", b"\xed\xa0\x80", b"\n", b"\r\n", "\u2028".encode(), b'"', b"'", b",",
    b";", b":", b"\t", b"=", b"@", b"<", b">", b"&", b"%", b"\\", b"/../", b"../" * 20, b"-0",
    b"1e999", b"-1e999", b"NaN", b"Infinity", b"null", b"true", b"[]", b"{}", b"9" * 5000,
    b"[" * 3000, b'{"a":' * 3000, "²".encode(), "١٢".encode(), "９".encode(), "\ufeff".encode(),
    b"=1+1", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"0001-01-01T00:00:00+14:00",
    b"9999-12-31T23:59:59-14:00", b"24:00", b"\\u0000", b"\\ud800", b"bytes=0-", b"bytes=-0",
    b"bytes=9-1,2-3", b"W/\"1\"", b"*", b"Bearer ", b"x" * 3000,
)  # fmt: skip
EDITS = st.tuples(
    st.integers(0, 1 << 20), st.integers(0, 60), st.sampled_from(NASTY) | st.binary(max_size=8)
)


def damaged(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Return a strategy of damaged seeds and random bytes."""
    return st.builds(_edited, st.sampled_from(seeds), st.lists(EDITS, max_size=5)) | st.binary(
        max_size=60
    )


def _edited(raw: bytes, edits: Sequence[Edit]) -> bytes:
    for at, length, put in edits:
        place = at % (len(raw) + 1)
        raw = raw[:place] + put + raw[place + length :]
    return raw


def inside(
    archive: bytes, part: str, parse: Callable[[bytes], object]
) -> Callable[[bytes], object]:
    """Return a function that parses an archive with one part replaced and valid checksums."""

    def parse_with(raw: bytes) -> object:
        packed = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(archive)) as whole, zipfile.ZipFile(packed, "w") as new:
            for name in whole.namelist():
                new.writestr(name, raw if name == part else whole.read(name))
        return parse(packed.getvalue())

    return parse_with


def part_of(archive: bytes, part: str) -> bytes:
    """Return a part of an archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as whole:
        return whole.read(part)


def packed(parse: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """Return a function that parses damaged input after compression."""
    return lambda raw: parse(gzip.compress(raw, 1))

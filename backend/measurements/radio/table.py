"""Radio samples as a CSV table: read and judged by columns, as `incoming` does one by one."""

import codecs
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from marshmallow import ValidationError
from numpy.typing import NDArray
from pyarrow import csv

from backend.fields import aware_time
from backend.measurements.radio import rules
from backend.measurements.radio.columns import MODES, OPERATORS, ROW, TECHNOLOGIES, UNKNOWN, Rows
from backend.measurements.radio.incoming import operator_named
from backend.measurements.recording.rules import COUNTRY_MCC, visible

# Columns of the file; one of the optional ones that is missing is unknown in all rows.
NEEDED = ("device", "id", "measured_at", "latitude", "longitude", "accuracy_m", "service")
OPTIONAL = (
    "mcc", "mnc", "operator", "technology", "mode", "rsrp_dbm", "rsrq_db", "sinr_db", "sim_slot",
    "serving_cell",
)  # fmt: skip
# Some 250,000 rows at a time.
BLOCK_BYTES = 48 * 1024 * 1024
FLAGS = {"true": 1, "1": 1, "false": 0, "0": 0}
LETTER_BYTES = 4  # of the longest letter
HEADER_MOST = 10_000
HYPHENS = (8, 13, 18, 23)  # in the text of a UUID
NO_DIGIT = 255
SEPARATOR = "\x1f"

Array: TypeAlias = Any  # pyarrow.Array: pyarrow has no types
Codes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a table: its rows, and what is wrong with each, "" for good ones."""

    rows: Rows
    codes: Codes


def read_blocks(path: Path) -> Iterator[Block]:
    """Yield the parts of a CSV file with a header, also `.gz`.

    Lines with another number of columns are rows with the code `wrong_columns`. Raises ValueError
    for a file without the needed columns, or one that is no text in UTF-8.
    """
    broken: list[Any] = []

    def skip(row: Any) -> str:
        broken.append(row.number)
        return "skip"

    options = (
        csv.ReadOptions(block_size=BLOCK_BYTES),
        csv.ParseOptions(invalid_row_handler=skip),
        csv.ConvertOptions(
            column_types=dict.fromkeys((*NEEDED, *OPTIONAL), pa.string()),
            include_columns=[*NEEDED, *OPTIONAL],
            include_missing_columns=True,
            strings_can_be_null=True,
            null_values=[""],
        ),
    )
    _check_header(path)
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            for batch in csv.open_csv(pa.PythonFile(_Utf8(stream), "r"), *options):
                yield read_block(batch)
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(str(error)) from error
    if broken:
        yield Block(np.zeros(len(broken), ROW), np.full(len(broken), "wrong_columns", object))


class _Utf8(io.RawIOBase):
    """A stream with a question mark for each byte that is no UTF-8: pyarrow loses such lines."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._waits = False  # part of a letter is in the decoder

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most so many bytes; a letter that begins in one read ends in the next."""
        data: bytes = self._stream.read(max(size - LETTER_BYTES, 1) if size > 0 else None)
        if data.isascii() and not self._waits:
            return data
        text = self._decoder.decode(data, final=not data)
        self._waits = bool(self._decoder.getstate()[0])
        if not text and data:
            return self.read(size)
        return text.encode("utf-8", "replace")


def _check_header(path: Path) -> None:
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            head = stream.read(HEADER_MOST).partition(b"\n")[0].decode("utf-8-sig")
    except OSError as error:  # damaged gzip
        raise ValueError(str(error)) from error
    named = {name.strip().strip('"') for name in head.split(",")}
    if missing := [name for name in NEEDED if name not in named]:
        raise ValueError(f"no column {', '.join(missing)}")


def read_block(batch: pa.RecordBatch) -> Block:
    """Return n rows of text columns as a block."""
    texts = {name: batch.column(name) for name in batch.schema.names}
    n = batch.num_rows
    rows, codes = np.zeros(n, ROW), np.full(n, "", object)
    _read_signals(rows, codes, texts)
    _read_networks(rows, codes, texts)
    _read_places(rows, codes, texts)
    rows["measured"], wrong = _times(texts["measured_at"])
    codes[wrong] = "not_time"
    for name in ("id", "device"):
        rows[name], wrong = _identities(texts[name])
        codes[wrong] = "not_uuid"
    return Block(rows, codes)


def _read_places(rows: Rows, codes: Codes, texts: dict[str, Array]) -> None:
    for name, most in (("latitude", 90.0), ("longitude", 180.0), ("accuracy_m", 1e8)):
        rows[name], wrong = _numbers(texts[name])
        codes[np.abs(rows[name]) > most] = "out_of_range"
        codes[wrong] = "not_number"


def _read_networks(rows: Rows, codes: Codes, texts: dict[str, Array]) -> None:
    names = [texts[name] for name in ("mcc", "mnc", "operator")]
    joined = pc.binary_join_element_wise(
        *names, SEPARATOR, null_handling="replace", null_replacement=""
    )

    def number(text: str) -> int:
        network = dict(zip(("mcc", "mnc", "operator"), text.split(SEPARATOR, 2), strict=True))
        if visible(network["mcc"]) not in (None, COUNTRY_MCC):
            return len(OPERATORS)
        return OPERATORS.index(operator_named(network) or "")

    found = _by_value(joined, number)
    codes[found == len(OPERATORS)] = "foreign_network"
    rows["operator"] = np.where(found < len(OPERATORS), found, 0)


def _read_signals(rows: Rows, codes: Codes, texts: dict[str, Array]) -> None:
    service = _by_value(texts["service"], lambda text: FLAGS.get(text.lower(), -1), missing=-1)
    technology = _choices(texts["technology"], TECHNOLOGIES)
    mode = _choices(texts["mode"], MODES)
    values = {name: _signal(texts[name], codes) for name in rules.SIGNALS}
    rsrp = values["rsrp_dbm"]
    served = service == 1
    for name, choice in (("technology", technology), ("mode", mode)):
        rows[name] = np.where(served, np.maximum(choice, 0), 0)
    for name, value in values.items():
        rows[name] = _within(value, rows["technology"], name)
    slot, cell = _signal(texts["sim_slot"], codes), _signal(texts["serving_cell"], codes)
    rows["sim_slot"] = _whole(slot, rules.SIM_SLOT_MOST)
    rows["serving_cell"] = np.where(served, _whole(cell, rules.SERVING_CELL_MOST), UNKNOWN)
    codes[served & (rows["rsrp_dbm"] == UNKNOWN)] = "out_of_range"
    codes[served & np.isnan(rsrp)] = "required"
    codes[served & (mode > 0) & (TECHNOLOGIES.index("5G") != technology)] = "radio_mode"
    codes[served & (technology == 0)] = "required"
    codes[(service == 0) & ((technology > 0) | ~np.isnan(rsrp))] = "radio_no_service"
    codes[(technology < 0) | (mode < 0)] = "not_one_of"
    codes[service < 0] = "not_bool"


def _signal(texts: Array, codes: Codes) -> rules.Floats:
    """Return numbers of the radio, NaN for those that are unknown."""
    values, wrong = _numbers(texts)
    codes[wrong] = "not_number"
    values[np.isin(values, [float(one) for one in rules.UNKNOWN])] = np.nan
    return values


def _within(values: rules.Floats, technology: NDArray[Any], name: str) -> NDArray[np.int16]:
    """Return whole numbers within the range of their technology, else UNKNOWN."""
    ranges = [(1.0, 0.0), *(rules.RANGES[one][name] for one in rules.TECHNOLOGIES)]
    low, high = np.array(ranges)[technology].T
    good = (values >= low) & (values <= high)
    return np.where(good, np.rint(np.where(good, values, 0)), UNKNOWN).astype(np.int16)


def _whole(values: rules.Floats, most: int) -> NDArray[np.int64]:
    good = (values >= 0) & (values <= most)
    return np.where(good, np.where(good, values, 0), UNKNOWN).astype(np.int64)


def _choices(texts: Array, choices: Sequence[str]) -> NDArray[np.int64]:
    """Return the numbers of texts among choices, 0 where missing, -1 for others."""
    return _by_value(texts, lambda text: choices.index(text) if text in choices else -1)


def _by_value(texts: Array, number: Callable[[str], int], missing: int = 0) -> NDArray[np.int64]:
    """Return a number for each text, computed once per distinct text."""
    encoded = pc.dictionary_encode(texts)
    numbers = [*(number(text) for text in encoded.dictionary.to_pylist()), missing]
    found: NDArray[np.int64] = np.array(numbers)[
        pc.fill_null(encoded.indices, len(numbers) - 1).to_numpy()
    ]
    return found


def _numbers(texts: Array) -> tuple[rules.Floats, NDArray[np.bool_]]:
    """Return numbers, NaN where missing or wrong, and which are wrong."""
    try:
        values = pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:
        return _one_by_one(texts, float, np.float64(np.nan))
    found = pc.fill_null(values, np.nan).to_numpy(zero_copy_only=False).copy()
    return found, np.zeros(len(found), bool)


def _times(texts: Array) -> tuple[rules.Times, NDArray[np.bool_]]:
    """Return times in UTC and which are wrong; a missing one is."""
    try:
        values = pc.cast(texts, pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        found, wrong = _one_by_one(
            texts, lambda text: rules.as_utc(aware_time(text)), np.datetime64("NaT", "us")
        )
    else:
        found, wrong = values.to_numpy(zero_copy_only=False), np.zeros(len(texts), bool)
    return found.astype("M8[us]"), wrong | np.isnat(found)


def _one_by_one(
    texts: Array, read: Callable[[str], Any], missing: Any
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return what can be read of texts of which one at least is wrong."""
    found, wrong = np.full(len(texts), missing), np.zeros(len(texts), bool)
    for at, text in enumerate(texts.to_pylist()):
        if text is not None:
            try:
                found[at] = read(text)
            except (ValueError, ValidationError):
                wrong[at] = True
    return found, wrong


def _identities(texts: Array) -> tuple[NDArray[np.void], NDArray[np.bool_]]:
    """Return UUIDs as bytes and which are wrong."""
    length = len("00000000-0000-0000-0000-000000000000")
    good = pc.fill_null(pc.equal(pc.binary_length(texts), length), False)
    padded = pc.if_else(good, texts, "0" * length)
    buffer = np.frombuffer(padded.buffers()[2], np.uint8, length * len(texts))
    letters = buffer.reshape(-1, length)
    digits = _DIGITS[np.delete(letters, HYPHENS, axis=1)]
    right = (digits != NO_DIGIT).all(axis=1) & (letters[:, HYPHENS] == ord("-")).all(axis=1)
    pairs = digits.reshape(-1, 16, 2)
    found = np.where(right[:, None], pairs[:, :, 0] << 4 | pairs[:, :, 1] & 15, 0)
    keys = np.ascontiguousarray(found, np.uint8).view("V16").ravel()
    return keys, ~(right & good.to_numpy(zero_copy_only=False))


def _digits() -> NDArray[np.uint8]:
    values = np.full(256, NO_DIGIT, np.uint8)
    for value, digit in enumerate("0123456789abcdef"):
        values[[ord(digit), ord(digit.upper())]] = value
    return values


_DIGITS = _digits()

"""Pages and counts of an entity set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from backend.coverage.figures.answers import public_tag
from backend.coverage.figures.service import months_with_data
from backend.doors.odata.entity_sets import ENTITY_SETS, EntitySet
from backend.doors.odata.filters import FILTER, error
from backend.doors.odata.options import Options, Place
from backend.doors.odata.sources import BLOCKS, Block, ReadContext, Row
from backend.errors import Problem
from backend.http.paging import encode_cursor

# Rows that are sorted in one request: all communes of a year on one network.
MAX_SORTED = 50_000
# Blocks that a request may read at any time; the country's figures of all months take a second.
FEW_BLOCKS = 4


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page, the place of the next one, and the number of all rows if requested."""

    rows: Sequence[Row]
    following: Place | None
    count: int | None


def entity_set(name: str) -> EntitySet:
    """Return an entity set; 404 for another name."""
    if name not in ENTITY_SETS:
        raise Problem(404, "not_found")
    return ENTITY_SETS[name]


def one_row(page: Page, options: Options) -> dict[str, Any]:
    """Return the row of a key; 404 where there is none, 400 where not all blocks were read."""
    if not page.rows:
        raise error("odata_narrow", "key") if page.following else Problem(404, "not_found")
    return serialize(page, options)[0]


def read_page(chosen: EntitySet, options: Options, context: ReadContext) -> Page:
    """Return a page of the rows that a request selects.

    400 where rows of too many blocks would have to be sorted or counted.
    """
    if options.order:
        return _sorted_page(chosen, options, context)
    rows, following = _read(_blocks(chosen, options, context), options, chosen.blocks_most)
    count = count_rows(chosen, options, context) if options.count else None
    return Page(rows, following, count)


def is_costly(chosen: EntitySet, options: Options, context: ReadContext) -> bool:
    """Return whether a request searches or sorts more than FEW_BLOCKS."""
    blocks = list(islice(_blocks(chosen, options, context), FEW_BLOCKS + 1))
    decided = all(_decides(options, block) for block in blocks)
    return len(blocks) > FEW_BLOCKS and bool(options.order or options.place.skip or not decided)


def public_tag_of(context: ReadContext, form: Sequence[str | None]) -> str:
    """Return a tag of all rows that the public may read, in a form."""
    months = months_with_data(context.today)[::-1] or [f"{context.today:%Y-%m}"]
    return public_tag(months, context.today, *form)


def count_rows(chosen: EntitySet, options: Options, context: ReadContext) -> int:
    """Count the rows that a filter selects; 400 where too many blocks would have to be read."""
    total = read = 0
    for block in _blocks(chosen, options, context):
        if block.size and _decides(options, block):
            total += block.size()
            continue
        read += 1
        if read > chosen.blocks_most:
            raise error("odata_narrow", "$count")
        total += sum(1 for _ in _matching(block, options))
    return total


def token_of(place: Place) -> str:
    """Return a place as `$skiptoken`."""
    return encode_cursor(place.block, place.row, place.skip, place.left)


def serialize(page: Page, options: Options) -> list[dict[str, Any]]:
    """Return the selected properties of the rows."""
    return [{name: row[name] for name in options.select} for row in page.rows]


def _blocks(chosen: EntitySet, options: Options, context: ReadContext) -> Iterator[Block]:
    """Yield the blocks that can have rows which the filter selects."""

    def possible(common: Mapping[str, Any]) -> bool:
        return not options.filter or options.filter.decides(common) is not False

    for block in BLOCKS[chosen.name](context, possible):
        if possible(block.common):
            yield block


def _decides(options: Options, block: Block) -> bool:
    """Return whether every row of a block is selected."""
    return not options.filter or options.filter.decides(block.common) is True


def _matching(block: Block, options: Options) -> Iterator[tuple[int, Row]]:
    """Yield the selected rows of a block with their positions."""
    chosen = None if _decides(options, block) else options.filter
    for at, row in enumerate(block.read(options.names)):
        if chosen is None or chosen.matches(row):
            yield at, row


def _read(
    blocks: Iterator[Block], options: Options, blocks_most: int
) -> tuple[list[Row], Place | None]:
    """Read rows from the place of a page until it is full or has read enough blocks."""
    place, rows, read = options.place, list[Row](), 0
    most, skip, found = _most(options), place.skip, not place.block
    for block in blocks:
        start = 0
        if not found:
            if block.key != place.block:
                continue
            found, start = True, place.row
        if len(rows) >= most or read >= blocks_most:
            return rows, _following(block.key, start, skip, place, rows)
        read += 1
        for at, row in _matching(block, options):
            if at < start:
                continue
            if skip:
                skip -= 1
            elif len(rows) >= most:
                return rows, _following(block.key, at, skip, place, rows)
            else:
                rows.append(row)
    if not found:
        raise error("not_cursor", "$skiptoken")
    return rows, None


def _most(options: Options) -> int:
    left = options.place.left
    return options.page if left is None else min(options.page, left)


def _following(block: str, row: int, skip: int, place: Place, rows: Sequence[Row]) -> Place | None:
    """Return the place after a page; None where `$top` rows were returned."""
    left = None if place.left is None else place.left - len(rows)
    return None if left == 0 else Place(block, row, skip, left)


def _sorted_page(chosen: EntitySet, options: Options, context: ReadContext) -> Page:
    rows = list[Row]()
    for read, block in enumerate(_blocks(chosen, options, context)):
        rows += [row for _, row in _matching(block, options)]
        if read >= chosen.blocks_most or len(rows) > MAX_SORTED:
            raise error("odata_narrow", FILTER)
    for name, descending in reversed(options.order):
        # The standard puts null before every value.
        rows.sort(key=lambda row: (row[name] is not None, row[name]), reverse=descending)
    place = options.place
    begin = place.row + place.skip
    shown = rows[begin : begin + _most(options)]
    end = begin + len(shown)
    following = _following("", end, 0, place, shown) if end < len(rows) else None
    return Page(shown, following, len(rows) if options.count else None)

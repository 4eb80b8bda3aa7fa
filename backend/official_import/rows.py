"""Check the lines of a list of officials and compare them with the accounts; writes nothing."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import NamedTuple

from backend.accounts.login_names import read_contact
from backend.official_import.lines import OfficialLine, parse_day
from backend.tables.sheet_import import SheetRow, refuse_repeated, unusable
from backend.tables.spreadsheets import is_formula
from backend.tables.typed_lists import UNREADABLE
from backend.units.finder import UnitFinder, set_unit

OUTCOMES = ("invite", "renew", "grant", "confirm", "unchanged", "empty", "error")
# As the display name of an account.
MAX_NAME = 100
MAX_CELL = 300


class Account(NamedTuple):
    """The account of a contact, with the units of its roles as an official."""

    id: int
    name: str  # with which the person signs in
    accepted: bool
    confirmed: bool
    units: list[int]


def read_rows(
    lines: Sequence[OfficialLine],
    accounts: Callable[[Iterable[str]], Mapping[str, Account]],
    finder: UnitFinder,
    today: date,
    *,
    renew: bool = False,
    known: Collection[int] = (),
    first_row: int = 1,
) -> list[SheetRow]:
    """Check every line and compare it with the account of its contact.

    `accounts` returns the accounts of some names, each with the units of its roles in force.
    """
    rows = [SheetRow(number, asdict(line)) for number, line in enumerate(lines, first_row)]
    for row in rows:
        _read(row, finder, today)
    refuse_repeated(
        rows,
        lambda row: (row.contact, row.unit_id) if row.contact and row.unit_id else None,
        "contact",
        "official_twice",
    )
    stored = accounts({row.contact for row in rows if row.contact})
    for row in rows:
        row.stored = stored.get(row.contact or "")
        row.effect = _effect(row, known, renew=renew)
    return rows


def _read(row: SheetRow, finder: UnitFinder, today: date) -> None:
    for name, text in row.cells.items():
        code = unusable(text, MAX_NAME if name == "name" else MAX_CELL)
        if code or text == UNREADABLE:
            row.refuse(name, code or "has_control")
    if row.errors:
        return
    row.name = row.cells["name"]
    if is_formula(row.name):
        row.refuse("name", "like_formula")
    if row.cells["unit"]:
        found = finder.find(row.cells["unit"])
        set_unit(row, "unit", found, {"place_at_home": "place_in_province"})
    else:
        row.refuse("unit", "required")
    _read_contact(row)
    if row.cells["last_day"]:
        row.values["last_day"] = day = parse_day(row.cells["last_day"])
        if day is None:
            row.refuse("last_day", "not_written_day")
        elif day < today:
            row.refuse("last_day", "in_the_past")


def _read_contact(row: SheetRow) -> None:
    """Read the contact; a line without one is left out, as those of a list not yet complete."""
    text = row.cells["contact"]
    if not text:
        if row.name:
            row.refuse("contact", "required")
        return
    row.contact = read_contact(text)
    if row.contact is None:
        row.refuse("contact", "not_contact")


def _effect(row: SheetRow, known: Collection[int], *, renew: bool) -> str:
    account = row.stored
    if row.contact is None:
        return "empty"
    if account is None:
        return "invite"
    trusted = account.confirmed or account.id in known
    if row.unit_id in account.units:
        return "renew" if renew and not (account.accepted and trusted) else "unchanged"
    if not account.accepted:
        return "invite"
    return "grant" if trusted else "confirm"

"""Fields of forms in which people name units: read as text, asked again where a name is not clear.

A field is a text: one unit, or one a line. `<field>_choice` has the labels that were picked from a
list or as the answer to a question; with scripts a picker fills the text with labels.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.accounts.access import Actor, can
from backend.errors import FieldError, Problem, invalid
from backend.organisations.references import UnitBrief, UnitReference
from backend.organisations.service import home_unit
from backend.units.index import NamedUnit, unit_index
from backend.units.search import Choice, choose_units, home_area

# Letters of a text with one unit a line: 4,000 lines of a name with its province and code.
MAX_LINES = 400_000
# Lines that are asked about at once; the others follow.
MAX_QUESTIONS = 10


@dataclass(frozen=True, slots=True)
class UnitOption:
    """A unit to choose: its label, and whether it is proposed."""

    label: str
    name: str
    place: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class UnitQuestion:
    """A text that may mean several units."""

    text: str
    error: str  # a code of messages
    options: tuple[UnitOption, ...]


@dataclass(frozen=True, slots=True)
class PickerArea:
    """The area that a picker offers as a list: a province with its communes, or all provinces."""

    code: str | None
    name: str | None
    options: tuple[UnitOption, ...]


def picker_area(day: date, home: int | None) -> PickerArea:
    """Return the units of the province of a unit; all provinces without a unit."""
    index = unit_index()
    province = index.by_id.get(home_area(home, day) or 0)
    if province is None:
        return PickerArea(None, None, tuple(map(_option, index.on(day, "province"))))
    inside = [one for one in index.on(day, "commune") if province.id in one.lies_in]
    return PickerArea(province.code, province.name, tuple(map(_option, [province, *inside])))


def unit_limit(actor: Actor, organisation_id: int) -> int | None:
    """Return the home within whose province a person chooses units; None for everywhere."""
    return None if can(actor, "system.manage") else home_unit(organisation_id)


def read_units(
    values: Mapping[str, Any],
    name: str,
    days: Sequence[date],
    *,
    level: str | None = None,
    home: int | None = None,
) -> list[NamedUnit]:
    """Return the units of a field with one unit a line; 422 with questions where it is not clear.

    A campaign that spans the reform means a line's unit on its first and on its last day. With a
    `home` only units in its province are found.
    """
    areas = {day: home_area(home, day) for day in days}
    chosen: dict[str, tuple[NamedUnit, ...]] = {}
    unclear: dict[str, Choice] = {}
    lines = [*(values.get(name) or "").splitlines(), *(values.get(f"{name}_choice") or ())]
    for text in dict.fromkeys(filter(None, map(str.strip, lines))):
        found = [choose_units(text, day, level=level, within=area) for day, area in areas.items()]
        units = tuple(dict.fromkeys(unit for one in found for unit in one.units))
        if units:
            chosen[text] = units
        else:
            unclear[text] = found[-1]
    if unclear:
        raise _unclear(name, chosen, unclear)
    return list({unit.id: unit for units in chosen.values() for unit in units}.values())


def read_unit(
    values: Mapping[str, Any],
    name: str,
    day: date,
    *,
    level: str | None = None,
    home: int | None = None,
) -> NamedUnit | None:
    """Return the unit of a field with at most one; the answer to a question has priority."""
    answer = values.get(f"{name}_choice") or values.get(name)
    found = read_units({name: answer}, name, [day], level=level, home=home) if answer else []
    if len(found) > 1:
        raise invalid(name, "unit_which")
    return found[0] if found else None


def unit_reference(unit: NamedUnit) -> UnitReference:
    """Return a unit as the requests of the API name it."""
    return {"system": unit.system, "level": unit.level, "code": unit.code}


def format_units(units: Iterable[UnitBrief]) -> str:
    """Return units as the text of a field, one a line."""
    index = unit_index()
    return "\n".join(dict.fromkeys(index.by_id[one["id"]].label for one in units))


def _unclear(
    name: str, chosen: Mapping[str, tuple[NamedUnit, ...]], unclear: Mapping[str, Choice]
) -> Problem:
    """Return the problem that asks about unclear lines and keeps the clear and the unknown ones."""
    asked = [(text, one) for text, one in unclear.items() if one.candidates][:MAX_QUESTIONS]
    named = {text for text, _ in asked}
    kept = [units[-1].label for units in chosen.values()]
    kept += [text for text in unclear if text not in named]
    errors = [one.error for text, one in unclear.items() if text not in named] or [
        one.error for _, one in asked
    ]
    questions = [_question(text, one) for text, one in asked]
    members = {"questions": {name: questions}, "values": {name: "\n".join(kept)}}
    return Problem(422, "invalid", [FieldError(name, errors[0] or "unit_unknown")], members=members)


def _question(text: str, choice: Choice) -> UnitQuestion:
    was = choice.error == "unit_was"
    options = [_option(one.unit, chosen=was and one.likely) for one in choice.candidates]
    return UnitQuestion(text, choice.error or "unit_which", tuple(dict.fromkeys(options)))


def _option(unit: NamedUnit, chosen: bool = False) -> UnitOption:
    return UnitOption(unit.label, unit.name, unit.place, chosen)

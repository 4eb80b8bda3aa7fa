"""The views of the schema `reporting`: their columns with descriptions, and their statements.

The rules of a figure are constants of the package that computes it, put into the statement here; a
test compares every view with the API. No view has a position, a person or a device.
"""

# ruff: noqa: S608 # statements are composed of constants of the code

from collections.abc import Iterable
from dataclasses import dataclass

from backend.clock import VIETNAM
from backend.coverage.contributions.figures import TEAM_PARTS
from backend.coverage.figures.service import WITH_DATA
from backend.coverage.statistics.quantiles import METRICS, QUANTILES
from backend.measurements.recording.reasons import (
    COLUMNS,
    NOT_COUNTED,
    NOT_VALID,
    PARTS,
    UNLOCATED,
)
from backend.measurements.recording.rules import NETWORKS
from backend.reports.open_data.tables import METRICS as METRIC_TEXTS
from backend.units.catalogue import REFORM, SYSTEMS

SCHEMA = "reporting"


@dataclass(frozen=True, slots=True)
class View:
    """A view: its name, what a row is, its columns with descriptions, and its statement."""

    name: str
    row: str
    columns: dict[str, str]
    statement: str


def _array(values: Iterable[str]) -> str:
    return f"array[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


THIS_MONTH = f"to_char(now() at time zone {_text(str(VIETNAM.tzname(None)))}, 'YYYY-MM')"


def _sums_of(*columns: str) -> str:
    return ", ".join(f"sum(s.{name})::int as {name}" for name in columns)


MONTH_KEYS = {
    "month": "month, YYYY-MM, of Vietnam",
    "network": "mobile or fixed",
}
UNIT = {
    "unit_id": "number of the unit in this database, the same in every view",
    "level": "province, district (until June 2025) or commune",
    "code": "code of the unit; codes were reused in July 2025",
    "name": "name of the unit",
    "province_code": "code of its province, of a province its own",
    "province": "name of its province",
}
THREE = {
    "received": "stored samples",
    "valid": "received samples without a disqualifying reason",
    "counted": "valid samples that are no repeats",
}
PART_TEXTS = {
    "witnessed": "counted samples that a measuring host confirmed",
    "ticketed": "counted samples with a ticket of this server",
    "claimed": "other counted samples of phones",
    "imported": "counted samples of imports, by decision of an admin",
    "withdrawn": "anonymous counted samples of phones whose consent was withdrawn",
}
UNIT_COLUMNS = (
    "u.id as unit_id, u.level, u.code, u.name, p.code as province_code, p.name as province"
)
PROVINCE = (
    "left join units p on p.id = case u.level when 'province' then u.id else u.province_id end"
)


def _bound(statement: str) -> str:
    """Return the statement of months with data with its parameter as a constant."""
    return statement.replace(":now", THIS_MONTH)


MONTHS = View(
    "months",
    "a month with valid samples",
    {
        "month": "YYYY-MM, of Vietnam",
        "first_day": "first day",
        "last_day": "last day; units and targets of the month are those of this day",
        "system": "the administrative system of its units: 2024 or 2025",
        "demo": "whether the figures are those of the demo",
        "released_at": "when the month's public figures were made; null before",
    },
    f"""
    select found.month, days.first_day, days.last_day,
        case when days.first_day < date '{REFORM}' then '{SYSTEMS[0]}' else '{SYSTEMS[1]}' end
            as system,
        d.month is not null as demo, r.made_at as released_at
    from ({_bound(WITH_DATA)}) found
    cross join lateral (select to_date(found.month, 'YYYY-MM') as first_day,
        (to_date(found.month, 'YYYY-MM') + interval '1 month - 1 day')::date as last_day) days
    left join demo_months d on d.month = found.month
    left join releases r on r.month = found.month
    """,
)

UNITS = View(
    "units",
    "a province, district or commune",
    {
        **UNIT,
        "system": "2024 (until June 2025) or 2025",
        "type": "kind of the unit, such as phường",
        "parent_code": "code of the unit directly above",
        "valid_from": "first day; null: since ever",
        "valid_to": "last day; null: until further notice",
        "latitude": "a point inside the unit, degrees",
        "longitude": "a point inside the unit, degrees",
    },
    f"""
    select {UNIT_COLUMNS}, u.system, u.type, a.code as parent_code, u.valid_from, u.valid_to,
        u.latitude, u.longitude
    from units u {PROVINCE} left join units a on a.id = u.parent_id
    """,
)

LAST_DAY = "(to_date(s.month, 'YYYY-MM') + interval '1 month - 1 day')::date"


def valid_on(unit: str, day: str) -> str:
    """Return the SQL condition that a unit or target is valid on a day."""
    return (
        f"({unit}.valid_from is null or {unit}.valid_from <= {day})"
        f" and ({unit}.valid_to is null or {unit}.valid_to >= {day})"
    )


def _of_units(table: str) -> str:
    """Read rows of communes in a month's list, for the commune and the units above it."""
    return f"""
        from {table} s
        join units c on c.id = s.unit_id and {valid_on("c", LAST_DAY)}
        cross join lateral (
            values (c.id), (nullif(c.parent_id, c.province_id)), (c.province_id)
        ) above (id)
        where above.id is not null
    """


LISTED = f"""
    {SCHEMA}.months m
    cross join unnest({_array(NETWORKS)}) as n (network)
    join units u on u.system = m.system and {valid_on("u", "m.last_day")}
    {PROVINCE}
"""


def _target(name: str) -> str:
    """Join the target or assessment of a unit: its own row, else that of all units."""
    return f"""
        left join lateral (
            select t.threshold, t.basis from targets t
            where t.level = u.level and t.network = n.network and t.purpose = '{name}'
                and (t.unit_id = u.id or t.unit_id is null) and {valid_on("t", "m.last_day")}
            order by t.unit_id nulls last limit 1
        ) {name} on true
    """


def _compared(basis: str) -> str:
    return f"case {basis} when 'received' then received when 'valid' then valid else counted end"


COVERAGE = View(
    "coverage",
    "a unit in a month on a network, also without samples",
    {
        **MONTH_KEYS,
        "demo": "whether the figures are those of the demo",
        **UNIT,
        **THREE,
        **PART_TEXTS,
        "target": "required samples; null without one",
        "basis": "the number that is compared with the target",
        "reached": "whether the target is reached; null without one",
        "shortfall": "samples missing to the target",
        "share": "compared number divided by the target",
        "assessed": "whether there are enough samples to assess the unit; null without a rule",
    },
    f"""
    select month, network, demo, {", ".join(UNIT)}, received, valid, counted,
        {", ".join(PARTS)}, target, basis,
        measured >= target as reached,
        case when target is not null then greatest(target - measured, 0) end as shortfall,
        round(measured::float8 / target * 10000) / 10000 as share,
        {_compared("assessment_basis")} >= assessment as assessed
    from (
        select *, {_compared("basis")} as measured from (
            select m.month, n.network, m.demo, {UNIT_COLUMNS},
                {", ".join(f"coalesce(s.{name}, 0) as {name}" for name in (*THREE, *PARTS))},
                target.threshold as target,
                case when target.threshold is not null then target.basis else 'counted' end
                    as basis,
                assessment.threshold as assessment, assessment.basis as assessment_basis
            from {LISTED}
            left join (
                select s.month, s.network, above.id as unit_id, {_sums_of(*THREE, *PARTS)}
                {_of_units("unit_months")} group by 1, 2, 3
            ) s on s.month = m.month and s.network = n.network and s.unit_id = u.id
            {_target("target")} {_target("assessment")}
        ) listed
    ) compared
    """,
)

DAYS = View(
    "days",
    "a unit on a day with samples",
    {
        "month": "month, YYYY-MM; name it in a condition, it finds the rows",
        "day": "day of the measurements, of Vietnam",
        "network": MONTH_KEYS["network"],
        **UNIT,
        **THREE,
    },
    f"""
    select s.month, s.day, s.network, {UNIT_COLUMNS}, s.received, s.valid, s.counted
    from (
        select s.month, s.day, s.network, above.id as unit_id, {_sums_of(*THREE)}
        {_of_units("unit_days")} group by 1, 2, 3, 4 having sum(s.received) <> 0
    ) s
    join units u on u.id = s.unit_id {PROVINCE}
    """,
)

REASONS = View(
    "reasons",
    "a reason for which samples of a commune were not counted in a month",
    {
        **MONTH_KEYS,
        "network": "mobile, fixed or unknown",
        **UNIT | {"unit_id": "number of the commune; null: outside every commune"},
        "reason": "code of the main reason (docs/rules.md)",
        "effect": "not_valid or not_counted",
        "samples": "samples",
    },
    f"""
    select s.month, s.network, {UNIT_COLUMNS}, lost.reason,
        case when lost.reason = any({_array(sorted(NOT_VALID))}) then 'not_valid'
            else 'not_counted' end as effect,
        lost.samples
    from unit_months s
    cross join lateral (
        values {", ".join(f"({_text(code)}, s.{code})" for code in sorted(NOT_VALID | NOT_COUNTED))}
    ) as lost (reason, samples)
    left join units u on u.id = s.unit_id {PROVINCE}
    where lost.samples <> 0
    """,
)

CONTRIBUTIONS = View(
    "contributions",
    "a team of a campaign in a month on a network",
    {
        "campaign_id": "number of the campaign",
        "campaign": "name of the campaign",
        "demo": "whether the campaign is one of the demo",
        "organisation": "name of the team's organisation",
        "team_id": "number of the team",
        "team": "name of the team",
        "month": MONTH_KEYS["month"],
        "network": "mobile, fixed or unknown",
        **THREE,
        **{part: PART_TEXTS[part] for part in TEAM_PARTS},
        "guests": "counted samples of residents whom a volunteer helped",
        "unlocated": "samples outside every commune",
        "active_days": "days with samples",
        "last_day": "the last of these days",
    },
    f"""
    select s.campaign_id, c.name as campaign, c.demo, o.name as organisation, s.team_id,
        t.name as team, to_char(s.day, 'YYYY-MM') as month, s.network,
        {_sums_of(*THREE, *TEAM_PARTS, "guests")},
        sum({" + ".join(f"s.{COLUMNS[code]}" for code in UNLOCATED)})::int as unlocated,
        (count(*) filter (where s.received > 0))::int as active_days,
        max(s.day) filter (where s.received > 0) as last_day
    from team_days s
    join campaigns c on c.id = s.campaign_id
    join teams t on t.id = s.team_id
    join organisations o on o.id = t.organisation_id
    group by s.campaign_id, c.id, o.id, s.team_id, t.id, to_char(s.day, 'YYYY-MM'), s.network
    having sum(s.received) <> 0
    """,
)

SHOWN = ("device_median", *QUANTILES)
FIGURES = ("mean", *(f"{name}{end}" for name in SHOWN for end in ("", "_low", "_high")))
FIGURE_TEXTS = {
    "mean": "mean",
    "device_median": "the median that pages show: every phone weighs the same",
    "median": "median of all tests",
    "p10": "10 % of the samples are lower",
    "p90": "90 % of the samples are lower",
}


def _figure_text(metric: str, figure: str) -> str:
    limits = {"_low": ", lower limit of its 95 % interval", "_high": ", upper limit"}
    end = next((one for one in limits if figure.endswith(one)), "")
    name = figure.removesuffix(end)
    return f"{METRIC_TEXTS[metric]}: {FIGURE_TEXTS[name]}{limits.get(end, '')}"


SPEED_COLUMNS = {
    "level": "country, province, district or commune",
    **{name: text for name, text in UNIT.items() if name != "level"},
    "operator": "operator; null: all of them; unknown: no known one",
    "technology": "2G, 3G, 4G or 5G; null: all of them; unknown: no known one",
    "n": "counted samples",
    "devices": "phones that measured them",
    "effective_n": "samples of independent phones that would be worth as much; null if too few",
    **{
        f"{metric}_{figure}": _figure_text(metric, figure)
        for metric in METRICS
        for figure in FIGURES
    },
}


def _speeds(keys: str) -> str:
    """Return the selected columns of speeds of a row `s` with its figures, and the units."""
    figures = ", ".join(
        f"(s.figures -> '{metric}' ->> '{figure}')::float8 as {metric}_{figure}"
        for metric in METRICS
        for figure in FIGURES
    )
    return f"""
    select {keys}, coalesce(u.level, 'country') as level, u.id as unit_id, u.code, u.name,
        p.code as province_code, p.name as province, nullif(s.operator, '') as operator,
        nullif(s.technology, '') as technology, s.n, s.devices,
        (s.figures ->> 'effective_n')::float8 as effective_n, {figures}
    """


STATISTICS = View(
    "statistics",
    "the speeds of a group of counted samples of a unit in a month, live",
    {
        **MONTH_KEYS,
        "computed_at": "when they were computed: hourly, those of past months at night",
        **SPEED_COLUMNS,
    },
    f"""
    {_speeds("s.month, s.network, s.found_at as computed_at")}
    from statistics s left join units u on u.id = s.unit_id {PROVINCE}
    """,
)

RELEASED = View(
    "released_statistics",
    "the speeds of a group of counted samples of a unit in a month, as released to the public",
    {
        **MONTH_KEYS,
        "released_at": "when the month's public figures were made",
        **SPEED_COLUMNS
        | {"n": "counted samples, rounded", "devices": "phones that measured them, rounded"},
    },
    f"""
    {_speeds("s.month, s.network, s.released_at")}
    from (
        select f.month, f.network, f.unit_id, r.made_at as released_at, one.*
        from released_figures f join releases r on r.month = f.month
        cross join lateral jsonb_to_recordset(f.statistics)
            as one (operator text, technology text, n int, devices int, figures jsonb)
    ) s left join units u on u.id = s.unit_id {PROVINCE}
    """,
)

REPORTS = View(
    "reports",
    "an edition of a unit's monthly report",
    {
        "report_id": "number of the report",
        "month": MONTH_KEYS["month"],
        "demo": "whether its figures are those of the demo",
        **UNIT,
        "edition": "1, 2, …: a later edition replaces the earlier one",
        "state": "draft, frozen, approved or superseded",
        "created_at": "when the draft was made",
        "frozen_at": "when its figures were frozen; null before",
        "approved_at": "when it was approved and sealed; null before",
        "superseded_at": "when a later edition replaced it; null before",
    },
    f"""
    select r.id as report_id, r.month, r.demo, {UNIT_COLUMNS}, r.edition, r.state,
        r.created_at, r.frozen_at, r.approved_at, r.superseded_at
    from reports r join units u on u.id = r.unit_id {PROVINCE}
    """,
)


# Each after those that it reads.
VIEWS = (
    MONTHS, UNITS, COVERAGE, DAYS, REASONS, CONTRIBUTIONS, STATISTICS, RELEASED, REPORTS,
)  # fmt: skip

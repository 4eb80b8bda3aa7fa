"""The kinds of background jobs: operator commands, uploaded sets, searches for signals."""

import re
import resource
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import wraps
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, NotRequired, TypedDict, cast

from flask import current_app

from backend.accounts.access import Actor, require
from backend.clock import local_day, month_start
from backend.coverage.exclusions.effects import (
    ReachedChange,
    UnitChange,
    months_before,
    serialize_effect,
    sum_changes,
)
from backend.coverage.signals.scans import JOB as SIGNALS_JOB
from backend.coverage.signals.scans import Place, scan_networks, search
from backend.database.extensions import extension
from backend.demo import service as demo
from backend.errors import Problem, invalid
from backend.http.requests import clock_now
from backend.jobs.models import Job
from backend.jobs.service import Arguments, Progress, Work, enqueue
from backend.measurements.revision import service as revising
from backend.units import uploads
from backend.units.catalogue import (
    ActiveSet,
    activate,
    find_set,
    list_sets,
    next_activation,
    system_on,
)
from backend.units.models import BoundarySet
from backend.web.admin import set_findings

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

# Length of an uploaded file's name in reports.
MAX_FILE_NAME = 100
# Reading and checking the country with every vertex takes 2 GB, half of it reserved, and 30 s.
MAX_MEMORY_BYTES, MAX_CPU_S = 4_000_000_000, 600
# Texts of memory errors in exceptions of GEOS and GDAL.
OUT_OF_MEMORY = ("bad_alloc", "out of memory")
# Steps of the progress: read, checked, drawn, added.
STEPS = 4


class SetChecked(TypedDict):
    """What the check of a set found; of an uploaded one also what was added."""

    report: str  # the findings as a text
    units: int  # in the set
    kinds: dict[str, int]  # findings by kind
    forbidden: int  # findings for which the set cannot be added
    loaded: NotRequired[int]  # units added
    learned: NotRequired[int]  # units that the list did not know


class Reassigned(TypedDict):
    """Samples of the days whose commune was searched again."""

    moved: int  # to another commune
    rejudged: int  # with another verdict
    left_alone: int  # anonymous, of final months


class SetTried(TypedDict):
    """What putting a set in use would move in a month."""

    month: str  # YYYY-MM
    activation: int  # the number that it would have
    would_move: int  # samples
    final: int  # samples that stay, since they are anonymous
    units: list[UnitChange]  # the largest changes
    all_units: int  # communes whose count would change
    reached: list[ReachedChange]


class DemoRemoved(TypedDict):
    """Samples that went with the demo."""

    removed: int


class SignalsSearched(TypedDict):
    """Whether a place was searched; false: another process does."""

    searched: bool


def upload_set(
    actor: Actor,
    new_set: Mapping[str, Any],
    file: tuple[str, BinaryIO],
    var_dir: Path,
    now: datetime,
) -> Job:
    """Store an uploaded file and enqueue its job; reject wrong days and existing names."""
    require(actor, "system.manage")
    first, last = new_set["valid_from"], new_set["valid_to"]
    if last is not None and last < first:
        raise invalid("valid_to", "before_first_day")
    if any(one.name == new_set["name"] for one in list_sets()):
        raise invalid("name", "set_exists")
    name, content = PurePath(file[0].replace("\\", "/")).name[-MAX_FILE_NAME:], file[1]
    number = uploads.store(var_dir, name, content)
    days = {"valid_from": first.isoformat(), "valid_to": last and last.isoformat()}
    try:
        return enqueue(actor, "load_set", {**new_set, **days, "file": name, "upload": number}, now)
    except BaseException:  # the job is waiting already, or the database is unavailable
        uploads.delete(var_dir, number)
        raise


class CpuTimeSpent(BaseException):
    """The CPU time of a block is spent; no library that reads files catches it."""


def limit_resources(work: Work) -> Work:
    """Fail with the problem `set_memory` or `set_cpu` beyond MAX_MEMORY_BYTES and MAX_CPU_S.

    A small compressed file can unpack to any size, and a few shapes can take hours to check.
    """

    @wraps(work)
    def limited(arguments: Arguments, progress: Progress) -> Mapping[str, object]:
        with memory_limit(MAX_MEMORY_BYTES), cpu_limit(MAX_CPU_S):
            return work(arguments, progress)

    return limited


@contextmanager
def memory_limit(most: int) -> Iterator[None]:
    """Limit the data segment of this process to a number of bytes; else 422.

    RLIMIT_DATA and not RLIMIT_AS: libraries reserve gigabytes of addresses without using them.
    """
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = [one for one in (most, hard, before) if one >= 0]
    resource.setrlimit(resource.RLIMIT_DATA, (min(allowed, default=hard), hard))
    try:
        yield
    except Exception as error:
        if not _is_memory_error(error):
            raise
        raise Problem(422, "set_memory") from error
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


@contextmanager
def cpu_limit(most_s: float) -> Iterator[None]:
    """Limit the CPU time of a block in the main thread to seconds; else 422.

    A single call of a C library is interrupted only at its end.
    """

    def stop(number: int, frame: object) -> None:
        raise CpuTimeSpent

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, most_s)
    try:
        yield
    except CpuTimeSpent as error:
        raise Problem(422, "set_cpu") from error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _is_memory_error(error: BaseException | None) -> bool:
    """Return whether an exception or one of its causes is a lack of memory."""
    if error is None:
        return False
    if isinstance(error, MemoryError) or any(one in str(error).lower() for one in OUT_OF_MEMORY):
        return True
    return _is_memory_error(error.__cause__ or error.__context__)


@limit_resources
def check_set(arguments: Arguments, progress: Progress) -> SetChecked:
    """Check an existing boundary set against the list of units."""
    from backend.units import loading  # loads geopandas, which pages do not need

    new, frame = loading.loaded(arguments["name"])
    return _check(new, frame, arguments["job"], progress)


@limit_resources
def load_set(arguments: Arguments, progress: Progress) -> SetChecked:
    """Read an uploaded file, check it, and add it as a set if no finding forbids that."""
    from backend.units import loading
    from geo.polygons import BoundaryError

    new, var_dir = _new_set(arguments), current_app.config["VAR_DIR"]
    columns = {ours: arguments[f"{ours}_column"] for ours in ("code", "name")}
    try:
        with uploads.unpacked(var_dir, arguments["upload"]) as path:
            frame = loading.read(
                new, path, {ours: theirs for ours, theirs in columns.items() if theirs}
            )
        result = _check(new, frame, arguments["job"], progress)
        if not result["forbidden"]:
            change = loading.install(new, frame, active=False, actor=arguments["asked_by"])
            result["loaded"], result["learned"] = len(frame), len(change.added)
    except BoundaryError as error:  # name the uploaded file instead of the path on the server
        path_pattern = rf"{re.escape(str(var_dir))}[^\s:]*"
        raise BoundaryError(re.sub(path_pattern, arguments["file"], str(error))) from error
    uploads.delete(var_dir, arguments["upload"])
    progress(STEPS, STEPS)
    return result


def _new_set(arguments: Arguments) -> BoundarySet:
    first = date.fromisoformat(arguments["valid_from"])
    last = date.fromisoformat(arguments["valid_to"]) if arguments["valid_to"] else None
    return BoundarySet(
        system=system_on(first),
        valid_from=first,
        valid_to=last,
        **{name: arguments[name] for name in ("name", "quality", "note")},
    )


def _check(new: BoundarySet, frame: "GeoDataFrame", job: int, progress: Progress) -> SetChecked:
    from backend.units import loading
    from geo.checks import findings as placed
    from geo.checks import to_text

    progress(1, STEPS)
    report, known = loading.check(new, frame), loading.reference_units(new)
    progress(2, STEPS)
    folder = current_app.config["VAR_DIR"] / set_findings.FOLDER / str(job)
    kinds = set_findings.store_findings(folder, frame, known, placed(report, frame, known))
    progress(3, STEPS)
    return {
        "report": to_text(report),
        "units": report.units,
        "kinds": kinds,
        "forbidden": len(report.problems),
    }


def reassign(arguments: Arguments, progress: Progress) -> Reassigned:
    """Reassign the communes of a span of days by the active boundary sets."""
    first, last = date.fromisoformat(arguments["first"]), date.fromisoformat(arguments["last"])
    done = revising.reassign(first, last, progress)
    return {"moved": done.moved, "rejudged": done.rejudged, "left_alone": done.left_alone}


# Communes in a result: those with the largest changes.
MAX_UNITS = 100


def try_set(arguments: Arguments, progress: Progress) -> SetTried:
    """Compute what putting a set in use would move in the running month; store nothing of it."""
    row, today = find_set(arguments["name"]), local_day(clock_now())
    values = {name: getattr(row, name) for name in ActiveSet.__dataclass_fields__}
    tried = ActiveSet(**values | {"activation": next_activation()})
    month = f"{today:%Y-%m}"
    before = months_before(month, None, today)
    locator = extension("locator").trying(tried)
    done = revising.reassign(month_start(month), today, progress, trial=locator)
    effect = serialize_effect(sum_changes([done.changes]), before)
    units = sorted(
        (one for one in effect["units"] if one["counted_after"] != one["counted_before"]),
        key=lambda one: -abs(one["counted_after"] - one["counted_before"]),
    )
    return {
        "month": month,
        "activation": tried.activation,
        "would_move": done.moved,
        "final": done.left_alone,
        "units": units[:MAX_UNITS],
        "all_units": len(units),
        "reached": effect["reached"],
    }


def use_set(actor: Actor, job: Job, now: datetime, *, preview: bool) -> SetTried:
    """Return the effect of a tried set; put it in use, and move this month's samples, if wanted."""
    found = cast("SetTried", job.result)  # of `try_set`, the only kind that is put in use
    today = local_day(now)
    if found["month"] != f"{today:%Y-%m}" or found["activation"] != next_activation():
        raise Problem(409, "set_tried_before")
    if not preview:
        activate(job.arguments["name"], actor)
        days = {"first": month_start(found["month"]).isoformat(), "last": today.isoformat()}
        enqueue(actor, "reassign", days, now)
    return found


def remove_demo(arguments: Arguments, progress: Progress) -> DemoRemoved:
    """Remove the data of the demo."""
    return {"removed": demo.remove(progress)}


def search_signals(arguments: Arguments, progress: Progress) -> SignalsSearched:
    """Search a province or campaign for signals of gaming."""
    place = Place(arguments["month"], arguments["province"], arguments["campaign"])
    key, now = current_app.config["SECRET_KEY"], clock_now()
    scan_networks(key, now)
    return {"searched": search(place, key, now)}


KINDS: dict[str, Work] = {
    "reassign": reassign,
    "remove_demo": remove_demo,
    "check_set": check_set,
    "try_set": try_set,
    "load_set": load_set,
    SIGNALS_JOB: search_signals,
}

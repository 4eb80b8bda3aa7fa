"""An admin sends the file of a boundary set; it is read, checked and added as long work."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from backend.accounts.access import Actor, require
from backend.errors import invalid
from backend.jobs.models import Job
from backend.jobs.service import ask
from backend.units import uploads
from backend.units.sets import list_sets

# Of the name that the file has on the sender's computer, for the report.
FILE_NAME_MOST = 100


def send_set(
    actor: Actor,
    new_set: Mapping[str, Any],
    file: tuple[str, BinaryIO],
    var_dir: Path,
    now: datetime,
) -> Job:
    """Keep the file and ask for the work; what is no set, or is there already, is refused."""
    require(actor, "system.manage")
    first, last = new_set["valid_from"], new_set["valid_to"]
    if last is not None and last < first:
        raise invalid("valid_to", "before_first_day")
    if any(one.name == new_set["name"] for one in list_sets()):
        raise invalid("name", "set_exists")
    name, content = PurePath(file[0].replace("\\", "/")).name[-FILE_NAME_MOST:], file[1]
    number = uploads.keep(var_dir, name, content)
    days = {"valid_from": first.isoformat(), "valid_to": last and last.isoformat()}
    try:
        return ask(actor, "load_set", {**new_set, **days, "file": name, "upload": number}, now)
    except BaseException:  # it waits already, or the database is away
        uploads.forget(var_dir, number)
        raise

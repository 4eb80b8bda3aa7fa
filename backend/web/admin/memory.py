"""A limit of memory for work on files that somebody sent: a small one can unpack to any size."""

import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

from flask import current_app

from backend.errors import Problem

Work = Callable[[Mapping[str, Any], Callable[[int, int], None]], dict[str, Any]]
# As readers written in C++ say so: GEOS, GDAL.
NO_ROOM = ("bad_alloc", "out of memory")


def limited(work: Work) -> Work:
    """Work that ends with the problem `set_memory` where it wants more than SET_MEMORY_MB."""

    @wraps(work)
    def within(
        arguments: Mapping[str, Any], progress: Callable[[int, int], None]
    ) -> dict[str, Any]:
        with memory_within(current_app.config["SET_MEMORY_MB"] * 1_000_000):
            return work(arguments, progress)

    return within


@contextmanager
def memory_within(most: int) -> Iterator[None]:
    """Let this process have so many bytes of data, 0: any number; 422 where it wants more.

    Data and not addresses: libraries reserve gigabytes of those and use none of them.
    """
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = [one for one in (most or resource.RLIM_INFINITY, hard, before) if one >= 0]
    resource.setrlimit(resource.RLIMIT_DATA, (min(allowed, default=hard), hard))
    try:
        yield
    except Exception as error:
        if not _tells_no_room(error):
            raise
        raise Problem(422, "set_memory") from error
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


def _tells_no_room(error: BaseException | None) -> bool:
    """Whether memory is the reason, told by the error itself or by what it came from."""
    if error is None:
        return False
    told = isinstance(error, MemoryError) or any(one in str(error).lower() for one in NO_ROOM)
    return told or _tells_no_room(error.__cause__ or error.__context__)

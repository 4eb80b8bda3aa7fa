"""Cache results that depend on their input alone, once a process of tests.

The built-in units and cells are files of the package. A report's files are made of its figures and
the boundary set that these name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

from backend.reports.content.figures import Report, canonical_json
from backend.reports.files.rendering import RENDERERS, Files, render_file
from backend.reports.monthly import lifecycle, service
from backend.units import loading
from geo import approximate
from geo.gazetteer import GazetteerUnit, load_units


@cache
def _units(system: str) -> tuple[GazetteerUnit, ...]:
    return tuple(load_units(system))


@cache
def _far_islands(system: str) -> Any:
    return approximate.far_islands(system)


_rendered: dict[tuple[str, bytes, bool], bytes] = {}


def _render_file(name: str, report: Report, *, draft: bool = False) -> bytes:
    key = name, canonical_json(report), draft
    if key not in _rendered:
        _rendered[key] = render_file(name, report, draft=draft)
    return _rendered[key]


def _render(report: Report) -> Files:
    return {name: _render_file(name, report) for name in RENDERERS}


@contextmanager
def computed_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "load_units", lambda system: list(_units(system)))
        patch.setattr(loading, "far_islands", lambda system: _far_islands(system).copy())
        patch.setattr(lifecycle, "render", _render)
        patch.setattr(service, "render_file", _render_file)
        yield

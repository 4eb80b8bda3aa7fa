"""The queue of signals, for organisers and officials: filters, groups, decisions and undoing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypedDict

from flask import Response, current_app, request

from backend.accounts.authentication import actor
from backend.clock import month_end
from backend.coverage.exclusions.review import (
    MAX_SIGNALS,
    ChosenSignal,
    decide_signals,
    decisions_of,
    preview_signals,
    samples_excluded,
)
from backend.coverage.signals.evidence import ShownSample, SignalEvidence, samples_to_exclude
from backend.coverage.signals.service import SignalAnswer, SignalContext, SignalsPage, SignalsQuery
from backend.errors import Problem, invalid
from backend.http.requests import clock_now
from backend.reports.monthly.service import frozen_reports
from backend.units.service import set_on
from backend.web.board.schemas import (
    ALL_STATES,
    QueueQuery,
    SignalsForm,
    SignalsFormSchema,
)
from backend.web.maps.evidence import EvidenceMap, TimeChart, evidence_map, time_chart
from backend.web.site.charts import Bars, bars
from backend.web.site.forms import Form, Preview, confirm, redirect_to
from backend.web.site.pages import render_part, render_private

# Signals on one page, which a person works through at one sitting.
SIGNALS_SHOWN = 50
# Rows of evidence that an official reads beside the drawing.
SAMPLES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class SignalGroup:
    """Signals of one kind and one team or commune."""

    places: Sequence[str]
    title: str
    items: Sequence[SignalAnswer]


class ShownEvidence(TypedDict):
    """The evidence of the opened signal, as the page draws it."""

    one: SignalAnswer
    seen: SignalEvidence
    map: EvidenceMap | None  # null: without a boundary set or communes
    chart: TimeChart | None  # null: without times
    days: Bars | None  # samples by day; null: one day alone
    samples: Sequence[ShownSample]  # the first ones


def signal_context(form: Form) -> SignalContext:
    """Return the time, key and language of a request about signals."""
    return SignalContext(clock_now(), current_app.config["SECRET_KEY"], form.language)


def group_signals(items: Iterable[SignalAnswer], names: Mapping[int, str]) -> list[SignalGroup]:
    """Group signals that follow each other and are of the same kind and team or commune."""

    def key(signal: SignalAnswer) -> tuple[tuple[str, ...], str]:
        teams = {names.get(device["team_id"] or 0, "") for device in signal["devices"]} - {""}
        places = sorted(teams) or [unit["name"] for unit in signal["units"]]
        return tuple(places), signal["title"]

    return [SignalGroup(*group, list(theirs)) for group, theirs in groupby(items, key)]


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """The campaign or the area whose signals a page shows."""

    page: str  # the endpoint of the page
    path: Mapping[str, Any]  # the values of its address
    filter: str  # `team` or `unit`, by which its signals are filtered
    scope: Mapping[str, int | None]  # of decisions
    areas: Sequence[int]  # units of the campaign
    list: Callable[[SignalsQuery], SignalsPage]
    find: Callable[[int], SignalEvidence]


def show_queue(
    query: QueueQuery, form: Form, place: QueuePlace, names: Mapping[int, str], **values: Any
) -> Response:
    """Show the signals of a place with their evidence, and decide on the selected ones."""
    if query["part"]:  # only the evidence, for the script of the page
        shown = {"evidence": _show_evidence(place, query), "names": names, **values}
        html = render_part("web/site/signal_evidence.html", query["lang"], **shown)
        response = Response(html, mimetype="text/html")
        response.headers["Cache-Control"] = "no-store"
        return response

    kept = {name: query.get(name) for name in ("month", "state", "kind", place.filter, "cursor")}
    outcome = _decide(form, place) if request.method == "POST" else None
    failed: list[Mapping[str, Any]] = []
    if outcome and not isinstance(outcome, Preview):
        decisions = outcome["items"]
        failed = [decision for decision in decisions if decision["status"] != 200]
        decided = [decision["id"] for decision in decisions if decision["status"] == 200]
        query["done"] = ".".join(map(str, decided))
        if not failed:
            return redirect_to(place.page, query, **place.path, **kept, done=query["done"])
    answer = place.list(_signals_query(query))
    ids = [signal["id"] for signal in answer["items"]]
    done = [
        int(number)
        for number in (query["done"] or "").split(".")
        if number.isdecimal() and len(number) < 10
    ]
    return render_private(
        f"web/{place.page.replace('.', '/')}.html",
        query["lang"],
        query=query,
        form=form,
        kept=kept,
        names=names,
        signals=answer,
        groups=group_signals(answer["items"], names),
        excluded_samples=samples_excluded(ids),
        to_exclude=samples_to_exclude(ids, current_app.config["SECRET_KEY"]),
        preview=outcome if isinstance(outcome, Preview) else None,
        chosen=query,
        evidence=_show_evidence(place, query, answer["items"]),
        failures=failed,
        done=decisions_of(place.scope, done[:MAX_SIGNALS]) if done else [],
        **values,
    )


def _decide(form: Form, place: QueuePlace) -> Mapping[str, Any] | Preview | None:
    """Decide on the selected signals; what changes counts is shown before it is done."""
    context, user = signal_context(form), actor()
    fields: SignalsForm | None = form.load(SignalsFormSchema(), ("signals",))
    if fields is None:
        return None
    ids = [signal["id"] for signal in fields["signals"]]

    def decide(signals: Sequence[ChosenSignal]) -> Mapping[str, Any]:
        if not fields["note"]:
            raise invalid("note", "required")
        request = {"state": fields["state"], "note": fields["note"]}
        return decide_signals(user, request | {"signals": signals, "samples": True}, context)

    if fields["state"] != "excluded" and not any(
        decision["samples"] for decision in decisions_of(place.scope, ids)
    ):
        return form.attempt(lambda: decide(fields["signals"]))
    together: list[ChosenSignal] = []

    def act(preview: bool) -> Mapping[str, Any]:
        if not preview:
            return decide(together)
        effect = preview_signals(user, fields["signals"], fields["state"], context)
        together[:] = [
            {"id": signal["id"], "version": signal["version"]} for signal in effect["signals"]
        ]
        return with_reports(effect, place.areas)

    return confirm(form, act, (fields["state"], fields["signals"]), "note")


def with_reports(effect: Mapping[str, Any], areas: Iterable[int] = ()) -> Mapping[str, Any]:
    """Add the frozen reports that a decision touches, which stay as they are.

    Of a campaign those of its area: those of the samples would tell where a member measured.
    """
    units = [moved["unit"]["id"] for moved in effect.get("units", ())] + list(areas)
    months = effect["months"] if "months" in effect else [effect["month"]]
    return {**effect, "reports": frozen_reports(actor(), units, months)}


def _show_evidence(
    place: QueuePlace, query: QueueQuery, items: Sequence[SignalAnswer] = ()
) -> ShownEvidence | None:
    """Return the drawing and samples of the opened signal, by default of the first one."""
    wanted = query["open"] or (items[0]["id"] if items else None)
    if wanted is None:
        return None
    try:
        seen = place.find(wanted)
    except Problem:
        if query["part"]:
            raise
        return None  # of another month or campaign
    active = set_on(month_end(seen.item["month"]))
    days = [(f"{day.day}", float(n), f"{n}") for day, n in seen.days]
    return {
        "one": seen.item,
        "seen": seen,
        "map": evidence_map(active, seen),
        "chart": time_chart(seen),
        "days": bars(days) if seen.total and len(days) > 1 else None,
        "samples": seen.samples[:SAMPLES_SHOWN],
    }


def _signals_query(query: QueueQuery) -> SignalsQuery:
    """Return the query of the service for a page: grouped by team and kind."""
    state, team = query["state"], query.get("team")
    return {
        "month": query["month"],
        "kind": query["kind"] or None,
        "state": None if state == ALL_STATES else state,
        "team": int(team) if team and team.isdecimal() else None,
        "unit": query.get("unit") or None,
        "level": None,
        "cursor": query["cursor"],
        "limit": SIGNALS_SHOWN,
    }

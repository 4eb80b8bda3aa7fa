"""The one place that decides access: `can` as a pure function, scopes over real rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from backend.accounts.access import (
    ACTS,
    PUBLIC,
    READS,
    SYSTEM,
    Actor,
    Grant,
    Kind,
    Scope,
    can,
    require,
)
from backend.accounts.authentication import actor
from backend.accounts.models import PersonalToken, Role, User
from backend.database.extensions import db
from backend.errors import Problem
from backend.organisations.models import Organisation
from backend.organisations.scopes import campaign_scope, organisation_scope, team_scope, unit_scope
from backend.units.index import successors
from tests.support.clock import FakeClock
from tests.support.people import SCOPES, campaign, organisation, person, team, unit_id
from tests.support.sql_statements import execute

NOW = datetime(2024, 11, 20, 12, 0, tzinfo=UTC)
MOMENT = timedelta(seconds=1)
ROLES = ("team_leader", "organiser", "official")
ids = st.integers(1, 5)  # few, so that things meet
acts = st.sampled_from(sorted(ACTS))
some = st.frozensets(ids, max_size=3)
scopes = st.builds(Scope, teams=some, organisations=some, units=some, clusters=some)
AREAS = [(role, SCOPES[role]) for role in ROLES] + [("official", "cluster")]
grants = st.builds(lambda kind, one: Grant(*kind, one), st.sampled_from(AREAS), ids)
held = st.lists(grants, max_size=4).map(tuple)
people = st.builds(Actor, user_id=ids, grants=held, may_write=st.booleans())
admin = Actor(user_id=1, grants=(Grant("admin", "system"),))
observer = Actor(user_id=1, grants=(Grant("observer", "system"),))


def of(scope: Scope, kind: str) -> frozenset[int]:
    things = {"team": scope.teams, "organisation": scope.organisations}
    return {**things, "unit": scope.units, "cluster": scope.clusters}[kind]


def both(one: Scope, other: Scope) -> Scope:
    return Scope(
        one.teams | other.teams,
        one.organisations | other.organisations,
        one.units | other.units,
        one.clusters | other.clusters,
    )


@given(acts, scopes, st.booleans())
def test_no_grant_allows_nothing(act: str, scope: Scope, may_write: bool) -> None:
    assert not can(PUBLIC, act, scope)
    assert not can(Actor(user_id=1, may_write=may_write), act, scope)


@given(people, acts, scopes)
def test_grants_over_other_things_allow_nothing(person: Actor, act: str, scope: Scope) -> None:
    elsewhere = tuple(one for one in person.grants if one.id not in of(scope, one.kind))
    assert not can(Actor(user_id=1, grants=elsewhere), act, scope)


@given(people, acts)
def test_no_role_over_a_thing_reaches_the_whole_system(person: Actor, act: str) -> None:
    assert not can(person, act, SYSTEM)


@given(acts, scopes)
def test_an_admin_may_do_everything_everywhere(act: str, scope: Scope) -> None:
    assert can(admin, act, scope)


@given(acts, scopes)
def test_an_observer_reads_figures_and_reports_everywhere_and_changes_nothing(
    act: str, scope: Scope
) -> None:
    assert can(observer, act, scope) == (act in {"unit.figures", "report.read"})
    assert act in READS or not can(observer, act, scope)


@given(people, acts, scopes, st.booleans())
def test_a_token_for_reading_writes_nothing(
    person: Actor, act: str, scope: Scope, is_admin: bool
) -> None:
    own = person.grants + (admin.grants if is_admin else ())
    reader, writer = Actor(1, grants=own, may_write=False), Actor(1, grants=own)
    assert can(reader, act, scope) == (act in READS and can(writer, act, scope))


@given(people, acts, scopes, scopes)
def test_a_thing_lower_down_is_reached_by_all_that_reached_what_is_above(
    person: Actor, act: str, scope: Scope, more: Scope
) -> None:
    if can(person, act, scope):
        assert can(person, act, both(scope, more))


@given(people, grants, acts, scopes)
def test_one_more_grant_takes_nothing_away(
    person: Actor, more: Grant, act: str, scope: Scope
) -> None:
    richer = Actor(1, grants=(*person.grants, more), may_write=person.may_write)
    assert can(richer, act, scope) >= can(person, act, scope)


@given(people, acts, scopes)
def test_what_several_grants_allow_one_of_them_allows(
    person: Actor, act: str, scope: Scope
) -> None:
    alone = [Actor(1, grants=(one,), may_write=person.may_write) for one in person.grants]
    assert can(person, act, scope) == any(can(one, act, scope) for one in alone)


@pytest.mark.parametrize(("role", "kind"), AREAS)
def test_a_role_reaches_by_its_own_kind_of_thing_only(role: str, kind: Kind) -> None:
    """The same number names a team, an organisation and a unit."""
    one = frozenset({1})
    scopes_of = {
        "team": Scope(teams=one),
        "organisation": Scope(organisations=one),
        "unit": Scope(units=one),
        "cluster": Scope(clusters=one),
    }
    holder = Actor(user_id=1, grants=(Grant(role, kind, 1),))
    reached = {
        where for where, scope in scopes_of.items() if any(can(holder, a, scope) for a in ACTS)
    }
    assert reached == {kind}


def test_a_role_over_a_cluster_writes_no_letters() -> None:
    one = frozenset({1})
    holder = Actor(user_id=1, grants=(Grant("official", "cluster", 1),))
    commune = Actor(user_id=1, grants=(Grant("official", "unit", 1),))
    scope = Scope(units=one, clusters=one)
    lacks = {act for act in ACTS if can(commune, act, scope) and not can(holder, act, scope)}
    assert lacks == {"report.read", "report.edit", "report.approve"}


def test_acts_name_roles_and_reads_name_acts() -> None:
    assert frozenset().union(*ACTS.values()) <= {*ROLES, "observer"}  # admin needs no naming
    assert set(ACTS) >= READS
    assert {kind for _, kind in AREAS} | {"system"} == set(get_args(Kind))


def test_an_unknown_act_is_a_fault_of_the_program() -> None:
    with pytest.raises(KeyError):
        can(admin, "everything.do")


@pytest.mark.parametrize(
    ("who", "hidden", "status"),
    [
        (PUBLIC, False, 401),
        (Actor(user_id=1), False, 403),
        (PUBLIC, True, 404),
        (Actor(user_id=1), True, 404),
    ],
)
def test_a_refusal_tells_no_more_than_it_must(who: Actor, hidden: bool, status: int) -> None:
    with pytest.raises(Problem) as refused:
        require(who, "campaign.see", Scope(organisations=frozenset({1})), hidden=hidden)
    assert refused.value.status == status
    assert ("WWW-Authenticate" in refused.value.headers) == (status == 401)


def test_an_organisation_lies_in_those_above_it(app: Flask) -> None:
    top = organisation(app, "Trung ương Đoàn")
    middle = organisation(app, "Tỉnh Đoàn", parent_id=top)
    low = organisation(app, "Huyện Đoàn", parent_id=middle)
    organisation(app, "Sở KH&CN", parent_id=top)
    with app.app_context():
        assert organisation_scope(low) == Scope(organisations=frozenset({low, middle, top}))
        assert organisation_scope(top) == Scope(organisations=frozenset({top}))


def test_a_team_and_a_campaign_lie_in_their_organisation_and_those_above(app: Flask) -> None:
    top = organisation(app, "Tỉnh Đoàn")
    low = organisation(app, "Huyện Đoàn", parent_id=top)
    members, run = team(app, low), campaign(app, low)
    with app.app_context():
        above = frozenset({low, top})
        assert team_scope(members) == Scope(teams=frozenset({members}), organisations=above)
        assert campaign_scope(run) == Scope(organisations=above)


def test_organisations_in_a_ring_end(app: Flask) -> None:
    """No endpoint makes one; a hand at the database may."""
    one = organisation(app, "A")
    two = organisation(app, "B", parent_id=one)
    with app.app_context():
        db.session.get_one(Organisation, one).parent_id = two
        db.session.commit()
        assert organisation_scope(one) == organisation_scope(two)


def test_a_unit_lies_in_its_district_and_province_and_within_its_heir(app: Flask) -> None:
    commune, district, province = (
        unit_id(app, "05443"),
        unit_id(app, "164", level="district"),
        unit_id(app, "19", level="province"),
    )
    today = unit_id(app, "19", "2025", "province")
    with app.app_context():
        [successor] = [one.unit.id for one in successors(commune) if one.likely]
        of_commune = frozenset({commune, district, province, successor, today})
        assert unit_scope(commune) == Scope(units=of_commune)
        assert unit_scope(district) == Scope(units=frozenset({district, province, today}))
        assert unit_scope(province) == Scope(units=frozenset({province, today}))
        assert unit_scope(successor) == Scope(units=frozenset({successor, today}))


@pytest.mark.parametrize("find", [organisation_scope, team_scope, campaign_scope, unit_scope])
def test_what_is_not_there_has_no_scope(app: Flask, find: Callable[[int], Scope]) -> None:
    with app.app_context(), pytest.raises(Problem) as missing:
        find(2_000_000_000)
    assert missing.value.status == 404


@pytest.mark.parametrize(
    ("model", "changes", "answer"),
    [
        (Role, {"valid_to": NOW + MOMENT}, 200),
        (Role, {"valid_to": NOW}, 403),
        (Role, {"valid_from": NOW}, 200),
        (Role, {"valid_from": NOW + MOMENT}, 403),
        (PersonalToken, {"expires_at": NOW + MOMENT}, 200),
        (PersonalToken, {"expires_at": NOW}, 401),
        (PersonalToken, {"revoked_at": NOW}, 401),
        (User, {"closed_at": NOW}, 401),
        (User, {"totp_secret": None}, 403),
    ],
)
def test_a_token_opens_while_it_its_person_and_the_role_stand(
    app: Flask, client: FlaskClient, clock: FakeClock,
    model: Any, changes: dict[str, datetime | None], answer: int,
) -> None:  # fmt: skip
    clock.now, headers = NOW, person(app, "admin")
    execute(app, update(model).values(**changes))
    assert client.get("/api/v1/audit", headers=headers).status_code == answer


@pytest.mark.parametrize("sent", ["Bearer dsp_", "Bearer x", "Basic dsp_x", "dsp_x", "Bearer"])
def test_what_is_no_token_is_refused_and_not_taken_for_nobody(
    client: FlaskClient, sent: str
) -> None:
    answer = client.get("/api/v1/audit", headers={"Authorization": sent})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_an_official_of_a_unit_that_ended_is_none_any_more(app: Flask, clock: FakeClock) -> None:
    headers = person(app, "official", unit_id(app, "19", level="province"))
    for day, held in (
        (datetime(2025, 6, 30, tzinfo=UTC), 1),
        (datetime(2025, 7, 1, tzinfo=UTC), 0),
    ):
        clock.now = day
        with app.test_request_context(headers=headers):
            assert len(actor().grants) == held

"""The demo months: planned totals that come out of judging, and a removal without traces.

Small plans stand for the month of the letter, which `scripts/serve --demo` loads in full.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text, update

from backend.accounts.models import RecoveryCode, Role, User
from backend.batch.executor import SERIAL, Executor
from backend.campaign_setup.models import CampaignDraft
from backend.campaigns.models import Campaign, Team
from backend.clock import VIETNAM, local_day
from backend.coverage.signals.scans import Place, search
from backend.coverage.vnnic.ispeed import distance
from backend.coverage.vnnic.models import SpeedPair
from backend.database.extensions import db
from backend.demo import generation, plan, service
from backend.demo.communes import survey
from backend.demo.plan import MonthPlan
from backend.demo.teams import TeamCampaign, draw_rounds, team_campaigns
from backend.demo.users import add_cluster, is_empty, make_users
from backend.demo.volunteers import GROUPS, plan_tests, recruit
from backend.devices.models import Consent, Device
from backend.measurements.corrections.service import reattribute
from backend.measurements.no_connection.models import NoConnectionNote
from backend.measurements.recording.counting import differences
from backend.measurements.recording.earning_sums import differences as team_differences
from backend.measurements.recording.intake import Item
from backend.measurements.recording.models import (
    DemoMonth,
    Earning,
    Measurement,
    Receipt,
    RejectedBody,
    member_months,
    team_days,
    team_unit_months,
)
from backend.measurements.recording.service import RecordingContext, record
from backend.memberships.models import Membership, Volunteer
from backend.organisations.models import Cluster, ClusterUnit
from backend.outreach.models import Outreach
from backend.outreach.service import read_rows, sum_rows
from backend.witness.models import TicketRow
from tests.support import people
from tests.support.factories import location, post, register, sample
from tests.support.requirements import counting_from

NOW = datetime(2025, 2, 10, 3, 0, tzinfo=UTC)
TEAM_SUMS = (member_months, team_unit_months, team_days)
# Đà Nẵng had 47 communes on land: fewer phones to register than in Thái Nguyên.
SMALL = MonthPlan("2024-11", "48", "mobile", 500, 5, NOW, threshold=40)


@pytest.fixture(autouse=True)
def later(clock: Any) -> None:
    clock.now = NOW


def load(
    app: Flask,
    *plans: MonthPlan,
    campaigns: Sequence[TeamCampaign] = (),
    seed: int = 1,
    executor: Executor = SERIAL,
    people: bool = False,
    progress: service.Progress = lambda done, total: None,
) -> service.LoadResult:
    with app.app_context():
        return service.load_plans(
            plans, campaigns, NOW, progress, executor, people=people, seed=seed
        )


def remove(app: Flask) -> int:
    with app.app_context():
        return service.remove(lambda done, of: None)


def coverage(client: FlaskClient, month: str = "2024-11", network: str = "mobile") -> Any:
    """The answer about the communes of Đà Nẵng, without the times of their copies."""
    query = f"month={month}&parent=48&level=commune&network={network}"
    answer = client.get(f"/api/v1/coverage?{query}").json
    return answer | {"items": [one | {"as_of": None} for one in answer["items"]]}


def strong(answer: Any) -> set[str]:
    return {one["code"] for one in answer["items"] if one["counted"] >= SMALL.threshold}


@pytest.mark.long
@pytest.mark.parametrize("required", ["claimed", "witnessed"])
def test_planned_totals_come_out_of_judging(app: Flask, client: FlaskClient, required: str) -> None:
    with counting_from(app, required):
        done = load(app, SMALL)
    answer = coverage(client)
    assert (done.counted, answer["summary"]["counted"], len(strong(answer))) == (500, 500, 5)
    assert answer["demo"] is True
    assert answer["summary"]["received"] > answer["summary"]["valid"] > 500
    with app.app_context():
        assert differences() == []


@pytest.mark.long
def test_what_counts_is_witnessed_and_most_other_samples_are_not(app: Flask) -> None:
    load(app, replace(SMALL, counted=1_500))
    found = select(Measurement.assurance, Measurement.counted, func.count()).group_by(
        Measurement.assurance, Measurement.counted
    )
    with app.app_context():
        n = {(assurance, counted): n for assurance, counted, n in db.session.execute(found)}
        assert db.session.scalar(select(func.count()).select_from(TicketRow)) == 0
    assert {assurance for assurance, counted in n if counted} == {"witnessed"}
    received = sum(n.values())
    witnessed = n["witnessed", True] + n["witnessed", False]
    assert 0.85 < witnessed / received < 0.96
    assert n["claimed", False] > 2 * n["ticketed", False] > 0


@pytest.mark.long
def test_places_without_a_connection_are_noted_and_go_with_the_phones(
    app: Flask, client: FlaskClient
) -> None:
    load(app, replace(SMALL, counted=1_500))
    with app.app_context():
        notes = db.session.scalars(select(NoConnectionNote)).all()
        assert len({note.cell for note in notes}) == len(GROUPS)
        assert len(notes) > 0.8 * sum(GROUPS)
        assert {note.assurance for note in notes} == {"claimed"}
    answer = client.get("/api/v1/units/48/no-connection?month=2024-11").json
    assert answer["demo"] is True and len(answer["items"]) > 3
    assert any(item["zone"] for item in answer["items"])
    remove(app)
    with app.app_context():
        assert db.session.scalars(select(NoConnectionNote)).all() == []


@pytest.mark.long
def test_what_goes_wrong_in_the_field_is_there(app: Flask) -> None:
    load(app, replace(SMALL, counted=1_500))
    with app.app_context():
        rows = db.session.scalars(select(Measurement.reasons + Measurement.marks)).all()
    assert {code for codes in rows for code in codes} >= {
        "repeat", "failed_test", "position_missing", "position_coarse", "fix_stale",
        "mock_position", "border_ambiguous", "metered",
    }  # fmt: skip


@pytest.mark.long
def test_another_seed_gives_the_same_totals_and_other_communes(
    app: Flask, client: FlaskClient
) -> None:
    answers, ids = [], []
    for seed in (1, 2, 1):
        load(app, SMALL, seed=seed)
        answers.append(coverage(client))
        with app.app_context():
            ids.append(set(db.session.scalars(select(Measurement.id))))
    for answer in answers:
        assert (answer["summary"]["counted"], len(strong(answer))) == (500, 5)
    assert strong(answers[0]) != strong(answers[1])
    assert ids[0].isdisjoint(ids[1])
    assert (answers[0], ids[0]) == (answers[2], ids[2])


@pytest.mark.long
def test_removing_leaves_nothing_of_it_and_everything_else(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    clock.now = datetime(2024, 11, 20, 12, 0, tzinfo=UTC)
    headers = register(client)
    place = location(latitude=16.0678, longitude=108.2208)
    mine = [sample(location=place), sample("2024-11-16T09:00:00+07:00", location=place)]
    post(client, headers, *mine, sample(status="unheard of"))
    clock.now = NOW
    before = coverage(client)
    load(app, SMALL, replace(SMALL, month="2025-01", counted=60, reached=0, network="fixed"))
    assert coverage(client)["summary"]["counted"] == 502
    assert coverage(client, "2025-01", "fixed")["summary"]["counted"] == 60
    assert remove(app) > 560
    assert coverage(client) == before
    assert (before["demo"], before["summary"]["counted"]) == (False, 2)
    with app.app_context():
        assert differences() == []
        for model, n in {
            Device: 1, Consent: 1, Measurement: 2, Receipt: 2, RejectedBody: 1,
            DemoMonth: 0,
        }.items():  # fmt: skip
            assert db.session.scalar(select(func.count()).select_from(model)) == n, model


@pytest.mark.long
def test_teams_earn_what_the_phones_measured_and_go_with_them(
    app: Flask, client: FlaskClient
) -> None:
    mine = people.campaign(app, people.organisation(app))
    cast = replace(team_campaigns("2024-11", "2024-12")[0], province="48", teams=6, volunteers=30)
    load(app, replace(SMALL, cheats=True), campaigns=[cast])
    with app.app_context():
        [made] = db.session.scalars(select(Campaign.id).where(Campaign.demo))
        assert reattribute(made)["changed"] == 0
        assert team_differences() == differences() == []
        told = db.session.execute(
            text("""select count(distinct team_id) as teams, bool_or(guest) as guests,
                    bool_or(correction_id is not null) as corrected, count(*) as received
                    from earnings where campaign_id = :made"""),
            {"made": made},
        ).one()
        assert told.teams >= 5 and told.guests and told.corrected and told.received > 200
        moved = text("""select volunteer_id from memberships group by 1
                        having count(distinct team_id) = 2""")
        assert len(db.session.execute(moved).all()) == 1
        people_made = make_users(NOW)
    by_role = {one.role: one for one in people_made}
    assert set(by_role) == {"admin", "organiser", "team_leader", "official"}
    organiser = by_role["organiser"]
    body = {"name": organiser.name, "password": organiser.password}
    assert client.post("/api/v1/sessions", json=body).status_code == 200
    assert client.get(f"/api/v1/campaigns/{made}/contributions?by=team").status_code == 200
    with app.app_context():
        assert search(Place("2024-11", None, made), app.config["SECRET_KEY"], NOW)
    signs = client.get(f"/api/v1/campaigns/{made}/signals?month=2024-11").json["items"]
    found = {sign["kind"] for sign in signs}
    assert {"mock_share", "night_bursts", "devices_in_lockstep"} <= found
    remove(app)
    with app.app_context():
        assert is_empty()
        for table in (Earning, *TEAM_SUMS, Membership, Volunteer, Team):
            assert db.session.scalar(select(func.count()).select_from(table)) == 0
        assert list(db.session.scalars(select(Campaign.id))) == [mine]


@pytest.mark.long
def test_results_of_ispeed_stand_beside_tests_and_move_no_other_draw(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    recent = replace(SMALL, month="2025-01", counted=3_300, reached=7, threshold=300)
    tests = text("""
        select m::text from measurements m where source <> 'manual' or raw->'server' is null
    """)
    stored, counted = [], set()
    for share in (0.0, generation.ISPEED_SHARE):
        monkeypatch.setattr(generation, "ISPEED_SHARE", share)
        counted.add(load(app, recent).counted)
        counted.add(coverage(client, "2025-01")["summary"]["counted"])
        with app.app_context():
            stored.append(set(db.session.scalars(tests)))
            found = distance("mobile", NOW.date())
    assert stored[0] == stored[1] and len(counted) == 1
    assert found["demo"] is True and found["phones"] > 22 and found["pairs"] > 66
    assert found["download"] and 0.8 < found["download"]["ratio"] < 1.05
    remove(app)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(SpeedPair)) == 0
        assert distance("mobile", NOW.date())["demo"] is False


OUTINGS = text("""
    select team_id is not null as of_team
    from measurements m left join earnings e on e.measurement_id = m.id
    where m.counted and m.network = 'mobile' and m.day between '2025-01-01' and '2025-01-31'
    group by team_id, m.unit_id, m.day having count(distinct device_id) > 1
""")


@pytest.mark.long
def test_teams_and_people_who_measure_alone_share_a_province(
    app: Flask, client: FlaskClient
) -> None:
    recent = replace(SMALL, month="2025-01", counted=2_000, reached=5, threshold=200)
    cast = replace(team_campaigns("2024-12", "2025-01")[1], province="48", teams=4, volunteers=15)
    assert load(app, recent, campaigns=[cast]).counted == 2_000
    with app.app_context():
        found = db.session.execute(OUTINGS).all()
        assert differences() == team_differences() == []
    assert {one.of_team for one in found} == {True, False}


@pytest.mark.long
def test_a_team_goes_out_once_a_month_and_measures_no_more(app: Flask) -> None:
    recent = replace(SMALL, month="2025-01", counted=2_000, reached=5, threshold=200)
    with app.app_context():
        members = sorted(recruit(recent, 1), key=lambda one: one.home.unit_id)
    before = [len(plan_tests(one)) for one in members]
    draw_rounds(members, 4)
    assert [len(plan_tests(one)) for one in members] == before
    crews = Counter(one.round for one in members if one.round)
    assert len(crews) == 4 and min(crews.values()) > 1
    assert {round.begin.astimezone(VIETNAM).weekday() for round in crews} <= {5, 6}
    for one in members:
        if one.round:
            day = local_day(one.round.begin)
            tests = [test for test in plan_tests(one) if local_day(test.at) == day]
            assert {test.shared for test in tests} == {one.round.shared}
            assert tests[0].at - one.round.begin < timedelta(minutes=10)
            near = one.home.around(one.round.base)[: len(tests)]
            assert [test.point for test in tests] == [one.home.point(spot) for spot in near]


def test_outreach_is_of_offices_and_teams_and_goes_without_that_of_others(app: Flask) -> None:
    unit = people.unit_id(app, "48", level="province")
    own = Outreach(
        day=date(2024, 11, 6),
        unit_id=unit,
        office_id=unit,
        kind="launch",
        audience="residents",
        people=5,
        note="của cơ quan",
    )
    cast = replace(team_campaigns("2024-11", "2024-12")[0], province="48", teams=3, volunteers=9)
    with app.app_context():
        db.session.add(own)
        db.session.commit()
    load(app, SMALL, campaigns=[cast])
    with app.app_context():
        rows = read_rows("2024-11", area=unit)
    made = {(one["entered_by"], one["kind"]) for one in sum_rows(rows)}
    assert made == {
        ("province", "conference"), ("province", "launch"), ("province", "media"),
        ("province", "document"), ("commune", "launch"), ("team", "visits"),
    }  # fmt: skip
    assert all("(mẫu)" in row.note for row in rows if row.note != "của cơ quan")
    remove(app)
    with app.app_context():
        assert [row.note for row in read_rows("2024-11")] == ["của cơ quan"]


def test_its_cluster_goes_with_the_roles_over_it_and_no_other(app: Flask) -> None:
    own, user = people.cluster(app, ("05443",)), people.account(app, "lan@example.vn")
    deputy = people.account(app, "ha@example.vn")
    with app.app_context():
        add_cluster(NOW)  # before July 2025 there is none
        add_cluster(datetime(2026, 1, 5, tzinfo=UTC))
        made = db.session.scalars(select(Cluster).where(Cluster.demo)).one()
        communes = select(func.count()).where(ClusterUnit.cluster_id == made.id)
        assert made.name == "Huyện Đồng Hỷ (cũ, mẫu)" and db.session.scalar(communes) > 3
        over = {"role": "official", "scope_kind": "cluster", "valid_from": NOW}
        roles = [Role(user_id=user, scope_id=one, **over) for one in (made.id, own)]
        db.session.add_all(roles)
        db.session.flush()
        lent = {"delegated_by": roles[0].id, "valid_to": NOW, "reason": "nghỉ"}
        db.session.add(Role(user_id=deputy, scope_id=made.id, **over, **lent))
        db.session.commit()
        service.remove_teams()
        assert list(db.session.scalars(select(Cluster.id))) == [own]
        assert list(db.session.scalars(select(Role.scope_id))) == [own]


def test_nothing_that_refers_to_what_goes_is_left(app: Flask) -> None:
    left = {
        f"{table.name} of {key.column.table.name}"
        for table in db.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name in ("users", "campaigns", "volunteers") and not key.ondelete
        if not any(f" {table.name} " in statement for statement in service.TEAM_STATEMENTS)
    }
    assert left == set()


def test_users_go_with_their_recovery_codes_and_drafts(app: Flask) -> None:
    user = people.account(app, "lan@example.vn", "admin")
    with app.app_context():
        db.session.add(RecoveryCode(user_id=user, code_hash=b"x", created_at=NOW))
        db.session.add(CampaignDraft(user_id=user, content={}, updated_at=NOW))
        db.session.execute(update(User).values(demo=True))
        db.session.commit()
        service.remove_teams()
        assert db.session.scalar(select(func.count()).select_from(User)) == 0


@pytest.mark.long
def test_users_and_a_sealed_report_come_with_the_month_of_the_letter(
    app: Flask, client: FlaskClient
) -> None:
    letter = replace(SMALL, province="19")
    campaigns = team_campaigns("2024-12", "2025-01")
    with app.app_context(), Executor(workers=2) as executor:
        done = load(app, letter, campaigns=campaigns, executor=executor, people=True)
    assert done.counted == 500
    users = {one.role: one for one in done.users}
    assert set(users) == {"admin", "organiser", "team_leader", "official"}
    with app.app_context():
        assert team_differences() == differences() == []
        earned, corrected = db.session.execute(
            text("select count(*), count(correction_id) from earnings")
        ).one()
        assert earned > 400 and corrected > 0
        assert db.session.scalars(text("select state from reports")).all() == ["approved"]
        assert db.session.scalars(text("select month from releases")).all() == ["2024-11"]


@pytest.mark.long
def test_a_load_that_was_interrupted_is_replaced(app: Flask, client: FlaskClient) -> None:
    def fails(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(app, SMALL, progress=fails)
    with app.app_context():
        assert not service.is_loaded()
        assert is_empty()  # the next start makes users
    assert coverage(client)["demo"] is True
    load(app, SMALL)
    assert coverage(client)["summary"]["counted"] == 500


@pytest.mark.long
def test_a_plan_that_cannot_be_met_is_told(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "record_lot", lambda lot: 0)
    with pytest.raises(service.PlanNotReached):
        load(app, SMALL)


@pytest.mark.long
def test_commands_say_what_they_did(app: Flask) -> None:
    load(app, SMALL)
    run = app.test_cli_runner().invoke
    assert "loaded already" in run(args=["demo", "load"]).output
    assert "Removed measurements: 5" in run(args=["demo", "remove"]).output
    assert "Removed measurements: 0" in run(args=["demo", "remove"]).output


@pytest.mark.long
def test_the_command_loads_what_is_planned(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "month_plans", lambda now: [SMALL])
    output = app.test_cli_runner().invoke(args=["demo", "load"]).output
    assert "Demo months: 2024-11; counted as planned: 500" in output


def test_quotas_add_up() -> None:
    letter = plan.month_plans(NOW)[-1]
    for seed, communes in ((1, 177), (2, 172), (3, 177)):
        codes = [f"{n:05}" for n in range(communes)]
        districts = [str(n % 9) for n in range(communes)]
        quotas = plan.quotas(letter, codes, districts, np.random.default_rng(seed))
        assert sum(quotas.values()) == 64_595
        assert sum(n >= 300 for n in quotas.values()) == 66
        assert max(n for n in quotas.values() if n < 300) <= 282


@pytest.mark.parametrize(
    ("now", "months"),
    [
        (datetime(2026, 11, 25, tzinfo=UTC), ["2026-10", "2026-11", "2024-11"]),
        (datetime(2026, 3, 31, tzinfo=UTC), ["2026-02", "2026-03", "2024-11"]),
        (datetime(2024, 12, 5, tzinfo=UTC), ["2024-12", "2024-11"]),
    ],
)
def test_the_recent_months_stay_small(now: datetime, months: list[str]) -> None:
    plans = plan.month_plans(now)
    assert list(dict.fromkeys(one.month for one in plans)) == months
    # A sixth at most goes wrong beside the counted ones.
    assert sum(one.counted for one in plans[:-1]) * 1.2 <= 30_000
    few = [one for one in plans if one.communes]
    assert {one.month for one in few} == {f"{now:%Y-%m}"}
    assert [(one.province, one.communes) for one in few] == [("01", 20), ("40", 20), ("79", 20)]


def test_a_province_that_begins_measures_around_its_middle(app: Flask) -> None:
    beginning = replace(SMALL, month="2026-11", province="40", communes=20)
    with app.app_context():
        found = survey(beginning, np.random.default_rng(1))
    assert 15 <= len(found) <= 20  # some have no room for a spot
    centres = np.array([one.spots.mean(axis=0) for one in found])
    assert np.ptp(centres, axis=0).max() < 1.0  # degrees


def test_nothing_is_measured_after_now() -> None:
    now = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
    plans = plan.month_plans(now)
    assert all(one.until <= now for one in plans)
    assert plans[-2].days == [date(2026, 11, 1)]


ROWS = (
    "select m::text from measurements m",
    "select id::text || device_id::text || received_at::text from receipts",
    "select received_at::text || body::text || errors::text from refused",
    "select (to_jsonb(u) - 'version')::text from unit_months u where received <> 0",
    "select d::text from unit_days d where received <> 0",
    "select d.id::text || d.window_start::text || d.window_items::text from devices d where demo",
    "select id::text || device_id::text from no_connection_notes",
)


def stored(app: Flask) -> list[str]:
    """Every row of the demo; the demo is removed."""
    with app.app_context():
        rows = [str(row) for one in ROWS for row in db.session.execute(text(one))]
    remove(app)
    return sorted(rows)


@pytest.mark.long
def test_batches_at_once_are_recorded_as_one_after_the_other(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_after_the_other(device: Any, batches: Any, context: RecordingContext) -> list[Item]:
        return [
            item for sent, receipt in batches for item in record(device, sent, receipt, context)
        ]

    with counting_from(app, "ticketed"):
        load(app, SMALL)
        at_once = stored(app)
        monkeypatch.setattr(generation, "record_batches", one_after_the_other)
        load(app, SMALL)
    assert stored(app) == at_once
    assert len(at_once) > 1_000


@pytest.mark.long
def test_two_processes_record_what_one_does(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "LOT", 2)
    load(app, SMALL)
    alone = stored(app)
    with app.app_context(), Executor(workers=2) as executor:
        load(app, SMALL, executor=executor)
    assert stored(app) == alone

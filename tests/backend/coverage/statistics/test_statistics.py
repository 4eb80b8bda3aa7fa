"""Statistics over the API: exact, found again for what changed, silent under the minimum."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text, update

from backend.coverage.statistics import refresh as statistics_refresh
from backend.coverage.statistics.intervals import share_limits
from backend.coverage.statistics.models import Statistic
from backend.database.extensions import db
from backend.database.locks import STATISTICS_LOCK, TWO
from backend.measurements.recording.models import Earning, Measurement
from backend.units.models import Unit
from tests.support.factories import post, register, sample
from tests.support.joining import Cast
from tests.support.measurements import NINE, measurement_row, store_rows
from tests.support.people import campaign, person, unit_id

HERE, NEAR = "05443", "05446"  # two communes of one district of Thái Nguyên


def refresh(app: Flask, *options: str) -> str:
    done = app.test_cli_runner().invoke(args=["coverage", "refresh", *options])
    assert done.exit_code == 0, done.output
    return done.output.strip()


def statistics(client: FlaskClient, code: str | None = HERE, **query: Any) -> dict[str, Any]:
    url = f"/api/v1/units/{code}/statistics" if code else "/api/v1/statistics"
    headers = person(client.application, "admin")  # live figures
    answer = client.get(url, query_string={"month": "2024-11", **query}, headers=headers)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json
    return shown


def total(shown: dict[str, Any]) -> dict[str, Any]:
    [found] = [one for one in shown["items"] if one["operator"] is one["technology"] is None]
    return dict(found)


def stale(app: Flask) -> int:
    """The months and networks in which statistics are stale."""
    with app.app_context():
        return len(statistics_refresh._read_stale(None))


def many(unit: int, count: int, **changes: Any) -> list[dict[str, Any]]:
    """Return samples of other phones on half a month, whose speed says nothing of the day."""
    return [
        measurement_row(
            unit, NINE + timedelta(hours=5 * n), download_mbps=10.0 + 17 * n % count, **changes
        )
        for n in range(count)
    ]


def test_a_commune_its_district_province_and_the_country(app: Flask, client: FlaskClient) -> None:
    here, near = unit_id(app, HERE), unit_id(app, NEAR)
    store_rows(app, *many(here, 60), *many(near, 20, technology="5G", operator="VinaPhone"))
    assert refresh(app) == "communes recomputed: 2"
    shown = statistics(client)
    assert [(one["operator"], one["technology"]) for one in shown["items"]] == [
        (None, None), (None, "4G"), ("Viettel", None), ("Viettel", "4G"),
    ]  # fmt: skip
    speed = total(shown)["download_mbps"]
    assert {name: speed[name] for name in ("n", "median", "mean", "p10", "p90")} == {
        "n": 60, "median": 39.5, "mean": 39.5, "p10": 15.9, "p90": 63.1,
    }  # fmt: skip
    assert 40 < speed["effective_n"] < 60  # some phones a day may be alike
    [low], [high] = share_limits(np.array([0.5]), np.array([speed["effective_n"]]))
    limits = speed["median_low"], speed["median_high"]
    assert limits == pytest.approx((10 + 59 * low, 10 + 59 * high))
    assert total(shown)["n"] == total(shown)["devices"] == 60
    assert total(statistics(client, NEAR))["download_mbps"] is None
    for code, level in (("164", "district"), ("19", "province"), (None, None)):
        above = statistics(client, code, **({"level": level} if level else {}))
        assert total(above)["n"] == 80 and total(above)["download_mbps"]["n"] == 80
        by_key = {(one["operator"], one["technology"]): one for one in above["items"]}
        assert by_key["VinaPhone", "5G"]["n"] == 20
        assert by_key["VinaPhone", "5G"]["download_mbps"] is None
    assert (shown["demo"], shown["minimum_n"], shown["unit"]["name"]) == (
        False,
        30,
        shown["unit"]["name"],
    )


@pytest.mark.long
def test_a_thousand_cells_equal_numpy_on_the_rows(app: Flask, client: FlaskClient) -> None:
    chosen = random.Random(5)
    with app.app_context():
        communes = select(Unit.id).where(Unit.system == "2024", Unit.level == "commune")
        units = list(db.session.scalars(communes.order_by(Unit.id).limit(200)))
    operators, technologies = ("Viettel", "VinaPhone", "MobiFone"), ("4G", "5G", None)
    rows = [
        measurement_row(chosen.choice(units),
            NINE + timedelta(days=chosen.randint(0, 14) - chosen.choice((0, 30))),
            operator=chosen.choice(operators), technology=chosen.choice(technologies),
            download_mbps=chosen.lognormvariate(3, 1), upload_mbps=chosen.lognormvariate(2, 1),
            ping_ms=chosen.lognormvariate(3, 0.5), jitter_ms=chosen.choice((None, 2.5, 0.3)),
            ping_download_ms=chosen.choice((None, chosen.lognormvariate(4, 1))))
        for _ in range(9_000)
    ]  # fmt: skip
    app.config["MINIMUM_N"] = 1
    store_rows(app, *rows)
    refresh(app)
    groups: dict[tuple[int, str, str], list[dict[str, Any]]] = {}
    for one in rows:
        groups.setdefault((one["unit_id"], f"{one['day']:%Y-%m}", one["operator"]), []).append(one)
    cells = chosen.sample([key for key, group in groups.items() if len(group) >= 3], 1_000)
    with app.app_context():
        stored = {
            (one.unit_id, one.month, one.operator): one
            for one in db.session.scalars(select(Statistic).where(Statistic.technology == ""))
        }
    for key in cells:
        group, found = groups[key], stored[key].figures
        assert stored[key].n == len(group) and found is not None
        for metric in ("download_mbps", "upload_mbps", "ping_ms", "jitter_ms", "ping_download_ms"):
            values = np.array([one[metric] for one in group if one[metric] is not None])
            if not len(values):
                assert found[metric] is None
                continue
            p10, median, p90 = np.percentile(values, [10, 50, 90])
            shown = found[metric]
            assert shown["median"] == median
            if shown["p10"] is None or shown["p90"] is None:
                assert len(values) < 60  # some of the same day
            else:
                assert (shown["p10"], shown["p90"]) == (p10, p90)
            assert shown["mean"] == pytest.approx(values.mean(), rel=1e-14)


def test_latency_under_load_is_that_of_the_samples_that_measured_it(
    app: Flask, client: FlaskClient
) -> None:
    here = unit_id(app, HERE)
    loaded = [one | {"ping_download_ms": 90 + one["download_mbps"]} for one in many(here, 61)]
    few = [one | {"ping_upload_ms": 900.0} for one in many(here, 29)]
    store_rows(app, *loaded, *few)
    refresh(app)
    answer = statistics(client)
    speed = total(answer)["ping_download_ms"]
    assert (speed["n"], speed["median"], speed["p10"]) == (61, 130, 106)
    assert speed["median_low"] < 130 < speed["median_high"] and speed["effective_n"] > 30
    assert total(answer)["n"] == 90 and total(answer)["ping_upload_ms"] is None
    # The score is that of the idle line, as at M-Lab.
    metrics = [one["metric"] for use in answer["iqb"]["uses"] for one in use["requirements"]]
    assert set(metrics) == {"download_mbps", "upload_mbps", "ping_ms"}


def test_figures_of_earlier_versions_have_no_latency_under_load(
    app: Flask, client: FlaskClient
) -> None:
    store_rows(app, *many(unit_id(app, HERE), 31, ping_download_ms=100.0))
    refresh(app)
    with app.app_context():
        keys = "figures - 'ping_download_ms' - 'ping_upload_ms'"
        db.session.execute(text(f"update statistics set figures = {keys}"))
        db.session.commit()
    assert total(statistics(client))["ping_download_ms"] is None
    assert refresh(app, "--all") != ""
    assert total(statistics(client))["ping_download_ms"]["median"] == 100


def test_only_what_changed_is_found_anew(app: Flask, client: FlaskClient) -> None:
    here, hanoi = unit_id(app, HERE), unit_id(app, "00004")
    store_rows(app, *many(here, 31), *many(hanoi, 31))
    refresh(app)
    app.extensions["clock"].now += timedelta(hours=1)
    store_rows(app, measurement_row(here, download_mbps=500.0))
    assert refresh(app) == "communes recomputed: 1"
    fresh, old = statistics(client), statistics(client, "00004")
    assert fresh["found_at"] > old["found_at"]
    assert total(fresh)["n"] == 32 and total(statistics(client, None))["n"] == 63
    assert refresh(app) == "communes recomputed: 0"


def test_one_unit_alone_waits_for_its_province_only(app: Flask, client: FlaskClient) -> None:
    here = unit_id(app, HERE)
    store_rows(app, *many(here, 31), *many(unit_id(app, "00004"), 31))
    with app.app_context():
        statistics_refresh.refresh_unit(here, "2024-11", NINE)
    assert total(statistics(client))["n"] == 31
    assert statistics(client, "00004")["items"] == statistics(client, None)["items"] == []
    refresh(app)
    assert total(statistics(client, None))["n"] == 62


def test_it_may_die_at_any_point(app: Flask, client: FlaskClient,
                                 monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    store_rows(app, *many(unit_id(app, HERE), 31), *many(unit_id(app, "00004"), 31))
    real, writes = statistics_refresh._write_statistics, 0

    def dying(*given: Any) -> None:
        nonlocal writes
        writes += 1
        if writes in (2, 4):
            raise KeyboardInterrupt
        real(*given)

    monkeypatch.setattr(statistics_refresh, "_write_statistics", dying)
    for _ in range(2):
        with app.app_context(), pytest.raises(KeyboardInterrupt):
            statistics_refresh.refresh(NINE)
    refresh(app)
    assert total(statistics(client, None))["n"] == 62
    for code in (HERE, "00004"):
        assert total(statistics(client, code))["n"] == 31
    assert stale(app) == 0


def test_the_server_computes_the_running_month_hourly_and_past_months_at_night(
    app: Flask, client: FlaskClient
) -> None:
    clock, here = app.extensions["clock"], unit_id(app, HERE)

    def add(n: int) -> None:
        store_rows(app, *many(here, n))

    add(31)
    refresh(app, "--hourly")
    clock.now += timedelta(hours=1)
    add(2)
    refresh(app, "--hourly")
    assert total(statistics(client))["n"] == total(statistics(client, None))["n"] == 33
    clock.now = datetime(2024, 12, 3, 1, tzinfo=UTC)  # eight o'clock in Vietnam
    refresh(app, "--hourly")
    clock.now += timedelta(hours=1)
    add(1)
    assert refresh(app, "--hourly") == "communes recomputed: 1"
    before = statistics(client, None)
    clock.now += timedelta(hours=14)
    add(1)
    assert refresh(app, "--hourly") == "communes recomputed: 0"
    assert statistics(client, None) == before
    clock.now += timedelta(hours=1)  # midnight
    assert refresh(app, "--hourly") == "communes recomputed: 1"
    assert total(statistics(client, None))["n"] == 35
    assert stale(app) == 0


def test_a_country_that_another_process_computes_is_left_to_a_later_run(
    app: Flask, client: FlaskClient, owner: Engine
) -> None:
    store_rows(app, *many(unit_id(app, HERE), 31))
    with owner.begin() as other:
        other.execute(TWO, {"key": STATISTICS_LOCK, "of": statistics_refresh.COUNTRY})
        refresh(app)
        assert total(statistics(client))["n"] == 31 and statistics(client, None)["items"] == []
    assert stale(app) == 1
    refresh(app)
    assert total(statistics(client, None))["n"] == 31 and stale(app) == 0


@pytest.mark.slow
def test_what_is_posted_excluded_and_withdrawn_is_followed(app: Flask, client: FlaskClient) -> None:
    app.config["MINIMUM_N"] = 1
    mine, other = register(client), register(client)
    out = sample("2024-11-16T09:00:00+07:00", download_mbps=99.0)
    post(client, mine, sample(download_mbps=40.0), out)
    post(client, other, sample(download_mbps=20.0))
    refresh(app)
    [code] = [client.get(f"/api/v1/measurements/{out['id']}", headers=mine).json["unit"]["code"]]
    shown = total(statistics(client, code))
    assert (shown["n"], shown["devices"], shown["download_mbps"]["median"]) == (3, 2, 40.0)
    app.test_cli_runner().invoke(args=["measurements", "exclude", out["id"], "--reason", "thử"])
    refresh(app)
    shown = total(statistics(client, code))
    assert (shown["n"], shown["devices"], shown["download_mbps"]["median"]) == (2, 2, 30.0)
    app.extensions["clock"].now += timedelta(days=8)
    client.delete("/api/v1/devices/me", headers=mine)
    refresh(app)
    shown = total(statistics(client, code))
    assert (shown["n"], shown["devices"], shown["download_mbps"]["median"]) == (2, 1, 30.0)


def test_the_last_sample_gone_leaves_no_row(app: Flask, client: FlaskClient) -> None:
    here = unit_id(app, HERE)
    store_rows(app, *many(here, 31))
    refresh(app)
    with app.app_context():
        db.session.execute(update(Measurement).values(counted=False))
        db.session.commit()
    refresh(app, "--all", "--month", "2024-11")
    assert statistics(client)["items"] == [] and statistics(client)["found_at"] is None


def test_names_outside_the_list_of_operators_are_one(app: Flask, client: FlaskClient) -> None:
    fixed = {"network": "fixed", "kind": "wifi", "technology": None}
    store_rows(
        app,
        *many(unit_id(app, HERE), 30, operator="VNPT", **fixed),
        *many(unit_id(app, HERE), 29, operator="Anh Nam số 5", **fixed),
    )
    refresh(app)
    items = statistics(client, network="fixed")["items"]
    by_operator = {one["operator"]: one["n"] for one in items if one["technology"] is None}
    assert by_operator == {None: 59, "VNPT": 30, "unknown": 29}


def test_a_sample_of_two_campaigns_is_of_the_outing_of_the_first_team(app: Flask) -> None:
    """Phones of a team on a day share an outing, also those that another team has credited too."""
    here, cast = unit_id(app, HERE), Cast(app)
    other = campaign(app, cast.organisation)
    both, one, none = (measurement_row(here, NINE + timedelta(minutes=n)) for n in range(3))
    store_rows(app, both, one, none)
    earned = (
        (both, cast.campaign, cast.one), (both, other, cast.two), (one, cast.campaign, cast.one),
    )  # fmt: skip
    with app.app_context():
        db.session.add_all(earning_of(*credit) for credit in earned)
        db.session.commit()
    refresh(app)
    with app.app_context():
        of_all = select(Statistic.outings).where(
            Statistic.operator == "", Statistic.technology == ""
        )
        # Of the commune, its district, its province and the country.
        assert db.session.scalars(of_all).all() == [2] * 4


def earning_of(row: dict[str, Any], campaign_id: int, team_id: int) -> Earning:
    """Return the credit of a sample to a team."""
    return Earning(
        measurement_id=row["id"], campaign_id=campaign_id, team_id=team_id, rules=1, guest=False,
        category="counted", unit_id=row["unit_id"], day=row["day"], network="mobile",
    )  # fmt: skip


def test_nothing_changed_is_304(app: Flask, client: FlaskClient) -> None:
    store_rows(app, *many(unit_id(app, HERE), 31))
    refresh(app)
    url, admin = f"/api/v1/units/{HERE}/statistics?month=2024-11", person(app, "admin")
    tag = client.get(url, headers=admin).headers["ETag"]
    assert client.get(url, headers=admin | {"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("code", "query", "status"),
    [(HERE, {"month": "2024-12"}, 422), ("99999", {"month": "2024-11"}, 404)],
)
def test_what_cannot_be_asked(
    client: FlaskClient, code: str, query: dict[str, str], status: int
) -> None:
    answer = client.get(f"/api/v1/units/{code}/statistics", query_string=query)
    assert answer.status_code == status

"""--cluster: rows and figures are those of one process, also where a worker is lost.

Its machines are network namespaces, each with a worker, a VAR_DIR and TLS, where this process may
make them; addresses of the loopback elsewhere.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support import dask_cluster
from tests.support.dask_cluster import ROOT, Site, refusal, run
from tests.support.machines import free_port, listening_server, machines

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        dask_cluster.PACKAGES is None, reason="CLUSTER_PACKAGES is unset: scripts/test-long sets it"
    ),
]

# The demo's last full month, which has teams.
MONTH = f"{datetime.now(UTC).date().replace(day=1) - timedelta(days=1):%Y-%m}"
# Its current month ends at the time of its load, and is left out.
CONTENT = (
    "select m::text from measurements m where to_char(day, 'YYYY-MM') in ('2024-11', %(month)s)",
    """
    select (to_jsonb(u) - 'version')::text from unit_months u
    where received <> 0 and month in ('2024-11', %(month)s)
    """,
    # `needed` are the first samples of a commune: several processes load the demo in any order.
    """
    select (to_jsonb(e) - 'needed')::text from earnings e where to_char(day, 'YYYY-MM') = %(month)s
    """,
)
FIGURES = (
    "select e::text from earnings e where to_char(day, 'YYYY-MM') = %(month)s",
    """
    select (month, network, unit_id, operator, technology, n, devices, figures)::text
    from statistics where month = %(month)s
    """,
)
# Five days are in a wrong commune, and samples of the next five have a wrong verdict.
SPAN = {"first": date.fromisoformat(f"{MONTH}-05"), "last": date.fromisoformat(f"{MONTH}-09")}
WRONG = "(select id from units where system = '2024' and code = '00001')"
MISPLACE = f"""
    update measurements set unit_id = {WRONG}
    where day between %(first)s and %(last)s and unit_id is not null
"""
MISJUDGE = """
    update measurements set reasons = '{repeat}'
    where day between %(last)s + 1 and %(last)s + 5 and reasons = '{}'
"""
MOVED = f"""
    select count(*) from measurements
    where day between %(first)s and %(last)s and unit_id <> {WRONG}
"""
HAS_LOCKS = """
    select count(*) from pg_stat_activity where application_name = %(worker)s
    and datname = current_database() and state = 'idle in transaction' and backend_xid is not null
"""
WAIT_S = 300  # imports of the program on a busy machine


@pytest.fixture(scope="module")
def site(
    prepared: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "database").mkdir()
    prepared(folder / "database")
    tls = dask_cluster.make_certificate(folder)
    with (
        machines(2) as there,
        listening_server(folder / "database", there[0].gateway) as server,
    ):
        yield Site(server, there, tls, folder)


@pytest.fixture(scope="module")
def demo(site: Site) -> str:
    """A database with the demo, loaded by processes of this machine."""
    site.server.copy("dosong", "demo")
    run("demo", "load", "--workers", "2", settings=site.settings("demo"))
    return "demo"


@pytest.fixture(scope="module")
def misplaced(site: Site, demo: str) -> str:
    """A copy of it with places and verdicts that are wrong, and counts that agree with them."""
    site.server.copy(demo, "misplaced")
    with site.server.connect("misplaced") as connection:
        for statement in (MISPLACE, MISJUDGE):
            assert connection.execute(statement, SPAN).rowcount > 1_000
    with dask_cluster.start(
        "measurements", "recount", "--repair", settings=site.settings("misplaced")
    ) as command:
        assert "differences: 0" not in command.communicate()[0]
    return "misplaced"


def digests(site: Site, database: str, *statements: str) -> list[str]:
    """Return digests of rows, counts and earnings, and of what further statements read."""
    found = []
    with site.server.connect(database) as connection:
        for statement in (*CONTENT, *statements):
            lines = sorted(line for (line,) in connection.execute(statement, {"month": MONTH}))
            assert len(lines) > 100, statement
            found.append(sha256("\n".join(lines).encode()).hexdigest())
    return found


def test_the_demo_is_that_of_one_machine(site: Site, demo: str) -> None:
    site.server.copy("dosong", "divided")
    with site.cluster("divided") as (address, _):
        run("demo", "load", "--cluster", address, settings=site.settings("divided"))
    assert digests(site, "divided") == digests(site, demo)


def revise(site: Site, database: str, *executor: str) -> str:
    """Correct places, verdicts and statistics; return what the first command says."""
    settings = site.settings(database)
    span = ("--from", f"{SPAN['first']}", "--to", f"{SPAN['last']}")
    told = run("measurements", "reassign", *span, *executor, settings=settings)
    run("measurements", "rejudge", "--month", MONTH, *executor, settings=settings)
    run("coverage", "refresh", "--month", MONTH, "--all", *executor, settings=settings)
    return told


@pytest.fixture(scope="module")
def alone(site: Site, misplaced: str) -> list[str]:
    """Digests of what one process makes of it."""
    site.server.copy(misplaced, "alone")
    revise(site, "alone")
    revised = digests(site, "alone", *FIGURES)
    assert revised[:2] != digests(site, misplaced)[:2]
    return revised


def test_two_forked_processes_do_the_same(site: Site, misplaced: str, alone: list[str]) -> None:
    site.server.copy(misplaced, "forked")
    revise(site, "forked", "--workers", "2")
    assert digests(site, "forked", *FIGURES) == alone


def test_two_machines_do_the_same(site: Site, misplaced: str, alone: list[str]) -> None:
    site.server.copy(misplaced, "many")
    with site.cluster("many") as (address, _):
        told = revise(site, "many", "--cluster", address)
    assert re.search(r"moved to another commune: \d{4,}; verdicts", told)
    assert digests(site, "many", *FIGURES) == alone


def test_a_lost_worker_changes_no_figure(site: Site, misplaced: str, alone: list[str]) -> None:
    site.server.copy(misplaced, "lost")
    with site.cluster("lost") as (address, workers), ThreadPoolExecutor() as threads:
        killed = threads.submit(kill_with_locks, site, "lost", workers)
        told = revise(site, "lost", "--cluster", address)
        killed.result()
    assert "moved to another commune: at least " in told
    assert digests(site, "lost", *FIGURES) == alone


def kill_with_locks(
    site: Site, database: str, workers: Mapping[str, subprocess.Popen[bytes]]
) -> None:
    """Kill a worker and its nanny in a transaction, after another one was committed."""
    with site.server.connect(database) as connection:
        deadline = time.monotonic() + WAIT_S
        while not connection.execute(MOVED, SPAN).fetchone()[0]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for name, worker in [*workers.items()] * 1_000:
            os.killpg(worker.pid, signal.SIGSTOP)
            time.sleep(0.1)
            if connection.execute(HAS_LOCKS, {"worker": name}).fetchone()[0]:
                os.killpg(worker.pid, signal.SIGKILL)
                return
            os.killpg(worker.pid, signal.SIGCONT)
            time.sleep(0.03)
    raise AssertionError("no worker was found in a transaction")


REJUDGE = ("measurements", "rejudge", "--month", MONTH, "--cluster")


def test_a_worker_with_another_key_or_other_code_is_refused(site: Site, tmp_path: Path) -> None:
    for name in ("backend", "config", "geo", "wsgi.py", "requirements.txt"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    with (tmp_path / "wsgi.py").open("a") as file:
        file.write("# changed\n")
    machine, settings = site.machines[0], site.settings("dosong")
    other_key = {**site.settings("dosong", machine.name), "SECRET_KEY": "of another machine " * 2}
    for name, changed, folder, sentence in (
        ("key", other_key, ROOT, "it has another SECRET_KEY than this command"),
        ("code", settings, tmp_path, "it has other code than this command"),
    ):
        with (
            site.scheduler(name) as address,
            dask_cluster.worker(machine, address, changed, site.folder / f"{name}.log", folder),
        ):
            told = refusal(*REJUDGE, address, settings=settings)
        assert f"The worker tls://{machine.address}:" in told and sentence in told
    (nothing := tmp_path / "nothing").mkdir()
    with (
        site.scheduler("nothing", nothing) as address,
        dask_cluster.worker(machine, address, settings, site.folder / "nothing.log"),
    ):
        told = refusal(*REJUDGE, address, settings=settings)
    assert f"The scheduler {address} does not find the program" in told


def test_who_does_not_answer_is_told(site: Site, tmp_path: Path) -> None:
    settings = site.settings("dosong")
    nobody = f"tls://{site.machines[0].gateway}:{free_port()}"
    assert f"{nobody} does not answer" in refusal(*REJUDGE, nobody, settings=settings)
    bare = {name: value for name, value in settings.items() if name not in site.tls}
    assert "needs certificates" in refusal(*REJUDGE, nobody, settings=bare)
    lost = settings | dict.fromkeys(site.tls, "/nowhere.pem")
    assert "certificates cannot be read" in refusal(*REJUDGE, nobody, settings=lost)
    with site.scheduler("idle") as address:
        other = settings | dask_cluster.make_certificate(tmp_path)
        assert f"{address} does not answer" in refusal(*REJUDGE, address, settings=other)
        assert "has no worker" in refusal(*REJUDGE, address, settings=settings)

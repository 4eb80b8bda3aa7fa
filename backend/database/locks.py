"""Advisory locks of the database: all keys are here, so that no two purposes share one.

A lock lasts until the end of its transaction. PostgreSQL keeps keys of one number apart from keys
of two numbers.
"""

from sqlalchemy import text

from backend.database.extensions import db

# Keys of one number.
JOBS_LOCK = 5_692  # one process runs jobs
RELEASE_LOCK = 5_695  # one process makes a release
DEVICELESS_LOCK = 5_696  # one process revises rows without a device, which have no row to lock
BOUNDARY_SETS_LOCK = 5_698  # one process loads or activates boundary sets
MOVES_LOCK = 5_699  # one move of an organisation at a time: two could make a loop
DAILY_HISTORY_LOCK = 5_702  # one process sums the days before today
AUDIT_LOCK = 5_703  # one process adds a digest of the audit log
ARCHIVE_LOCK = 5_704  # a month leaves the table, a device withdraws, or a lot is imported
SEAL_KEYS_LOCK = 5_700  # one worker registers a key of seals, so that it gets one number
OUTREACH_LOCK = 5_705  # one activity is written at a time, and none while a report is frozen

# Keys of two numbers: the first of them.
STATISTICS_LOCK = 5_694  # one process computes the statistics of a province, or of the country (0)
SIGNALS_LOCK = 5_697  # one search for signals of a province (its unit), or of a campaign (-id)
LETTERHEAD_LOCK = 5_701  # one change of a unit's letterhead at a time

ONE = text("select pg_advisory_xact_lock(:key)")
TWO = text("select pg_advisory_xact_lock(:key, :of)")
TRY_TWO = text("select pg_try_advisory_xact_lock(:key, :of)")
# PostgreSQL lists keys as numbers without a sign.
HELD = text("""
    select exists (select from pg_locks
        where locktype = 'advisory' and objsubid = 2 and granted
            and database = (select oid from pg_database where datname = current_database())
            and classid = :key and objid = (cast(:of as bigint) & 4294967295))
""")
ACCOUNT = text("select pg_advisory_xact_lock(hashtext(:issuer), hashtext(:subject))")
NETWORK = text("select pg_advisory_xact_lock(hashtextextended(encode(:network, 'hex'), 0))")


def hold(key: int, of: int | None = None) -> None:
    """Wait for a lock, or for that of one unit, and hold it in the session's transaction."""
    if of is None:
        db.session.execute(ONE, {"key": key})
    else:
        db.session.execute(TWO, {"key": key, "of": of})


def try_hold(key: int, of: int) -> bool:
    """Hold the lock of one unit as `hold` does, or return False where it is taken."""
    free: bool = db.session.execute(TRY_TWO, {"key": key, "of": of}).scalar_one()
    return free


def is_held(key: int, of: int) -> bool:
    """Return whether a transaction holds the lock of one unit."""
    held: bool = db.session.execute(HELD, {"key": key, "of": of}).scalar_one()
    return held


def hold_account(issuer: str, subject: str) -> None:
    """Hold the lock of an OpenID account: two first sign-ins at the same time make one person."""
    db.session.execute(ACCOUNT, {"issuer": issuer, "subject": subject})


def hold_network(network: bytes | None) -> None:
    """Hold the lock of a network's digest: its notes of a day are counted one after another."""
    db.session.execute(NETWORK, {"network": network})

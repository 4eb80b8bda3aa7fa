"""Whether a test with a data cap measured the speed of its line. Pure functions of plain values."""

CAPPED = "capped"  # the mark of a sample that counts without a speed
SPEEDS = ("download_mbps", "upload_mbps")
# The part of a cap that the largest transfer of a direction has at least, and the most that any has
# in MB (backend/static/do/connection-test.js).
LARGEST_SHARE = {"download_mbps": 0.49, "upload_mbps": 0.33}
TRANSFER_MOST_MB = 50
# A transfer waits one round trip for its first byte, so it reads too low by that part of its time:
# at most 5 % if it takes this many round trips (docs/measuring.md has the measurement).
ROUND_TRIPS_LEAST = 20
# Shorter transfers say more about the phone's processor than about the line.
TRANSFER_LEAST_S = 0.4


def measures_speed(
    cap_mb: float | None,
    download_mbps: float | None,
    upload_mbps: float | None,
    ping_ms: float | None,
) -> bool:
    """Return whether the largest transfers within a cap take long enough at the measured rates.

    Without a cap a test goes on until its rate is known. Without a ping only the least time counts.
    """
    if cap_mb is None:
        return True
    least_s = max(TRANSFER_LEAST_S, ROUND_TRIPS_LEAST * (ping_ms or 0) / 1e3)
    rates = dict(zip(SPEEDS, (download_mbps, upload_mbps), strict=True))
    return all(
        min(cap_mb * LARGEST_SHARE[name], TRANSFER_MOST_MB) * 8 >= least_s * rate
        for name, rate in rates.items()
        if rate is not None
    )


def measured_value(metric: str) -> str:
    """Return the SQL expression of a metric of measurements; null for a speed that is capped."""
    if metric not in SPEEDS:
        return metric
    return f"case when not '{CAPPED}' = any(marks) then {metric} end"

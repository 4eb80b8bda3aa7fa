"""What a phone believes the time is."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's clock, off by as much as it was made to jump."""

    def __init__(self) -> None:
        self._off = timedelta(0)

    def now(self) -> datetime:
        """The time, as the phone believes."""
        return datetime.now(UTC) + self._off

    def jump(self, by: timedelta) -> None:
        """Be set by a person, or by a network that tells another time."""
        self._off += by

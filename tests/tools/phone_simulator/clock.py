"""The clock of a phone."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's clock with an offset."""

    def __init__(self) -> None:
        self._off = timedelta(0)

    def now(self) -> datetime:
        """Return the time of the phone."""
        return datetime.now(UTC) + self._off

    def jump(self, by: timedelta) -> None:
        """Change the clock, as a person or a network does."""
        self._off += by

"""What can go wrong in the relay."""

from __future__ import annotations

from network.errors import NetworkError


class AlertsMalformed(NetworkError):
    """A post that is neither Alertmanager's webhook nor Prometheus' own. `problem`: where; never its values."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"no alerts: {problem}; see docs/monitoring.md for what may be sent here")
        self.problem = problem


class NotDelivered(NetworkError):
    """A channel did not take a message now; it is tried again. `channel` and `problem`: which, and its words."""

    def __init__(self, channel: str, problem: str) -> None:
        super().__init__(f"{channel}: {problem}; the message waits and is tried again")
        self.channel = channel
        self.problem = problem


class RecordRefused(NetworkError):
    """A daily record that is not to be believed. `day` and `problem`: which, and why."""

    def __init__(self, day: str, problem: str) -> None:
        super().__init__(f"record of {day}: {problem}")
        self.day = day
        self.problem = problem

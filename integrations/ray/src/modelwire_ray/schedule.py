"""The schedule of calls that share a quota: evenly spaced, by requests and by tokens."""

from __future__ import annotations

from attrs import define

__all__ = ["Schedule"]


@define
class Schedule:
    """The times at which calls may start.

    No call starts earlier than the calls before it allow, and time that passed unused is not saved
    up, so no minute has more than the quota. Times are in seconds on any clock that only goes on.

    Attributes:
        requests_per_minute: The quota of requests, or `None` for no limit.
        tokens_per_minute: The quota of tokens, or `None` for no limit.
        after_requests: When the requests so far are paid for.
        after_tokens: When the tokens so far are paid for.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    after_requests: float = 0.0
    after_tokens: float = 0.0

    def take(self, tokens: float, now: float) -> float:
        """Reserve a call; return the time at which it may start.

        Args:
            tokens: The tokens that it is expected to use.
            now: The time.
        """
        start = max(now, self.after_requests, self.after_tokens)
        self.after_requests = self.after_tokens = start
        self.correct(requests=1, tokens=tokens)
        return start

    def correct(self, *, requests: float, tokens: float) -> None:
        """Add what calls used in addition to what was reserved; less than zero gives it back."""
        if self.requests_per_minute is not None:
            self.after_requests += requests * 60 / self.requests_per_minute
        if self.tokens_per_minute is not None:
            self.after_tokens += tokens * 60 / self.tokens_per_minute

    def resume(self, start: float) -> None:
        """Let no further call start before a call that was reserved elsewhere."""
        self.after_requests = max(self.after_requests, start)
        self.after_tokens = max(self.after_tokens, start)

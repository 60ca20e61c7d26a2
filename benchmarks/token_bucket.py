"""A token bucket in front of answers: requests beyond the quota are refused, and both are counted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from random import Random

__all__ = ["COUNTS", "TokenBucket"]

COUNTS = "/counts"
"""The path that answers with the counts as JSON."""

_ANSWER_SECONDS = (0.2, 0.6)
_HEAD = "HTTP/1.1 {}\r\ncontent-type: application/json\r\n{}content-length: {}\r\n\r\n"
_REFUSAL = b'{"message": "Too many requests, please wait before trying again."}'


class TokenBucket:
    """A quota of requests as services keep it: a bucket that is full at first and filled evenly.

    Args:
        rate: Requests that are added in a second.
        capacity: The most requests that it holds.
        retry_after: Seconds that a refusal asks to wait, or `None` for no such header field.
        clock: The time in seconds.
    """

    def __init__(
        self,
        rate: float,
        capacity: float,
        retry_after: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._capacity, self._clock = rate, capacity, clock
        field = "" if retry_after is None else f"retry-after: {retry_after:g}\r\n"
        fields = f"x-amzn-errortype: ThrottlingException\r\n{field}"
        self._refusal = _whole("429 Too Many Requests", fields, _REFUSAL)
        self._level = capacity
        self._at = clock()
        self._first: float | None = None
        self._random = Random(3)  # noqa: S311 - no secret
        self._admitted = self._refused = 0

    def admit(self) -> bool:
        """Count a request; whether the quota has room for it."""
        now = self._clock()
        self._level = min(self._capacity, self._level + (now - self._at) * self._rate)
        self._at = now
        self._first = now if self._first is None else self._first
        if self._level < 1:
            self._refused += 1
            return False
        self._level -= 1
        self._admitted += 1
        return True

    def counts(self) -> dict[str, float]:
        """The requests so far, and the seconds from the first to the last of them."""
        seconds = 0.0 if self._first is None else self._at - self._first
        return {"admitted": self._admitted, "refused": self._refused, "seconds": seconds}

    def choose(
        self, path: str, body: bytes
    ) -> bytes | Callable[[], Iterator[bytes | float | None]]:
        """The answer to a request: whole bytes, or a script that takes as long as a model does."""
        if path == COUNTS:
            return _whole("200 OK", "", json.dumps(self.counts()).encode())
        if not self.admit():
            return self._refusal

        def script() -> Iterator[bytes | float]:
            yield self._clock() + self._random.uniform(*_ANSWER_SECONDS)
            yield body

        return script


def _whole(status: str, fields: str, body: bytes) -> bytes:
    return _HEAD.format(status, fields, len(body)).encode() + body

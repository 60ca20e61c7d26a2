"""Whether the same request may be sent again is told truthfully; sending it is the core's business."""

from __future__ import annotations

import pytest

from modelwire.errors import ProviderError
from modelwire.testing.answers import Answer
from modelwire.testing.bench import Bench
from modelwire.testing.judging import check
from modelwire.testing.rules.answers import LONG
from modelwire.testing.rules.rule import WIRE, Rules, needs

__all__ = ["RetryingRules"]

_AGAIN = {400: False, 401: False, 403: False, 404: False, 429: True, 500: True, 503: True}


class RetryingRules(Rules):
    """`retryable`, `retry_after`, and that nobody but the core tries again."""

    @needs(WIRE)
    @pytest.mark.parametrize(("status", "again"), _AGAIN.items())
    def test_whether_another_try_helps_is_told(
        self, bench: Bench, status: int, again: bool
    ) -> None:
        """What passes may be tried again; what would be refused again may not."""
        error = bench.ask(bench.wire.refuse(status, "The service says no.")).error
        check(isinstance(error, ProviderError), f"a ProviderError is expected, not {error!r}")
        told = isinstance(error, ProviderError) and error.retryable
        check(told is again, f"after {status}, retryable is {again}, not {told}")

    @needs(WIRE)
    def test_the_wait_that_the_service_asks_for_is_told(self, bench: Bench) -> None:
        """`Retry-After: 7` is `retry_after` 7."""
        reply = bench.wire.refuse(429, "Too many requests.", headers={"Retry-After": "7"})
        error = bench.ask(reply).error
        told = error.retry_after if isinstance(error, ProviderError) else None
        check(told == 7, f"retry_after is 7 seconds, not {told}")

    @needs(WIRE)
    def test_the_plugin_itself_does_not_try_again(self, bench: Bench) -> None:
        """One try is one request; else a busy service gets the square of the tries."""
        bench.server.always(bench.wire.refuse(503, "The service is busy."))
        bench.ask()
        check(len(bench.requests) == 1, f"one try is one request, not {len(bench.requests)}")

    @needs(WIRE)
    def test_a_passing_failure_is_overcome(self, bench: Bench) -> None:
        """With two tries, a busy moment does not matter."""
        good = bench.wire.reply(bench.wire.bodies(Answer(LONG)))
        busy = bench.wire.refuse(503, "The service is busy.")
        message = bench.ask(busy, good, tries=2).message
        check(message.text == LONG, f"the second try answers: {message.text!r}")
        check(len(message.attempts) == 1, f"the first try is told: {message.attempts}")

    @needs(WIRE)
    def test_after_the_first_word_nothing_is_repeated(self, bench: Bench) -> None:
        """An answer that broke off in the middle is not begun again behind the caller's back."""
        bodies = bench.wire.bodies(Answer(LONG))
        cut = bench.wire.reply(bodies[: len(bodies) // 2], end="cut")
        outcome = bench.ask(cut, bench.wire.reply(bodies), tries=3)
        check(outcome.error is not None, "the answer that broke off is an error")
        check(len(bench.requests) == 1, f"one request was made, not {len(bench.requests)}")

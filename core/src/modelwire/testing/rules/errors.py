"""Rules on errors: their types, whether they are retryable, and the partial message."""

from __future__ import annotations

import pytest

from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    BillingError,
    ConnectionFailed,
    InvalidRequest,
    MalformedResponse,
    ModelwireError,
    NotFound,
    Overloaded,
    PluginError,
    ProviderError,
    RateLimited,
    ServerError,
    StreamTruncated,
)
from modelwire.testing.bench import Bench, Outcome
from modelwire.testing.checks import check, fail
from modelwire.testing.listener import refusing_port
from modelwire.testing.rules.answers import LONG
from modelwire.testing.rules.rule import WIRE, Rules, needs
from modelwire.testing.server import Reply
from modelwire.testing.wires import ScriptedAnswer

__all__ = ["FaultRules", "RetryingRules"]

_MEANING: dict[int, tuple[type[ProviderError], ...]] = {
    400: (InvalidRequest,),
    401: (AuthenticationError, AccessDenied),
    403: (AccessDenied, AuthenticationError, BillingError),
    404: (NotFound,),
    429: (RateLimited,),
    500: (ServerError,),
    503: (Overloaded, ServerError),
}

_SIGN = "§"
_PIECE, _ENDLESS = 1 << 20, 72 << 20
"""The size of an event without an end, at once and in all: more than `Response` reads."""


class FaultRules(Rules):
    """The matrix of faults. An error names its kind, and `partial` holds what had arrived."""

    @needs(WIRE)
    def test_a_refused_connection_is_reported(self, bench: Bench) -> None:
        """Nothing listens: `ConnectionFailed`."""
        with refusing_port() as port:
            outcome = bench.ask(url=f"http://127.0.0.1:{port}")
        _failed(outcome, ConnectionFailed)

    @needs(WIRE)
    @pytest.mark.parametrize("status", sorted(_MEANING))
    def test_a_refusal_is_reported_by_its_kind(self, bench: Bench, status: int) -> None:
        """Each status is the error of its kind, with the service's own words."""
        reply = bench.wire.refuse(status, "The service says no, and why.")
        error = _failed(bench.ask(reply), *_MEANING[status])
        check(
            error.status == status,
            f"the error has the status {status}",
            found=f"found {error.status}",
        )
        check(
            "says no" in str(error), "the error says what the service said", found=f"found {error}"
        )
        if bench.wire.request_id_header is not None:
            check(
                error.request_id == "request-1",
                "the error has the id of the request",
                found=f"found {error.request_id!r}",
            )

    @needs(WIRE)
    @pytest.mark.parametrize("way", ["closed", "ended", "reset"])
    def test_an_answer_that_was_cut_is_an_error(self, bench: Bench, way: str) -> None:
        """Cut in the middle: by a closed connection, by the end of the body, by a TCP reset."""
        bodies = bench.wire.bodies(ScriptedAnswer(LONG))
        half = bodies[: len(bodies) // 2]
        ends = {"closed": "cut", "ended": "complete", "reset": "reset"}
        outcome = bench.ask(bench.wire.reply(half, end=ends[way]))  # type: ignore[arg-type] # of End
        kinds = (StreamTruncated, ConnectionFailed)
        _failed(outcome, *((StreamTruncated,) if way == "ended" else kinds))
        _keeps_the_beginning(outcome)

    @needs(WIRE)
    def test_a_cut_anywhere_is_never_taken_for_the_end(self, bench: Bench) -> None:
        """However many events arrive, the answer is whole or an error."""
        bodies = bench.wire.bodies(ScriptedAnswer(LONG))
        for kept in range(len(bodies)):
            outcome = bench.ask(bench.wire.reply(bodies[:kept]))
            if outcome.finished is not None and outcome.finished.text != LONG:
                fail(
                    f"an answer that was cut after {kept} of {len(bodies)} events is an error, "
                    f"but was taken for {outcome.finished.text!r}"
                )

    @needs(WIRE)
    def test_malformed_bytes_are_reported(self, bench: Bench) -> None:
        """An event of which no sense can be made: `MalformedResponse`, after what was good."""
        bodies = bench.wire.bodies(ScriptedAnswer(LONG))
        half = len(bodies) // 2
        reply = bench.wire.reply([*bodies[:half], bench.wire.garbage(), *bodies[half:]])
        outcome = bench.ask(reply)
        _failed(outcome, MalformedResponse)
        _keeps_the_beginning(outcome)

    @needs(WIRE)
    def test_bytes_that_are_no_text_are_no_bug_of_the_plugin(self, bench: Bench) -> None:
        """Invalid UTF-8 within a text: an answer with replaced characters, or `MalformedResponse`."""
        bodies = bench.wire.bodies(ScriptedAnswer(f"{LONG} {_SIGN}"))
        spoilt = [body.replace(_SIGN.encode(), b"\xff\xfe") for body in bodies]
        if spoilt == bodies:
            pytest.skip("the wire does not write its text as UTF-8")
        outcome = bench.ask(bench.wire.reply(spoilt))
        if outcome.error is not None:
            _failed(outcome, MalformedResponse)
            _keeps_the_beginning(outcome)

    @needs(WIRE)
    def test_an_event_without_an_end_is_not_read_on_and_on(self, bench: Bench) -> None:
        """It would fill the memory: `MalformedResponse` at a limit, as `Response` has for its events."""
        begin = bench.wire.endless()
        if begin is None:
            pytest.skip("every event of the wire says its size")
        bodies = bench.wire.bodies(ScriptedAnswer(LONG))
        more = [b"x" * _PIECE] * (_ENDLESS // _PIECE)
        half = len(bodies) // 2
        outcome = bench.ask(bench.wire.reply([*bodies[:half], begin, *more], end="cut"))
        if isinstance(outcome.error, StreamTruncated):
            fail(
                f"{_ENDLESS >> 20} MiB of one event were read; `Response.sse` and `Response.json_lines` end it"
            )
        _failed(outcome, MalformedResponse)
        _keeps_the_beginning(outcome)

    @needs(WIRE)
    @pytest.mark.parametrize(
        "body", ["", "<html><title>Welcome</title></html>"], ids=["empty", "page"]
    )
    def test_a_success_that_says_nothing_is_an_error(self, bench: Bench, body: str) -> None:
        """Proxies and captive portals answer 200 too."""
        headers = {"Content-Type": "text/html" if body else bench.wire.content_type}
        outcome = bench.ask(Reply([body.encode()], headers=headers))
        _failed(outcome, StreamTruncated, MalformedResponse)

    @needs(WIRE, "stream_errors")
    def test_an_error_in_mid_stream_is_reported(self, bench: Bench) -> None:
        """With the service's own words, after what was good."""
        bodies = bench.wire.bodies(ScriptedAnswer(LONG))
        event = bench.wire.encode(bench.wire.failure("The engine fell over."))
        outcome = bench.ask(bench.wire.reply([*bodies[: len(bodies) // 2], event]))
        error = _failed(outcome, ProviderError)
        check("engine fell over" in str(error), f"the error says what the service said: {error}")
        check(
            not isinstance(error, StreamTruncated),
            "an error that the service reports is not mistaken for a truncated stream",
        )
        _keeps_the_beginning(outcome)


def _failed(outcome: Outcome, *kinds: type[ProviderError]) -> ProviderError:
    """The error of an answer, which has to be of one of these kinds."""
    __tracebackhide__ = True
    expected = " or ".join(kind.__name__ for kind in kinds)
    if outcome.error is None:
        fail(
            f"{expected} is expected",
            found=f"the answer was accepted as complete: {outcome.finished}",
        )
    if isinstance(outcome.error, PluginError):
        cause = outcome.error.__cause__
        msg = f"the plugin raised {cause!r}; expected: {expected}"
        raise AssertionError(msg) from outcome.error
    if not isinstance(outcome.error, kinds):
        msg = f"found {outcome.error!r}; expected: {expected}"
        raise AssertionError(msg) from outcome.error
    return outcome.error


def _keeps_the_beginning(outcome: Outcome) -> None:
    __tracebackhide__ = True
    partial = outcome.error.partial if isinstance(outcome.error, ModelwireError) else None
    text = partial.text if partial is not None else ""
    check(
        text and LONG.startswith(text),
        "what had arrived before the fault is on error.partial",
        found=f"found {text!r}",
    )


_AGAIN = {400: False, 401: False, 403: False, 404: False, 429: True, 500: True, 503: True}


class RetryingRules(Rules):
    """That only the core retries, `retryable`, and `retry_after`."""

    @needs(WIRE)
    @pytest.mark.parametrize("status", [status for status, again in _AGAIN.items() if again])
    def test_the_plugin_itself_does_not_try_again(self, bench: Bench, status: int) -> None:
        """One try is one request; else a busy service gets the square of the tries."""
        bench.server.always(bench.wire.refuse(status, "The service is busy."))
        bench.ask()
        sent = len(bench.requests)
        check(
            sent == 1,
            f"one try is one request after {status}",
            found=f"the plugin sent {sent} requests for one try",
        )

    @needs(WIRE)
    @pytest.mark.parametrize(("status", "again"), _AGAIN.items())
    def test_whether_another_try_helps_is_reported(
        self, bench: Bench, status: int, again: bool
    ) -> None:
        """Transient failures are retryable; permanent ones are not."""
        error = bench.ask(bench.wire.refuse(status, "The service says no.")).error
        check(
            isinstance(error, ProviderError),
            "a ProviderError is expected",
            found=f"found {error!r}",
        )
        retryable = isinstance(error, ProviderError) and error.retryable
        check(
            retryable is again, f"after {status}, retryable is {again}", found=f"found {retryable}"
        )

    @needs(WIRE)
    def test_the_wait_that_the_service_asks_for_is_reported(self, bench: Bench) -> None:
        """`Retry-After: 7` is `retry_after` 7."""
        reply = bench.wire.refuse(429, "Too many requests.", headers={"Retry-After": "7"})
        error = bench.ask(reply).error
        retry_after = error.retry_after if isinstance(error, ProviderError) else None
        check(retry_after == 7, "retry_after is 7 seconds", found=f"found {retry_after}")

    @needs(WIRE)
    def test_a_passing_failure_is_overcome(self, bench: Bench) -> None:
        """With two tries, a busy moment does not matter."""
        good = bench.wire.reply(bench.wire.bodies(ScriptedAnswer(LONG)))
        busy = bench.wire.refuse(503, "The service is busy.")
        message = bench.ask(busy, good, tries=2).message
        check(message.text == LONG, f"the second try answers: {message.text!r}")
        check(len(message.attempts) == 1, f"the first try is reported: {message.attempts}")

    @needs(WIRE)
    def test_after_the_first_word_nothing_is_repeated(self, bench: Bench) -> None:
        """An answer that broke off in the middle is not begun again behind the caller's back."""
        bodies = bench.wire.bodies(ScriptedAnswer(LONG))
        cut = bench.wire.reply(bodies[: len(bodies) // 2], end="cut")
        outcome = bench.ask(cut, bench.wire.reply(bodies), tries=3)
        check(outcome.error is not None, "the answer that broke off is an error")
        check(
            len(bench.requests) == 1, "one request was made", found=f"found {len(bench.requests)}"
        )

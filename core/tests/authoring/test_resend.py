"""One answer over several requests: what is sent again, how often, and within which deadline."""

import asyncio
import json
from contextlib import aclosing

import pytest
from attrs import evolve, field, frozen

from modelwire.authoring import CallAttempt, JsonEvent, Remedy, cut_stream, stream_call, stream_json
from modelwire.errors import (
    ConfigError,
    InvalidRequest,
    MalformedResponse,
    ProviderError,
    RequestTimeout,
    ServerError,
    StreamTruncated,
)
from modelwire.events import Diagnostic, ResponseInfo, Stop, TextDelta, UsageReport, deltas_of
from modelwire.messages import StopReason, Usage
from modelwire.messages.usage import Cost, priced
from modelwire.repair import Change
from modelwire.testing import Gate, Reply
from modelwire.transport import Deadlines, Transport


class Translator:
    """Text, a usage, an end; an event `bad` is a fault behind what came before it."""

    def __init__(self):
        self.ended = False

    def feed(self, events, deltas):
        for event in events:
            if not isinstance(event, JsonEvent) or self.ended:
                continue
            if "text" in event.data:
                deltas.append(TextDelta(0, event.data["text"]))
            elif "model" in event.data:
                deltas.append(ResponseInfo(response_model=event.data["model"]))
            elif "used" in event.data:
                deltas.append(UsageReport(Usage(event.data["used"])))
            elif "bad" in event.data:
                raise MalformedResponse(event.data["bad"])
            else:
                self.ended = True
                deltas.append(Stop(StopReason.STOP))

    def end(self):
        if not self.ended:
            raise cut_stream()


@frozen
class Call:
    api: object
    url: str
    payload: dict
    changes: tuple = ()

    async def attempt(self, transport):
        def send(deadlines):
            return stream_json(
                self.api, self.url, self.payload, transport=transport, deadlines=deadlines
            )

        return CallAttempt(send, Translator())

    async def without(self, key):
        if key not in self.payload:
            return None
        rest = {name: value for name, value in self.payload.items() if name != key}
        change = Change("dropped", key, "It was refused.")
        return evolve(self, payload=rest, changes=(*self.changes, change))

    async def without_old(self):
        return await self.without("old")

    async def without_odd(self):
        return await self.without("odd")


def refuses(word):
    return lambda error: isinstance(error, InvalidRequest) and word in error.message


OLD = Remedy(refuses("old"), Call.without_old, "messages", "The service refused what is old.")
ODD = Remedy(refuses("odd"), Call.without_odd, "options", "The service refused what is odd.")


def sse(*payloads):
    return "".join(f"data: {json.dumps(payload)}\n\n" for payload in payloads).encode()


def refusal(text):
    return Reply([json.dumps({"error": text}).encode()], status=400)


ANSWER = Reply([sse({"text": "hi"}, {"end": 1})])


@pytest.fixture
def stream(server, transport, api_with):
    def begin(payload=None, *, deadlines=None, plan=None, changes=(), **options):
        async def planned():
            return Call(api_with(), server.url, payload or {"old": 1, "odd": 2}, changes)

        given = {"provider": "acme", "model": "m", "remedies": (OLD, ODD), **options}
        return stream_call(plan or planned, transport, deadlines or Deadlines(), **given)

    return begin


@pytest.fixture
def take(stream):
    """Take a whole answer: all deltas, and the error that ended them or `None`."""

    async def run(*arguments, **options):
        seen = []
        try:
            async for arrived in stream(*arguments, **options):
                seen += deltas_of(arrived)
        except ProviderError as error:
            return seen, error
        return seen, None

    return run


def diagnostics(deltas):
    return [(d.type, d.data["path"]) for d in deltas if isinstance(d, Diagnostic)]


async def test_an_answer_comes_with_the_id_of_its_request(server, take):
    server.script(Reply(ANSWER.pieces, headers={"x-request-id": "req_1"}))
    assert await take() == (
        [
            ResponseInfo(request_id="req_1", api="acme-chat"),
            TextDelta(0, "hi"),
            Stop(StopReason.STOP),
        ],
        None,
    )


async def test_a_usage_without_a_cost_is_priced(server, take):
    async def price(usage):
        asked.append(usage)
        return priced(usage, Cost(input=0.5))

    asked = []
    server.script(Reply([sse({"used": 1}, {"text": "hi"}, {"used": 2}, {"end": 1})]))
    deltas, error = await take(price=price)
    assert error is None
    assert asked == [Usage(1), Usage(2)]
    found = [delta.usage for delta in deltas if isinstance(delta, UsageReport)]
    assert [(usage.input, usage.cost) for usage in found] == [(1, Cost(0.5)), (2, Cost(0.5))]


async def test_the_changes_of_the_request_come_first(server, take):
    server.script(ANSWER)
    change = Change("merged", "messages[1]", "Two are one.")
    deltas, _ = await take(changes=(change,))
    assert deltas[0] == change.diagnostic()


async def test_a_refused_request_is_sent_once_more_with_less(server, take):
    server.script(refusal("old news"), ANSWER)
    change = Change("merged", "messages[1]", "Two are one.")
    deltas, error = await take(changes=(change,))
    assert error is None
    assert [request.data for request in server.requests] == [{"old": 1, "odd": 2}, {"odd": 2}]
    assert diagnostics(deltas) == [
        ("merged", "messages[1]"),
        ("retried", "messages"),
        ("dropped", "old"),
    ]
    assert deltas[1].data["reason"] == "The service refused what is old."


async def test_each_reason_is_a_reason_once(server, take):
    server.script(refusal("old"), refusal("odd"), refusal("old"), ANSWER)
    deltas, error = await take()
    assert isinstance(error, InvalidRequest)
    assert [request.data for request in server.requests] == [
        {"old": 1, "odd": 2},
        {"odd": 2},
        {},
    ]
    assert [kind for kind, _ in diagnostics(deltas)].count("retried") == 2


async def test_a_remedy_that_has_nothing_to_leave_out_is_none(server, take):
    server.script(refusal("old"), ANSWER)
    _, error = await take({"odd": 2})
    assert isinstance(error, InvalidRequest)
    assert len(server.requests) == 1


async def test_another_failure_is_the_callers(server, take):
    server.script(Reply(status=500), ANSWER)
    _, error = await take()
    assert isinstance(error, ServerError)
    assert (error.provider, error.model) == ("acme", "m")
    assert len(server.requests) == 1


async def test_an_error_is_explained_before_it_is_raised(server, take):
    def explain(call, error):
        error.hint = f"{call.payload} was refused."

    server.script(refusal("old"), refusal("old"))
    _, error = await take(explain=explain)
    assert error.hint == "{'odd': 2} was refused."


async def test_after_content_nothing_is_sent_again(server, take):
    server.script(Reply([sse({"text": "hi"}, {"bad": "old"})]), ANSWER)
    anything = Remedy(lambda _: True, Call.without_old, "messages", "Why not.")
    deltas, error = await take(remedies=(anything,))
    assert isinstance(error, MalformedResponse)
    assert TextDelta(0, "hi") in deltas
    assert len(server.requests) == 1


async def test_facts_about_the_response_are_no_content(server, take):
    server.script(Reply([sse({"model": "m-1"}, {"bad": "old"})]), ANSWER)
    anything = Remedy(lambda _: True, Call.without_old, "messages", "Why not.")
    _, error = await take(remedies=(anything,))
    assert error is None
    assert len(server.requests) == 2


@pytest.mark.parametrize("pieces", [[sse({"text": "hi"}, {"bad": "x"})], [sse({"text": "hi"})]])
async def test_what_came_before_a_fault_is_given_first(server, take, pieces):
    server.script(Reply(pieces))
    deltas, error = await take()
    assert TextDelta(0, "hi") in deltas
    assert isinstance(error, MalformedResponse | StreamTruncated)


async def test_an_answer_without_an_end_is_cut(server, take):
    server.script(Reply([sse({"text": "hi"})]))
    _, error = await take()
    assert str(error).startswith("The stream ended without a stop reason")


@frozen
class Watched(Call):
    """A call that notes the deadlines of its requests."""

    given: list = field(factory=list)

    async def attempt(self, transport):
        attempt = await Call.attempt(self, transport)

        def send(deadlines):
            self.given.append(deadlines)
            return attempt.send(deadlines)

        return evolve(attempt, send=send)


@pytest.fixture
def given():
    """The deadlines that the requests were given."""
    return []


@pytest.fixture
def watched(server, api_with, given):
    """Plans such a call, and takes its time for that."""

    async def plan():
        await asyncio.sleep(0.1)
        return Watched(api_with(), server.url, {"old": 1, "odd": 2}, given=given)

    return plan


async def test_all_requests_share_one_deadline(server, take, watched, given):
    server.script(refusal("old"), refusal("odd"), ANSWER)
    await take(plan=watched, deadlines=Deadlines(total=60.0, idle=7.0))
    totals = [deadlines.total for deadlines in given]
    assert len(totals) == 3
    assert 60.0 - 0.1 >= totals[0] > totals[1] > totals[2] > 0
    assert {deadlines.idle for deadlines in given} == {7.0}


async def test_without_a_deadline_there_is_none(server, take, watched, given):
    server.script(refusal("old"), ANSWER)
    endless = Deadlines(total=None, idle=7.0)
    await take(plan=watched, deadlines=endless)
    assert given == [endless, endless]


async def test_a_deadline_that_passed_ends_the_answer(server, take, watched):
    server.script(refusal("old"), Reply(hold=Gate()))
    _, error = await take(plan=watched, deadlines=Deadlines(total=1.0))
    assert isinstance(error, RequestTimeout)
    assert error.phase == "total"
    assert len(server.requests) == 2


async def test_nothing_happens_before_it_is_asked_for(server, stream):
    async def plan():
        raise ConfigError("It cannot be planned.")

    answer = stream(plan=plan)
    with pytest.raises(ConfigError):
        await anext(answer)
    assert server.requests == []


async def test_leaving_closes_the_connection(server, stream):
    server.script(Reply([sse({"text": "hi"})], end="stall"))
    async with aclosing(stream()) as answer:
        await anext(answer)
        assert await anext(answer) == [TextDelta(0, "hi")]
    assert await asyncio.to_thread(server.client_left)


async def test_a_service_that_stays_after_the_answer_is_left(server, take):
    server.script(Reply(ANSWER.pieces, end="stall"))
    async with asyncio.timeout(20):
        _, error = await take()
    assert error is None


async def test_after_the_answer_the_connection_is_used_again(kept, api_with):
    async with kept(sse({"text": "hi"}, {"end": 1})) as (url, connections):

        async def plan():
            return Call(api_with(), url, {})

        async with Transport(environ={}) as transport:
            for _ in range(2):
                deltas = stream_call(plan, transport, Deadlines(), provider="acme", model="m")
                assert [arrived async for arrived in deltas][-1][-1] == Stop(StopReason.STOP)
    assert len(connections) == 1


@frozen
class ToldCall(Call):
    said: str = ""

    def told(self, error):
        return evolve(self, said="old" if "old" in error.message else "odd")

    async def without_said(self):
        return await self.without(self.said)


async def test_a_remedy_reads_the_error_and_may_be_tried_more_than_once(server, take, api_with):
    server.script(refusal("old"), refusal("odd"), ANSWER)

    async def plan():
        return ToldCall(api_with(), server.url, {"old": 1, "odd": 2})

    told = Remedy(
        lambda error: isinstance(error, InvalidRequest),
        ToldCall.without_said,
        path="",
        reason="",
        inform=ToldCall.told,
        times=2,
    )
    deltas, error = await take(remedies=(told,), plan=plan)
    assert error is None
    assert diagnostics(deltas) == [("dropped", "old"), ("dropped", "odd")]

import pytest

from modelwire.errors import ContextOverflow, InvalidRequest, Overloaded, ServerError
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    ResponseInfo,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
    UsageReport,
)
from modelwire.messages import Cost, StopReason, Usage
from modelwire_local.errors import error_from_exception
from modelwire_local.stream import ChunkDecoder


def delta(**content):
    return {"id": "x1", "choices": [{"index": 0, "delta": content, "finish_reason": None}]}


def finish(reason):
    return {"id": "x1", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def call(index, **function):
    identity = {"id": function.pop("id")} if "id" in function else {}
    return delta(tool_calls=[{"index": index, **identity, "function": function}])


def decoded(*chunks):
    decoder = ChunkDecoder("local", "m")
    deltas = [item for chunk in chunks for item in decoder.decode(chunk)]
    assert isinstance(deltas[0], ResponseInfo)
    return deltas[1:]


def test_text_comes_token_by_token():
    progress = {"id": "x1", "choices": [], "prompt_progress": {"total": 9, "processed": 4}}
    role = delta(role="assistant", content=None)
    assert decoded(progress, role, delta(content="A"), delta(content="B"), finish("stop")) == [
        TextDelta(1, "A"),
        TextDelta(1, "B"),
        Stop(StopReason.STOP, "stop"),
    ]


def test_the_answers_id_is_kept():
    (info,) = ChunkDecoder("local", "m").decode(delta(role="assistant"))
    assert info == ResponseInfo(response_id="x1", api="local-completions")


def test_usage_counts_cached_tokens_once():
    usage = {
        "prompt_tokens": 33,
        "completion_tokens": 8,
        "prompt_tokens_details": {"cached_tokens": 32},
    }
    chunk = {"choices": [], "usage": usage}
    assert decoded(chunk) == [UsageReport(Usage(input=1, output=8, cache_read=32, cost=Cost()))]


def test_thoughts_end_where_the_answer_begins():
    assert decoded(delta(reasoning_content="Hm"), delta(content="A")) == [
        ThinkingDelta(0, "Hm"),
        BlockEnd(0),
        TextDelta(1, "A"),
    ]


def test_tool_calls_begin_grow_and_end_one_after_another():
    assert decoded(
        call(0, id="c1", name="weather", arguments=""),
        call(0, arguments='{"city"'),
        call(0, arguments=': "Paris"}'),
        call(1, id="c2", name="news", arguments="{}"),
        finish("tool_calls"),
    ) == [
        ToolCallStart(2, "c1", "weather"),
        ArgumentsDelta(2, '{"city"'),
        ArgumentsDelta(2, ': "Paris"}'),
        BlockEnd(2),
        ToolCallStart(3, "c2", "news"),
        ArgumentsDelta(3, "{}"),
        BlockEnd(3),
        Stop(StopReason.TOOL_USE, "tool_calls"),
    ]


def test_a_call_without_an_id_is_given_one():
    assert decoded(call(1, name="news"))[0] == ToolCallStart(3, "call_1", "news")


def test_a_call_that_the_limit_cut_is_not_ended():
    assert decoded(call(0, id="c", name="news", arguments='{"a'), finish("length"))[-1] == Stop(
        StopReason.LENGTH, "length"
    )
    assert BlockEnd(2) not in decoded(call(0, id="c", name="n"), finish("length"))


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (
            {
                "code": 400,
                "message": "request (631 tokens) exceeds the available context size",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 631,
                "n_ctx": 512,
            },
            ContextOverflow,
        ),
        ({"code": 400, "message": "bad", "type": "invalid_request_error"}, InvalidRequest),
        ({"code": 503, "message": "Loading model", "type": "unavailable_error"}, Overloaded),
        ({"code": 500, "message": "Compute error.", "type": "server_error"}, ServerError),
        ({}, ServerError),
        ("a bare word", ServerError),
    ],
)
def test_failures_of_the_engine_are_typed(payload, kind):
    decoder = ChunkDecoder("local", "m")
    with pytest.raises(kind) as caught:
        list(decoder.decode({"error": payload}))
    assert type(caught.value) is kind
    assert (caught.value.provider, caught.value.model) == ("local", "m")


def test_an_overflow_says_how_much_of_how_much():
    payload = {"type": "exceed_context_size_error", "n_prompt_tokens": 631, "n_ctx": 512}
    with pytest.raises(ContextOverflow, match=r"631 tokens.* 512"):
        list(ChunkDecoder("local", "m").decode({"error": payload}))


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (ValueError("x"), InvalidRequest),
        (RuntimeError("x"), InvalidRequest),
        (KeyError(), ServerError),
    ],
)
def test_what_the_engine_raises_is_typed_and_not_tried_again(raised, kind):
    error = error_from_exception(raised, provider="local", model="m")
    assert type(error) is kind
    assert not error.retryable

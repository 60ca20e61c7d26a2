import pytest

from modelwire.errors import (
    ContextOverflow,
    InvalidRequest,
    MalformedResponse,
    Overloaded,
    ServerError,
    StreamTruncated,
)
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
from modelwire_local.chat.stream import Translator
from modelwire_local.errors import error_from_exception


def delta(**content):
    return {"id": "x1", "choices": [{"index": 0, "delta": content, "finish_reason": None}]}


def finish(reason):
    return {"id": "x1", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def call(index, **function):
    identity = {"id": function.pop("id")} if "id" in function else {}
    return delta(tool_calls=[{"index": index, **identity, "function": function}])


def translated(*chunks, names=None):
    deltas = []
    Translator("local", "m", names).feed(chunks, deltas)
    assert isinstance(deltas[0], ResponseInfo)
    return deltas[1:]


def test_text_comes_token_by_token():
    progress = {"id": "x1", "choices": [], "prompt_progress": {"total": 9, "processed": 4}}
    role = delta(role="assistant", content=None)
    assert translated(progress, role, delta(content="A"), delta(content="B"), finish("stop")) == [
        TextDelta(1, "A"),
        TextDelta(1, "B"),
        Stop(StopReason.STOP, "stop"),
    ]


def test_the_answers_id_is_kept():
    deltas = []
    Translator("local", "m").feed([delta(role="assistant")], deltas)
    (info,) = deltas
    assert info == ResponseInfo(response_id="x1", api="local-completions")


def test_usage_counts_cached_tokens_once():
    usage = {
        "prompt_tokens": 33,
        "completion_tokens": 8,
        "prompt_tokens_details": {"cached_tokens": 32},
    }
    chunk = {"choices": [], "usage": usage}
    assert translated(chunk) == [UsageReport(Usage(input=1, output=8, cache_read=32, cost=Cost()))]


def test_thoughts_end_where_the_answer_begins():
    assert translated(delta(reasoning_content="Hm"), delta(content="A")) == [
        ThinkingDelta(0, "Hm"),
        BlockEnd(0),
        TextDelta(1, "A"),
    ]


def test_tool_calls_begin_grow_and_end_one_after_another():
    assert translated(
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
    assert translated(call(1, name="news"))[0] == ToolCallStart(3, "call_1", "news")


def test_a_call_that_the_limit_cut_is_not_ended():
    assert translated(call(0, id="c", name="news", arguments='{"a'), finish("length"))[-1] == Stop(
        StopReason.LENGTH, "length"
    )
    assert BlockEnd(2) not in translated(call(0, id="c", name="n"), finish("length"))


def test_a_name_of_the_request_becomes_the_tools_own():
    names = {"get_weather_0a1b2c3d4e": "get.weather"}
    deltas = translated(call(0, id="c", name="get_weather_0a1b2c3d4e"), names=names)
    assert deltas == [ToolCallStart(2, "c", "get.weather")]


def test_it_has_ended_with_its_usage_which_comes_last():
    translator = Translator("local", "m")
    translator.feed([delta(content="A"), finish("stop")], [])
    assert not translator.ended
    translator.feed([{"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}], [])
    assert translator.ended
    translator.end()


def test_an_answer_without_a_finish_reason_is_cut():
    translator = Translator("local", "m")
    translator.feed([delta(content="A")], [])
    with pytest.raises(StreamTruncated) as caught:
        translator.end()
    assert (caught.value.provider, caught.value.model) == ("local", "m")


def test_what_came_before_a_failure_is_kept():
    deltas = []
    with pytest.raises(ServerError):
        Translator("local", "m").feed([delta(content="A"), {"error": {}}], deltas)
    assert deltas[1:] == [TextDelta(1, "A")]


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": [None]},
        {"choices": 5},
        {"choices": [{"delta": "text"}]},
        {"choices": [{"delta": {"tool_calls": [{"index": "first"}]}}]},
        {"id": 5},
        {"choices": [{"delta": {"content": 5}}]},
        {"choices": [{"delta": {"reasoning_content": {}}}]},
        {"choices": [{"delta": {"tool_calls": [{"id": -1}]}}]},
        {"choices": [{"delta": {"tool_calls": [{"function": {"name": 1.5}}]}}]},
        {"choices": [{"delta": {"tool_calls": [{"function": {"arguments": True}}]}}]},
        {"choices": [{"delta": {}, "finish_reason": 5}]},
    ],
)
def test_a_chunk_of_another_shape_is_a_typed_error(chunk):
    with pytest.raises(MalformedResponse) as caught:
        Translator("local", "m").feed([chunk], [])
    assert not caught.value.retryable


@pytest.mark.parametrize("count", ["many", -1, float("inf"), float("nan"), True, 10**30])
def test_a_usage_that_makes_no_sense_is_a_diagnostic(count):
    deltas = []
    Translator("local", "m").feed([{"choices": [], "usage": {"prompt_tokens": count}}], deltas)
    assert deltas[-1].type == "unreadable_usage"


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
    with pytest.raises(kind) as caught:
        Translator("local", "m").feed([{"error": payload}], [])
    assert type(caught.value) is kind
    assert (caught.value.provider, caught.value.model) == ("local", "m")


def test_an_overflow_says_how_much_of_how_much():
    payload = {"type": "exceed_context_size_error", "n_prompt_tokens": 631, "n_ctx": 512}
    with pytest.raises(ContextOverflow, match=r"631 tokens.* 512"):
        Translator("local", "m").feed([{"error": payload}], [])


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

"""Requests say what the caller says; what they do not say is recorded."""

import json
import math

import pytest

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, UserMessage
from modelwire.models import Model
from modelwire_local.chat.request import DEFAULT_SYSTEM_PROMPT, build_request
from modelwire_local.discovery import embedded_model
from modelwire_local.template import PLAIN

EMBEDDED = embedded_model("local")
OWN = Model("local", "qwen", extra={"path": "/qwen.gguf"})


def built(context, options=None, model=EMBEDDED):
    options = options or CompletionOptions()
    return build_request(model, context, options, embedded=model is EMBEDDED, template=PLAIN)


def request_of(context, options=None, model=EMBEDDED):
    return built(context, options, model).payload


def changes_of(options, model=EMBEDDED, context=None):
    return [(c.kind, c.path) for c in built(context or HELLO, options, model).changes]


HELLO = Context([UserMessage("Hello")])


def test_the_embedded_model_gets_a_short_leash():
    request = request_of(HELLO)
    assert request["messages"][0] == {"role": "system", "content": DEFAULT_SYSTEM_PROMPT}
    assert request["temperature"] == 0.0
    assert request["max_tokens"] == 512


def test_a_model_of_the_users_own_is_left_to_its_defaults():
    request = request_of(HELLO, model=OWN)
    assert request["messages"] == [{"role": "user", "content": "Hello"}]
    assert not {"temperature", "max_tokens", "stop", "tools"} & set(request)


def test_what_the_caller_says_counts():
    context = Context([UserMessage("Hello")], system_prompt="Be brief.")
    options = CompletionOptions(max_tokens=9, temperature=0.7, top_p=0.9, stop=("END", ""))
    request = request_of(context, options)
    assert request["messages"][0]["content"] == "Be brief."
    assert request["max_tokens"] == 9
    assert (request["temperature"], request["top_p"], request["stop"]) == (0.7, 0.9, ["END"])


def test_an_empty_system_prompt_is_the_callers_wish():
    request = request_of(Context([UserMessage("Hello")], system_prompt=""))
    assert request["messages"][0] == {"role": "system", "content": ""}


def test_further_parameters_reach_the_engine_but_settings_do_not():
    model = Model("local", "qwen", params={"threads": 4, "top_k": 40, "seed": 1})
    request = request_of(HELLO, CompletionOptions(params={"seed": 2}), model)
    assert (request["top_k"], request["seed"]) == (40, 2)
    assert "threads" not in request


def test_further_parameters_cannot_turn_streaming_off_or_replace_the_context():
    params = {"stream": False, "messages": [], "return_progress": False, "tools": [{}]}
    options = CompletionOptions(params=params)
    request = request_of(HELLO, options)
    assert request["stream"] is True
    assert request["return_progress"] is True
    assert len(request["messages"]) == 2
    assert changes_of(options) == [
        ("ignored", "options.params.stream"),
        ("ignored", "options.params.messages"),
        ("ignored", "options.params.return_progress"),
        ("ignored", "options.params.tools"),
    ]


def test_a_schema_becomes_a_grammar():
    schema = {"type": "object"}
    request = request_of(HELLO, CompletionOptions(response_schema=schema))
    assert request["response_format"]["json_schema"] == {"schema": schema}


@pytest.mark.parametrize("limit", [0, -1])
def test_an_answer_without_tokens_is_refused(limit):
    with pytest.raises(InvalidRequest, match="at least one token"):
        request_of(HELLO, CompletionOptions(max_tokens=limit))


def test_thinking_is_switched_only_on_models_that_think():
    model = Model("local", "qwen", reasoning=True)
    request = request_of(HELLO, CompletionOptions(reasoning="off"), model)
    assert request["chat_template_kwargs"] == {"enable_thinking": False}
    assert "chat_template_kwargs" not in request_of(HELLO, CompletionOptions(reasoning="high"))


@pytest.mark.parametrize(
    ("reasons", "level", "changes"),
    [
        (True, "off", []),
        (True, "high", [("rewritten", "options.reasoning")]),
        (False, "off", []),
        (False, "high", [("dropped", "options.reasoning")]),
    ],
)
def test_a_level_of_thinking_that_the_model_does_not_have_is_recorded(reasons, level, changes):
    model = Model("local", "qwen", reasoning=reasons)
    assert changes_of(CompletionOptions(reasoning=level), model) == changes


def test_options_without_a_counterpart_are_recorded():
    options = CompletionOptions(stop=("END", ""), metadata={"team": "seven"})
    assert changes_of(options) == [("dropped", "options.stop"), ("ignored", "options.metadata")]


def test_a_request_that_says_everything_changes_nothing():
    options = CompletionOptions(
        max_tokens=5, temperature=0.5, top_p=0.5, stop=("END",), params={"top_k": 3, "threads": 2}
    )
    assert changes_of(options) == []


@pytest.mark.parametrize("context", [Context(), Context([UserMessage(" ")])])
def test_there_has_to_be_something_to_answer(context):
    with pytest.raises(InvalidRequest, match="no message"):
        request_of(context)


def test_half_a_character_is_removed_and_recorded():
    context = Context([UserMessage("a\ud800b")], system_prompt="x\udfff")
    options = CompletionOptions(
        stop=("y\udfff",), response_schema={"const": "\udfff"}, params={"x": ["\udfff", math.nan]}
    )
    request = request_of(context, options)
    assert [message["content"] for message in request["messages"]] == ["x", "ab"]
    json.dumps(request, ensure_ascii=False, allow_nan=False).encode()
    assert changes_of(None, context=context) == [
        ("rewritten", "messages[0].content[0]"),
        ("rewritten", "system_prompt"),
    ]

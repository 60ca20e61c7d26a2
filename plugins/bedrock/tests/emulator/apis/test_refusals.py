"""What the OpenAI-shaped and Anthropic-shaped APIs refuse, and in which words and shapes."""

import pytest
from bedrock_apis import CHAT, MESSAGES, PLACES, Place, call, post, signed

from modelwire_bedrock.emulator import Emulator
from modelwire_bedrock.emulator.apis.rules import API_RULES
from modelwire_bedrock.emulator.hosted import hosted_apis
from modelwire_bedrock.emulator.rules import FAMILIES, RULES, Evidence

GPT = "us.openai.gpt-6-sol"
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
FLAT_TOOL = {"type": "function", "name": "look", "parameters": {"type": "object"}}
CALL = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
ASKED = {"role": "user", "content": "Hello"}
FORGED = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "forged"}
CHAT_CALL = {
    "role": "assistant",
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    ],
}
CLAUDE_CALL = {
    "role": "assistant",
    "content": [{"type": "tool_use", "id": "c1", "name": "look", "input": {}}],
}
CLAUDE_TOOL = {"name": "look", "input_schema": {"type": "object"}}

# The rule, the API, what is changed in its request, and words of the answer.
BREACHES = [
    ("the second endpoint has the model", "mantle-responses", {"model": GPT}, f"The model '{GPT}' does not exist"),
    ("the second endpoint has the model", "mantle-messages", {"model": "anthropic.claude-fable-5-1"}, "does not exist"),
    ("the runtime endpoint has the model", "responses", {"model": "openai.gpt-5.5"}, "The provided model identifier is invalid."),
    ("the runtime endpoint has the model", "messages", {"model": "us.anthropic.claude-haiku-4-5"}, "identifier is invalid"),
    ("the model has this API", "mantle-chat", {"model": "openai.gpt-5.5"}, "The model 'openai.gpt-5.5' does not support the '/v1/chat/completions' API"),
    ("the model has this API", "mantle-open", {"model": "openai.gpt-6-sol"}, "The model 'openai.gpt-6-sol' does not support the '/v1/responses' API"),
    ("the model has this API", "mantle-open", {"model": "google.gemma-4-31b"}, "model `google.gemma-4-31b` isn't supported on this route"),
    ("the model has this API", "mantle-responses", {"model": "openai.gpt-oss-20b"}, "model `openai.gpt-oss-20b` isn't supported on this route"),
    ("the model has this API", "mantle-responses", {"model": "anthropic.claude-sonnet-5"}, "does not support the '/v1/responses' API"),
    ("the model has this API", "mantle-messages", {"model": "openai.gpt-oss-20b"}, "isn't supported on this route"),
    ("the model has this API", "responses", {"model": "openai.gpt-oss-20b-1:0"}, "does not support the '/v1/responses' API"),
    ("the model has this API", "chat", {"model": "us.anthropic.claude-opus-5"}, "does not support"),
    ("the model has this API", "messages", {"model": "us.anthropic.claude-haiku-4-5-20251001-v1:0"}, "does not support the '/v1/messages' API"),
    ("a bare id can be called on demand at this API", "messages", {"model": "anthropic.claude-opus-5"}, "on-demand throughput"),
    ("fields of Responses are known", "responses", {"max_tokens": 50}, "Unknown parameter: 'max_tokens'."),
    ("fields of Chat Completions are known", "chat", {"top_k": 5}, "Unknown parameter: 'top_k'."),
    ("fields of Messages are known", "messages", {"context_management": {}}, "context_management: Extra inputs are not permitted"),
    ("GPT does not take max_tokens", "chat", {"model": GPT, "max_tokens": 50}, "Unsupported parameter: 'max_tokens' is not supported with this model."),
    ("an answer has 16 tokens at least", "responses", {"max_output_tokens": 5}, "Expected a value >= 16, but got 5"),
    ("no sampling settings of OpenAI's", "responses", {"temperature": 0.5}, "Unsupported parameter: 'temperature' is not supported with this model."),
    ("no sampling settings of OpenAI's", "responses", {"top_p": 1}, "Unsupported parameter: 'top_p'"),
    ("the effort of OpenAI's shape is one of the model's", "responses", {"reasoning": {"effort": "minimal"}}, f"Unsupported value: 'minimal' is not supported with the '{GPT}' model."),
    ("the effort of OpenAI's shape is one of the model's", "chat", {"reasoning_effort": "none"}, "Unsupported value: 'none'"),
    ("no function tools while thinking on Chat Completions", "chat", {"model": GPT, "tools": [TOOL]}, f"Function tools with reasoning_effort are not supported for {GPT} in /v1/chat/completions."),
    ("GPT has one service tier", "responses", {"service_tier": "flex"}, "'flex' is not supported for 'service_tier' on this model"),
    ("no background at the runtime endpoint", "responses", {"background": True}, "The background parameter is not supported."),
    ("a response in the background is stored", "mantle-responses", {"background": True, "store": False}, "Can't use background with store disabled."),
    ("gpt-oss chooses its calls itself on Responses", "mantle-open", {"tools": [FLAT_TOOL], "tool_choice": "required"}, "tool_choice"),
    ("reasoning that is sent back was issued here", "responses", {"input": [ASKED, FORGED, ASKED]}, "could not be verified"),
    ("every call of this API has its result", "responses", {"input": [ASKED, CALL, ASKED], "tools": [FLAT_TOOL]}, "No tool output found for function call c1."),
    ("every call of this API has its result", "chat", {"messages": [ASKED, CHAT_CALL, ASKED], "tools": [TOOL]}, "did not have response messages: c1"),
    ("every call of this API has its result", "messages", {"messages": [ASKED, CLAUDE_CALL, ASKED], "tools": [CLAUDE_TOOL]}, "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: c1."),
    ("the input fits into the window at this API", "chat", {"messages": [{"role": "user", "content": "word " * 120000}]}, "This model's maximum context length is 131072 tokens."),
    # Rules that Messages shares with InvokeModel.
    ("no sampling settings", "messages", {"temperature": 0.5}, "`temperature` is deprecated for this model."),
    ("a tool can be forced", "messages", {"model": "us.anthropic.claude-opus-5-5", "tools": [CLAUDE_TOOL], "tool_choice": {"type": "any"}}, 'tool_choice: type "tool" and "any" are not supported for this model.'),
    ("the type of thinking is accepted", "messages", {"thinking": {"type": "enabled", "budget_tokens": 2048}}, "thinking"),
]  # fmt: skip

LEGAL = [
    ("chat", {"max_tokens": 50, "temperature": 0.5, "reasoning_effort": "low", "tools": [TOOL]}),
    ("chat", {"model": GPT, "tools": [TOOL], "reasoning_effort": "none", "temperature": 1}),
    ("chat", {"model": "qwen.qwen3-32b-v1:0"}),
    ("responses", {"reasoning": {"effort": "none"}, "max_output_tokens": 16}),
    ("mantle-responses", {"model": "openai.gpt-5.4", "temperature": 0.5, "top_p": 0.9}),
    ("mantle-open", {"tools": [FLAT_TOOL], "tool_choice": "auto"}),
    ("messages", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
    ("messages", {"system": [{"type": "text", "text": "Be short."}], "metadata": {"user_id": "u"}}),
]


@pytest.mark.parametrize(("rule", "api", "changes", "words"), BREACHES)
def test_a_breach_is_refused_in_the_shape_of_the_api(strict, rule, api, changes, words):
    place = PLACES[api]

    answer = call(strict, place, place.request(**changes))

    assert strict.requests[-1].rule == rule
    assert answer.status == (404 if rule.startswith("the second endpoint has") else 400)
    body = answer.json()
    assert words in body["error"]["message"]
    assert "x-amzn-errortype" not in answer.headers
    if "anthropic" in place.path:
        assert body["type"] == "error"
    else:
        assert set(body["error"]) == {"code", "message", "param", "type"}


@pytest.mark.parametrize(("api", "changes"), LEGAL)
def test_what_is_legal_is_not_refused(strict, api, changes):
    answer = call(strict, PLACES[api], PLACES[api].request(**changes))

    assert answer.status == 200, answer.data


def test_every_rule_is_broken_by_a_case_here():
    assert {rule.name for rule in API_RULES} <= {name for name, *_ in BREACHES}


def test_every_rule_has_a_name_of_its_own_and_says_how_it_is_known():
    names = [rule.name for rule in (*RULES, *API_RULES)]
    assert len(set(names)) == len(names)
    for rule in API_RULES:
        assert rule.source
        assert isinstance(rule.evidence, Evidence)
        assert set(rule.families) <= set(FAMILIES)


def test_a_rule_of_an_api_can_be_switched_off():
    place = PLACES["responses"]
    with Emulator(skip_rules=["no sampling settings of OpenAI's"]) as emulator:
        assert call(emulator, place, place.request(temperature=0.5)).status == 200


def test_codes_and_parameters_are_openais():
    with Emulator() as emulator:
        place = PLACES["responses"]
        error = call(emulator, place, place.request(temperature=0.5)).json()["error"]
    assert (error["code"], error["param"]) == ("unsupported_parameter", "temperature")
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize("body", [[], {}, {"model": 5}, {"model": "openai.gpt-oss-120b-1:0"}])
def test_a_body_that_is_none_is_refused(strict, body):
    answer = call(strict, PLACES["chat"], body)

    assert answer.status == 400
    message = answer.json()["error"]["message"]
    assert message.startswith("Failed to deserialize the JSON body into the target type")


def test_messages_name_the_field_that_is_missing(strict):
    place = PLACES["messages"]
    request = {"model": place.model, "messages": MESSAGES["messages"]}

    answer = call(strict, place, request)

    assert answer.json()["error"]["message"] == "max_tokens: Field required"


@pytest.mark.parametrize(
    ("endpoint", "path", "status"),
    [
        ("runtime", "/v1/chat/completions", 404),
        ("runtime", "/openai/v1/models", 404),
        ("mantle", "/openai/v1/models", 404),
        ("mantle", "/model/us.amazon.nova-lite-v1:0/converse", 404),
        ("mantle", "/anthropic/v1/complete", 404),
    ],
)
def test_paths_that_an_endpoint_does_not_have(strict, endpoint, path, status):
    place = Place(endpoint, path, "openai.gpt-oss-20b", CHAT)

    answer = call(strict, place)

    assert answer.status == status
    if endpoint == "runtime":
        assert answer.json()["Output"]["__type"].endswith("#UnknownOperationException")
    else:
        assert answer.json()["error"]["message"] == "Not Found"


def fetch(emulator, path, region="us-east-1"):
    url = emulator.mantle_url + path
    headers = signed(url, b"", "bedrock-mantle", method="GET", region=region)
    return post(url, None, headers, method="GET")


def test_the_second_endpoint_lists_its_models_by_region(strict):
    found = {
        region: {one["id"] for one in fetch(strict, "/v1/models", region).json()["data"]}
        for region in ("us-east-1", "us-west-2", "eu-central-1")
    }

    assert "openai.gpt-6-sol" in found["us-east-1"] - found["us-west-2"]
    assert "openai.gpt-6-astra" in found["us-west-2"] - found["us-east-1"]
    assert "openai.gpt-oss-120b" in set.intersection(*found.values())
    assert not any(id_.startswith(("us.", "global.")) for ids in found.values() for id_ in ids)


def test_one_model_of_the_second_endpoint_can_be_looked_up(strict):
    assert fetch(strict, "/v1/models/openai.gpt-5.5").json()["object"] == "model"
    missing = fetch(strict, "/v1/models/openai.gpt-5.5", "eu-west-1")
    assert missing.status == 404
    assert missing.json()["error"]["message"] == "The model 'openai.gpt-5.5' does not exist"


def test_a_model_of_another_region_does_not_exist(strict):
    place = PLACES["mantle-responses"]

    assert call(strict, place, region="eu-central-1").status == 404
    assert call(strict, place, region="us-west-2").status == 200


def test_a_catalogue_of_ones_own_has_models_of_the_second_endpoint():
    entry = {"id": "acme.rocket", "path": "/v1", "apis": "chat", "in": "eu-west-1"}
    place = Place("mantle", "/v1/chat/completions", "acme.rocket", CHAT)
    with Emulator(catalogue={"extends": "default", "mantle": [entry]}) as emulator:
        assert call(emulator, place, region="eu-west-1").status == 200
        assert call(emulator, place, region="us-east-1").status == 404


def test_the_tokens_of_a_message_are_counted(strict):
    place = Place("mantle", "/anthropic/v1/messages/count_tokens", "anthropic.claude-opus-5", {})
    short = call(strict, place, place.request(messages=MESSAGES["messages"])).json()
    long = call(strict, place, place.request(messages=[{"role": "user", "content": "x" * 400}]))

    assert 0 < short["input_tokens"] < long.json()["input_tokens"]


def test_rows_of_apis_say_when_and_how_they_are_known():
    for id_ in (
        "anthropic.claude-opus-5",
        "openai.gpt-6-sol",
        "meta.llama4-x",
        "openai.gpt-oss-20b-1:0",
    ):
        row = hosted_apis(id_)
        assert row.source
        assert row.dated.startswith("2026-")
        assert row.evidence in set(Evidence)
    assert hosted_apis("xai.grok-4.7") is None

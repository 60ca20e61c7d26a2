"""One scenario gives the same conversation through every API, streamed or whole."""

import base64
import json

import pytest
from bedrock_apis import PLACES, call, post, sent_events, signed

from modelwire_bedrock.emulator import (
    Answer,
    Emulator,
    Match,
    RedactedThinking,
    Text,
    Thinking,
    TokenUsage,
    ToolUse,
)

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ANSWER = Answer(
    [
        Thinking("I should look it up.", signature="c2lnbmVk"),
        Text("Let me see."),
        ToolUse("look", {"city": "Oslo"}, id="tooluse_a"),
        ToolUse("look", {"city": "Rome"}, id="tooluse_b"),
    ],
    usage=TokenUsage(100, 20, cache_read=40),
)


def offered(place, **changes):
    if place.path.endswith("/messages"):
        return place.request(tools=[{"name": "look", "input_schema": SCHEMA}], **changes)
    if place.path.endswith("/responses"):
        tool = {"type": "function", "name": "look", "parameters": SCHEMA}
        return place.request(tools=[tool], reasoning={"summary": "auto"}, **changes)
    function = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}
    return place.request(tools=[function], **changes)


def from_messages(body):
    told = {"thinking": "", "text": "", "calls": []}
    for block in body["content"]:
        if block["type"] == "tool_use":
            told["calls"].append((block["name"], block["input"]))
        elif block["type"] in told:
            told[block["type"]] += block[block["type"]]
    usage = body["usage"]
    asked = usage["input_tokens"] + usage["cache_read_input_tokens"]
    return {**told, "tokens": (asked, usage["output_tokens"]), "end": body["stop_reason"]}


def from_responses(body):
    told = {"thinking": "", "text": "", "calls": []}
    for item in body["output"]:
        if item["type"] == "function_call":
            told["calls"].append((item["name"], json.loads(item["arguments"])))
        elif item["type"] == "message":
            told["text"] += item["content"][0]["text"]
        else:
            parts = item["summary"] + item.get("content", [])
            told["thinking"] += "".join(part["text"] for part in parts)
    usage = body["usage"]
    counted = (usage["input_tokens"], usage["output_tokens"])
    end = "tool_use" if told["calls"] else "end_turn"
    return {**told, "tokens": counted, "end": end if body["status"] == "completed" else None}


def from_chat(body):
    message, usage = body["choices"][0]["message"], body["usage"]
    thinking, _, text = message["content"].removeprefix("<reasoning>").partition("</reasoning>")
    calls = [call["function"] for call in message.get("tool_calls", ())]
    return {
        "thinking": thinking if text else "",
        "text": text or thinking,
        "calls": [(one["name"], json.loads(one["arguments"])) for one in calls],
        "tokens": (usage["prompt_tokens"], usage["completion_tokens"]),
        "end": {"tool_calls": "tool_use", "stop": "end_turn"}[body["choices"][0]["finish_reason"]],
    }


def told_by(place, body):
    for ending, read in (("/messages", from_messages), ("/responses", from_responses)):
        if place.path.endswith(ending):
            return read(body)
    return from_chat(body)


def assembled(place, data):
    """The whole answer that the events of a stream add up to."""
    events = sent_events(data)
    if place.path.endswith("/responses"):
        assert [event["sequence_number"] for _, event in events] == list(range(len(events)))
        return events[-1][1]["response"]
    if place.path.endswith("/messages"):
        return message_of([event for _, event in events])
    assert events[-1] == (None, "[DONE]")
    return completion_of([event for _, event in events[:-1]])


def message_of(events):
    message = events[0]["message"]
    for event in events:
        if event["type"] == "content_block_start":
            message["content"].append({**event["content_block"], "json": ""})
        if event["type"] == "content_block_delta":
            block, delta = message["content"][event["index"]], event["delta"]
            for name in ("text", "thinking"):
                block[name] = block.get(name, "") + delta.get(name, "")
            block["json"] += delta.get("partial_json", "")
        if event["type"] == "content_block_stop" and message["content"][-1]["json"]:
            message["content"][-1]["input"] = json.loads(message["content"][-1]["json"])
        if event["type"] == "message_delta":
            message |= {**event["delta"], "usage": event["usage"]}
    assert events[-1]["type"] == "message_stop"
    return message


def completion_of(chunks):
    text, calls, reason = "", {}, None
    for chunk in chunks:
        for choice in chunk["choices"]:
            text += choice["delta"].get("content") or ""
            reason = choice["finish_reason"] or reason
            for part in choice["delta"].get("tool_calls", ()):
                one = calls.setdefault(part["index"], {"name": "", "arguments": ""})
                one["name"] += part["function"].get("name", "")
                one["arguments"] += part["function"]["arguments"]
    message = {"content": text, "tool_calls": [{"function": one} for one in calls.values()]}
    usage = next(chunk["usage"] for chunk in chunks if "usage" in chunk)
    return {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}


@pytest.mark.parametrize("stream", [False, True])
def test_the_same_conversation_comes_through_every_api(strict, place, stream):
    strict.answer(ANSWER)
    more = {"stream": stream}
    if stream and "chat" in place.path:
        more["stream_options"] = {"include_usage": True}

    answer = call(strict, place, offered(place, **more))

    assert answer.status == 200, answer.data
    body = assembled(place, answer.data) if stream else answer.json()
    assert told_by(place, body) == {
        "thinking": "I should look it up.",
        "text": "Let me see.",
        "calls": [("look", {"city": "Oslo"}), ("look", {"city": "Rome"})],
        "tokens": (140, 20),
        "end": "tool_use",
    }


def test_the_request_is_the_same_to_the_scenario(strict, place):
    strict.answer("Yes.", when=Match(text="hello", model=f"*{place.model}*"))

    call(strict, place)

    received = strict.requests[-1]
    assert received.parameters["messages"] == [{"role": "user", "content": [{"text": "Hello"}]}]
    assert received.model_id == place.model
    assert strict.scenario.steps[0].used == 1


def test_a_forced_tool_is_called_with_arguments_that_fit(strict, place):
    choice = {"type": "any"} if place.path.endswith("/messages") else "required"

    answer = call(strict, place, offered(place, tool_choice=choice))

    if "gpt-oss" in place.model and "responses" in place.path:
        assert strict.requests[-1].rule == "gpt-oss chooses its calls itself on Responses"
        return
    [(name, arguments)] = told_by(place, {**answer.json(), **readable(answer.json())})["calls"]
    assert (name, list(arguments)) == ("look", ["city"])


QUOTED = [{"role": "user", "content": 'Look up "Oslo" for me.'}]


@pytest.mark.parametrize("stream", [False, True])
def test_an_offered_tool_is_called_with_the_quoted_words_of_the_prompt(strict, place, stream):
    prompt = {"input" if place.path.endswith("/responses") else "messages": QUOTED}
    more = {"stream_options": {"include_usage": True}} if stream and "chat" in place.path else {}

    answer = call(strict, place, offered(place, stream=stream, **prompt, **more))

    assert answer.status == 200, answer.data
    body = assembled(place, answer.data) if stream else answer.json()
    told = told_by(place, {**body, **readable(body)})
    assert (told["calls"], told["end"]) == ([("look", {"city": "Oslo"})], "tool_use")


def test_no_tool_is_called_where_the_request_says_so(strict, place):
    choice = {"type": "none"} if place.path.endswith("/messages") else "none"

    answer = call(strict, place, offered(place, tool_choice=choice))

    if "gpt-oss" in place.model and "responses" in place.path:
        assert strict.requests[-1].rule == "gpt-oss chooses its calls itself on Responses"
        return
    told = told_by(place, answer.json())
    assert (told["calls"], told["end"]) == ([], "end_turn")


@pytest.mark.parametrize("name", ["chat", "mantle-chat", "responses", "mantle-responses"])
def test_json_mode_is_answered_with_an_object_of_the_quoted_members(strict, name):
    place = PLACES[name]
    prompt = [{"role": "user", "content": "JSON with 'setup' and 'end', please."}]
    form = {"type": "json_object"}
    changes = (
        {"messages": prompt, "response_format": form}
        if "chat" in name
        else {"input": prompt, "text": {"format": form}}
    )

    answer = call(strict, place, place.request(**changes))

    assert json.loads(told_by(place, answer.json())["text"]) == {"setup": "text", "end": "text"}


@pytest.mark.parametrize("name", ["messages", "mantle-messages"])
def test_structured_output_of_messages_fits_its_schema(name):
    place = PLACES[name]
    form = {"type": "json_schema", "schema": {**SCHEMA, "additionalProperties": False}}

    with Emulator(skip_rules=["outputConfig is accepted by all reports"]) as emulator:
        answer = call(emulator, place, place.request(output_config={"format": form}))

    assert json.loads(told_by(place, answer.json())["text"]) == {"city": "text"}


def readable(body):
    """A completion without text, with an empty one."""
    if "choices" not in body:
        return {}
    message = {**body["choices"][0]["message"], "content": ""}
    return {"choices": [{**body["choices"][0], "message": message}]}


def test_structured_output_fits_its_schema(strict):
    text = {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}

    responses = call(strict, PLACES["responses"], PLACES["responses"].request(text=text))
    chat = call(strict, PLACES["chat"], PLACES["chat"].request(response_format=form))

    for place, answer in (("responses", responses), ("chat", chat)):
        assert list(json.loads(told_by(PLACES[place], answer.json())["text"])) == ["city"]


def test_calls_and_results_come_back_on_every_api(strict, place):
    strict.answer(ToolUse("look", {"city": "Oslo"}, id="call_0"))
    first = call(strict, place, offered(place)).json()

    answer = call(strict, place, continued(place, first))

    assert answer.status == 200, answer.data
    assert strict.requests[-1].parameters["messages"][-1]["content"][0]["toolResult"] == {
        "toolUseId": "call_0",
        "content": [{"text": "It rains."}],
    }
    assert told_by(place, answer.json())["text"].endswith("You said: It rains.")


def continued(place, first):
    """The next request: the history, and the result of its call."""
    if place.path.endswith("/messages"):
        result = {"type": "tool_result", "tool_use_id": "call_0", "content": "It rains."}
        history = [
            *place.body["messages"],
            {"role": "assistant", "content": first["content"]},
            {"role": "user", "content": [result]},
        ]
        return offered(place, messages=history)
    if place.path.endswith("/responses"):
        result = {"type": "function_call_output", "call_id": "call_0", "output": "It rains."}
        asked = {"role": "user", "content": "Hello"}
        return offered(place, input=[asked, *first["output"], result])
    result = {"role": "tool", "tool_call_id": "call_0", "content": "It rains."}
    message = first["choices"][0]["message"]
    return offered(place, messages=[*place.body["messages"], message, result])


def test_pictures_arrive_as_bytes(strict):
    data = base64.b64encode(b"picture").decode()
    url = f"data:image/png;base64,{data}"
    image = {"image": {"format": "png", "source": {"bytes": b"picture"}}}
    source = {"type": "base64", "media_type": "image/png", "data": data}
    parts = {
        "chat": {"type": "image_url", "image_url": {"url": url}},
        "responses": {"type": "input_image", "image_url": url},
        "messages": {"type": "image", "source": source},
    }
    for name, part in parts.items():
        place = PLACES[name]
        asked = [{"role": "user", "content": [part]}]
        field = "input" if name == "responses" else "messages"

        assert call(strict, place, place.request(**{field: asked})).status == 200
        assert strict.requests[-1].parameters["messages"][0]["content"] == [image]


def test_a_response_continues_a_stored_one_and_can_be_fetched(strict):
    place = PLACES["responses"]
    first = call(strict, place).json()

    second = call(strict, place, place.request(input="And?", previous_response_id=first["id"]))

    roles = [message["role"] for message in strict.requests[-1].parameters["messages"]]
    assert (second.status, roles) == (200, ["user", "assistant", "user"])
    unstored = call(strict, place, place.request(store=False)).json()
    refused = call(strict, place, place.request(previous_response_id=unstored["id"]))
    assert refused.status == 400
    assert refused.json()["error"]["code"] == "previous_response_not_found"


def test_a_response_in_the_background_is_fetched_and_deleted(strict):
    place = PLACES["mantle-responses"]
    url = f"{strict.mantle_url}/openai/v1/responses/"

    def ask(method, name):
        headers = signed(url + name, b"", place.service, method=method)
        return post(url + name, None, headers, method=method)

    queued = call(strict, place, place.request(background=True)).json()
    fetched = ask("GET", queued["id"]).json()
    deleted = ask("DELETE", queued["id"]).json()

    assert (queued["status"], queued["output"]) == ("queued", [])
    assert fetched["status"] == "completed"
    assert told_by(place, fetched)["text"].endswith("Hello")
    assert deleted == {"id": queued["id"], "object": "response", "deleted": True}
    assert ask("GET", queued["id"]).status == 404


@pytest.mark.parametrize("name", PLACES)
def test_guardrails_hold_at_the_runtime_endpoint_and_are_ignored_at_the_other(strict, name):
    place = PLACES[name]
    more = {
        "x-amzn-bedrock-guardrailidentifier": "gr4emulated1",
        "x-amzn-bedrock-guardrailversion": "1",
    }
    strict.answer("That word is forbidden.")

    body = call(strict, place, more=more).json()

    blocked = "Sorry, the model cannot answer this question."
    said = blocked if place.endpoint == "runtime" else "That word is forbidden."
    text = body["output"][0]["content"][0]["text"] if "output" in body else None
    text = body["choices"][0]["message"]["content"] if "choices" in body else text
    assert (text or body["content"][0]["text"]) == said


def test_reasoning_that_only_the_service_reads_comes_back_as_it_went_out(strict):
    place = PLACES["responses"]
    strict.answer([RedactedThinking(b"secret"), Text("Hi")])
    first = call(strict, place, place.request(include=["reasoning.encrypted_content"])).json()
    history = [{"role": "user", "content": "Hello"}, *first["output"]]

    again = [*history, {"role": "user", "content": "And?"}]
    assert call(strict, place, place.request(input=again)).status == 200

    forged = [again[0], {**again[1], "encrypted_content": "of-another-service"}, *again[2:]]
    refused = call(strict, place, place.request(input=forged))
    assert refused.json()["error"]["code"] == "invalid_encrypted_content"


def test_gpt_keeps_its_thinking_to_itself_on_chat_completions_and_counts_it(strict):
    strict.answer([Thinking("x" * 40), Text("Hi")])
    place = PLACES["chat"]

    body = call(strict, place, place.request(model="us.openai.gpt-6-sol")).json()

    assert body["choices"][0]["message"]["content"] == "Hi"
    assert body["usage"]["completion_tokens_details"]["reasoning_tokens"] == 10


def test_call_ids_begin_with_call_0_in_every_response_of_the_second_endpoint(strict):
    place = PLACES["mantle-responses"]
    for _ in range(2):
        strict.answer([ToolUse("look", {"city": "Oslo"}), ToolUse("look", {"city": "Rome"})])
        output = call(strict, place, offered(place)).json()["output"]
        assert [item["call_id"] for item in output] == ["call_0", "call_1"]


def test_the_most_tokens_end_an_answer_on_every_api(place):
    names = {"chat/completions": "max_completion_tokens", "responses": "max_output_tokens"}
    field = next((name for path, name in names.items() if path in place.path), "max_tokens")
    with Emulator(require_auth=True) as emulator:
        emulator.answer("word " * 500)
        body = call(emulator, place, place.request(**{field: 20})).json()
    if "choices" in body:
        assert body["choices"][0]["finish_reason"] == "length"
    elif "output" in body:
        assert body["status"] == "incomplete"
        assert body["incomplete_details"] == {"reason": "max_output_tokens"}
    else:
        assert body["stop_reason"] == "max_tokens"

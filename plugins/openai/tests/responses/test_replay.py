"""What services really answered becomes the message that their own last event repeats."""

import json

import pytest

from modelwire.authoring import JsonEvent
from modelwire.errors import InvalidRequest, StreamTruncated
from modelwire.messages import StopReason, Text, Thinking, ToolCall, UserMessage
from modelwire.models import Model
from modelwire_openai.responses.assistant import read_text_signature
from modelwire_openai.responses.stream import Translator


def content_of(output):
    """The blocks that a list of output items stands for."""
    blocks = []
    for item in output:
        if item["type"] == "message":
            blocks.append(Text("".join(part["text"] for part in item["content"])))
        elif item["type"] == "reasoning":
            parts = [*item["summary"], *item.get("content", ())]
            blocks.append(Thinking("\n\n".join(part["text"] for part in parts)))
        elif item["type"] == "function_call":
            call_id = f"{item['call_id']}|{item['id']}"
            blocks.append(ToolCall(call_id, item["name"], json.loads(item["arguments"])))
    return blocks


def unsigned(content):
    return [block if isinstance(block, ToolCall) else type(block)(block.text) for block in content]


def decrypted(content):
    """Blocks without what the service encrypts anew each time that it repeats an item."""
    return [
        {**json.loads(block.signature), "encrypted_content": "", "text": block.text}
        if isinstance(block, Thinking)
        else block
        for block in content
    ]


def test_a_recorded_stream_becomes_the_message_that_its_end_repeats(recorded, message_of):
    response = recorded.response

    message = message_of(recorded.events)

    assert unsigned(message.content) == content_of(response["output"])
    assert message.response_id == response["id"]
    assert message.response_model == response["model"]
    wire = response["usage"]
    assert message.usage.total_tokens == wire["total_tokens"]
    assert message.usage.output == wire["output_tokens"]
    assert message.usage.cache_read == wire["input_tokens_details"]["cached_tokens"]
    details = wire.get("output_tokens_details", {})
    assert message.usage.reasoning == details.get("reasoning_tokens")
    calls = any(isinstance(block, ToolCall) for block in message.content)
    expected = StopReason.TOOL_USE if calls else StopReason.STOP
    if response["status"] == "incomplete":
        expected = StopReason.LENGTH
    assert message.stop_reason is expected


def test_nothing_that_the_service_needs_back_is_lost(recorded, message_of, build):
    """The items that go back are the items that came, with their ids and to the byte."""
    output = recorded.items
    message = message_of(recorded.events)

    request = build([UserMessage("q"), message], Model("openai", "gpt-5"))

    kinds = ("message", "reasoning", "function_call", "web_search_call", "mcp_list_tools")
    came = [item for item in output if item["type"] in kinds]
    back = [item for item in request.payload["input"][1:] if item.get("type") in kinds]
    assert [item["type"] for item in back] == [item["type"] for item in came]
    for item, original in zip(back, came, strict=True):
        assert item["id"] == original["id"]
        if item["type"] == "message":
            assert item.get("phase") == original.get("phase")
        elif item["type"] == "function_call":
            assert item["call_id"] == original["call_id"]
            assert json.loads(item["arguments"]) == json.loads(original["arguments"])
        else:
            assert item == original


def test_reasoning_is_kept_as_it_came(recorded, message_of):
    came = [item for item in recorded.items if item["type"] == "reasoning"]
    kept = [
        json.loads(block.signature)
        for block in message_of(recorded.events).content
        if isinstance(block, Thinking)
    ]
    assert kept == came


def test_texts_know_their_item(recorded, message_of):
    came = [(item["id"], item.get("phase")) for item in recorded.items if item["type"] == "message"]
    texts = [block for block in message_of(recorded.events).content if isinstance(block, Text)]
    assert [read_text_signature(block.signature) for block in texts] == came


def test_a_recorded_stream_without_its_last_event_is_cut(recorded):
    translator = Translator()
    translator.feed([JsonEvent("message", event) for event in recorded.events[:-1]], [])
    assert not translator.ended
    with pytest.raises(StreamTruncated):
        translator.end()


def test_the_last_event_alone_says_the_whole_answer(recorded, message_of):
    """Every event but the last may be missing."""
    whole, short = message_of(recorded.events), message_of(recorded.events[-1:])
    assert decrypted(short.content) == decrypted(whole.content)
    assert short.usage == whole.usage


def test_an_answer_that_comes_at_once_is_the_same(recorded, message_of, assemble):
    deltas = []
    Translator().feed([JsonEvent("message", recorded.response, whole=True)], deltas)
    at_once = assemble(deltas)
    assert decrypted(at_once.content) == decrypted(message_of(recorded.events).content)


async def test_recorded_bytes_come_through_a_real_connection(
    recorded, message_of, service, runtime
):
    step = max(1, len(recorded.body) // 7)
    service.says(*(recorded.body[at : at + step] for at in range(0, len(recorded.body), step)))

    message = await runtime.complete("hello", model="mine/gpt-5")

    assert message.content == message_of(recorded.events).content
    assert message.api == "openai-responses"
    assert message.provider == "mine"


async def test_a_recorded_refusal_is_an_invalid_request(refused, service, runtime):
    service.says(refused.body, status=400, content_type="application/json")
    with pytest.raises(InvalidRequest, match="temperature") as caught:
        await runtime.complete("hello", model="mine/gpt-4o")
    assert caught.value.status == 400
    assert caught.value.request_id == "req_1"
    assert not caught.value.retryable

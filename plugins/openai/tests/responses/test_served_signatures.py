"""Signatures of tool calls, which clients of served Responses send back."""

import json

import pytest

from modelwire.dialects import ServedCall, ServedRequest
from modelwire.events import ToolCallEndEvent, ToolCallStartEvent
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import AssistantMessage, Context, ToolCall
from modelwire.models import Model
from modelwire.registry import load_dialect

MODEL = Model("google", "gemini", api="openai-completions")
SIGNATURE = '{"extra_content":{"google":{"thought_signature":"abc"}}}'


def whole(dialect, call, request):
    return dialect.whole(AssistantMessage([call], "google", "gemini"), request)["output"]


def streamed(dialect, call, request):
    writer = dialect.writer(request)
    writer.feed(ToolCallStartEvent(0, call.id, call.name))
    done = writer.feed(ToolCallEndEvent(0, call))
    return [json.loads(done[-1].data)["item"]]


@pytest.mark.parametrize("write", [whole, streamed])
@pytest.mark.parametrize("custom", [frozenset(), {"look"}], ids=["function", "custom"])
@pytest.mark.parametrize("signature", [SIGNATURE, None], ids=["signed", "unsigned"])
def test_the_signature_of_a_call_comes_back(write, custom, signature):
    dialect = load_dialect("openai-responses")
    request = ServedRequest(
        ServedCall(Context(), CompletionOptions(), custom_tools=frozenset(custom)), "g", "1", 0
    )
    call = ToolCall("call_1", "look", {"input": "Oslo"}, signature)

    (item,) = write(dialect, call, request)
    (message,) = dialect.read({"input": [item]}, {}, MODEL, "").context.messages

    assert ("extra_content" in item) == (signature is not None)
    assert message.content == [call]

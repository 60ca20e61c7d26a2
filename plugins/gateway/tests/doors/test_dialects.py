"""The dialects of the installed plugins, as the gateway and integrations load them."""

import json

import pytest

from modelwire.config import Config
from modelwire.dialects import Failure, ServedCall, ServedRequest
from modelwire.errors import PluginError
from modelwire.events import TextDeltaEvent, TextEndEvent, TextStartEvent
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import AssistantMessage, Context, StopReason, Text, Usage
from modelwire.registry import Registry, load_dialect
from modelwire_gateway.doors.installed import Dialects

SERVED_REQUEST = ServedRequest(
    ServedCall(Context(), CompletionOptions(), stream=True), "fast", "req_1", 1
)
MESSAGE = AssistantMessage(
    [Text("Hi")], "local", "m", api="a", stop_reason=StopReason.STOP, usage=Usage(3, 1)
)
TEXT = {
    "anthropic-messages": lambda data: data.get("delta", {}).get("text"),
    "bedrock-converse-stream": lambda data: data.get("delta", {}).get("text"),
    "openai-completions": lambda data: data["choices"][0]["delta"].get("content"),
    "openai-responses": lambda data: data.get("delta"),
}


def registry(**entries):
    document = {"plugins": {"entries": {name: {"enabled": False} for name in entries}}}
    return Registry(Config.from_document(document, environ={}))


@pytest.mark.parametrize("api", TEXT)
def test_the_events_of_an_answer_are_json_before_they_are_framed(api):
    dialect = load_dialect(api)
    writer = dialect.writer(SERVED_REQUEST)
    events = [
        event
        for fed in (TextStartEvent(0), TextDeltaEvent(0, "H"), TextDeltaEvent(0, "i"))
        for event in writer.feed(fed)
    ]
    events += writer.feed(TextEndEvent(0, "Hi"))
    pieces = [TEXT[api](json.loads(event.data)) for event in events]
    assert "".join(piece for piece in pieces if piece) == "Hi"
    assert all(event.name for event in (*events, *writer.end(MESSAGE)))
    assert all(event.data in dialect.frame(event) for event in events)


def test_invoke_model_writes_the_events_of_messages_as_chunks():
    writer = load_dialect("bedrock-invoke-model").writer(SERVED_REQUEST)
    assert {event.name for event in writer.feed(TextStartEvent(0))} == {"chunk"}
    failed = writer.fail(Failure(429, "rate_limited", "Slow down."))
    assert [event.name for event in failed] == ["throttlingException"]


def test_the_plugins_that_are_enabled_say_what_is_served():
    served = {dialect.api for dialect in Dialects.installed(registry()).every}
    assert served == {*TEXT, "bedrock-invoke-model"}
    without = Dialects.installed(registry(**{"amazon-bedrock": False}))
    assert {dialect.api for dialect in without.every} == {
        "anthropic-messages", "openai-completions", "openai-responses",
    }  # fmt: skip
    with pytest.raises(PluginError, match="openai-completions"):
        Dialects.installed(registry(openai=False))


@pytest.mark.parametrize(
    ("path", "api"),
    [
        ("/v1/messages/batches", "anthropic-messages"),
        ("/v1/responses/resp_1", "openai-responses"),
        ("/v1/files", "openai-completions"),
        ("/model/a/count-tokens", "bedrock-converse-stream"),
        ("/elsewhere", "openai-completions"),
    ],
)
def test_a_path_that_is_not_served_belongs_to_the_api_that_has_such_paths(path, api):
    assert Dialects.installed(registry()).of(path).api == api

"""Messages are written strictly and read forgivingly, in pi-ai's camelCase JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire.errors import Attempt, InvalidMessage
from modelwire.messages import (
    AssistantMessage,
    Citation,
    Context,
    Cost,
    File,
    GuardContent,
    Image,
    MediaUrl,
    SearchResult,
    StopReason,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    Usage,
    UserMessage,
)
from modelwire.messages.codec import (
    context_from_json,
    context_to_json,
    message_from_json,
    message_to_json,
)

texts = st.text(max_size=20)
maybe = st.none() | texts
counts = st.integers(0, 10**9)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner, max_size=3)
)
places = st.none() | counts
citations = st.builds(
    Citation,
    st.sampled_from(["document", "search_result", "web", "file"]),
    *[maybe] * 3,
    places,
    st.sampled_from([None, "char", "page", "chunk"]),
    *[places] * 4,
    maybe,
)
text_blocks = st.builds(Text, texts, maybe, st.lists(citations, max_size=2))
flags = st.none() | st.booleans()
user_blocks = (
    text_blocks
    | st.builds(Image, st.binary(max_size=30), st.just("image/png"))
    | st.builds(File, st.binary(max_size=30), st.just("application/pdf"), maybe, flags, maybe)
    | st.builds(MediaUrl, texts, st.just("image/png"), maybe, maybe, flags, maybe)
    | st.builds(SearchResult, texts, texts, st.lists(texts, max_size=2), flags)
    | st.builds(
        GuardContent,
        text_blocks | st.builds(Image, st.binary(max_size=30), st.just("image/png")),
        st.lists(st.sampled_from(["grounding_source", "query", "guard_content"]), max_size=2),
    )
)
assistant_blocks = (
    text_blocks
    | st.builds(Thinking, texts, maybe)
    | st.builds(Thinking.from_redacted, st.binary(max_size=30))
    | st.builds(ToolCall, texts, texts, st.dictionaries(texts, json_values, max_size=3), maybe)
)
costs = st.none() | st.builds(Cost, *[st.floats(0, 10)] * 4)
usages = st.builds(Usage, counts, counts, counts, counts, counts, st.none() | counts, costs)
messages = (
    st.builds(UserMessage, st.lists(user_blocks, max_size=3))
    | st.builds(
        ToolResultMessage,
        texts,
        texts,
        st.lists(user_blocks, max_size=3),
        st.booleans(),
        json_values,
    )
    | st.builds(
        AssistantMessage,
        st.lists(assistant_blocks, max_size=4),
        texts,
        texts,
        api=maybe,
        usage=usages,
        stop_reason=st.sampled_from(StopReason),
        error_message=maybe,
        attempts=st.lists(st.builds(Attempt, texts, texts, texts), max_size=2),
    )
)


@given(messages)
def test_every_message_survives_json(message):
    assert message_from_json(json.loads(json.dumps(message_to_json(message)))) == message


def test_the_written_form_is_pi_ais():
    message = AssistantMessage(
        [Thinking("hm", "sig"), Text("hi"), ToolCall("c1", "ls", {"path": "."})],
        "amazon-bedrock",
        "us.model-v1:0",
        api="bedrock-converse-stream",
        usage=Usage(1, 2, 3, 4, cost=Cost(0.5, 0.25)),
        stop_reason=StopReason.TOOL_USE,
        timestamp=17,
    )
    data = message_to_json(message)
    assert data["role"] == "assistant"
    assert data["content"] == [
        {"type": "thinking", "thinking": "hm", "thinkingSignature": "sig"},
        {"type": "text", "text": "hi"},
        {"type": "toolCall", "id": "c1", "name": "ls", "arguments": {"path": "."}},
    ]
    assert data["stopReason"] == "toolUse"
    assert data["usage"]["totalTokens"] == 10
    assert data["usage"]["cacheRead"] == 3
    assert data["usage"]["cost"]["total"] == 0.75


def test_an_unknown_cost_is_written_as_unknown_not_as_zero():
    assert message_to_json(AssistantMessage("", "p", "m"))["usage"]["cost"] is None


@pytest.mark.parametrize(
    ("legacy", "modern"),
    [
        ({"role": "user", "content": "hi"}, [Text("hi")]),
        ({"role": "assistant", "content": "hi"}, [Text("hi")]),
        ({"role": "toolResult", "toolCallId": "c", "toolName": "t", "content": "hi"}, [Text("hi")]),
        (
            {"role": "user", "content": [{"type": "text", "text": "hi", "new": 1}], "x": 2},
            [Text("hi")],
        ),
        (
            {
                "role": "assistant",
                "content": [{"type": "toolCall", "id": "c", "name": "t", "arguments": '{"a": 1}'}],
            },
            [ToolCall("c", "t", {"a": 1})],
        ),
        (
            {
                "role": "user",
                "content": [
                    {
                        "type": "image",
                        "source": {"type": "base64", "mediaType": "image/png", "data": "YQ=="},
                    }
                ],
            },
            [Image(b"a", "image/png")],
        ),
    ],
)
def test_old_shapes_are_read(legacy, modern):
    assert message_from_json(legacy).content == modern


def test_a_context_is_read_from_an_object_or_from_a_list_of_messages():
    data = {
        "systemPrompt": "Be brief.",
        "messages": [{"role": "user", "content": "hi", "timestamp": 5}],
        "tools": [{"name": "ls", "description": "lists", "parameters": {"type": "object"}}],
    }
    tool = Tool("ls", "lists", {"type": "object"})
    expected = Context([UserMessage("hi", timestamp=5)], "Be brief.", [tool])
    assert context_from_json(data) == expected
    assert context_from_json(data["messages"]).messages == expected.messages
    assert context_from_json(context_to_json(expected)) == expected


def test_every_problem_is_named_by_its_place():
    with pytest.raises(InvalidMessage) as caught:
        context_from_json(
            {
                "messages": [
                    {"role": "user", "content": 5},
                    {"role": "alien"},
                    {
                        "role": "user",
                        "content": [{"type": "image", "data": "!", "mimeType": "image/png"}],
                    },
                    {
                        "role": "assistant",
                        "content": [{"type": "toolCall", "id": "c", "arguments": "{"}],
                    },
                    {"role": "assistant", "content": [], "stopReason": "whim"},
                    "hello",
                ]
            }
        )
    assert [str(problem) for problem in caught.value.problems] == [
        "messages[0].content: expected a list, found 5",
        'messages[1]: "role" must be one of user, assistant, toolResult; found "alien"',
        "messages[2].content[0].data: this is not valid base64",
        'messages[3].content[0]: the arguments are not JSON: "{"',
        (
            'messages[4].stopReason: expected one of "stop", "length", "toolUse", "error", "aborted"; '
            'found "whim"'
        ),
        'messages[5]: expected an object, found "hello"',
    ]


def test_damaged_redacted_thinking_is_an_error_when_it_is_used():
    block = Thinking("[Reasoning redacted]", "not base64!", redacted=True)
    with pytest.raises(InvalidMessage):
        _ = block.redacted_data

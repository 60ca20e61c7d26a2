"""A call that a model writes as text is a call, or an error that is retried; never a good answer."""

import pytest

from modelwire.errors import MalformedToolCall
from modelwire.events import Diagnostic
from modelwire.messages import Context, StopReason, Tool, UserMessage
from modelwire.models import Model
from modelwire.repair import legal_name

KIMI = Model("amazon-bedrock", "moonshotai.kimi-k2.5")
MINIMAX = Model("amazon-bedrock", "minimax.minimax-m2.5")
CLAUDE = Model("amazon-bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
LOOK = Tool(
    "look.up",
    "",
    {"type": "object", "properties": {"q": {"type": "string"}, "n": {"type": "integer"}}},
)
K_CALL = "<|tool_call_begin|>functions.{}:0<|tool_call_argument_begin|>{}<|tool_call_end|>"
M_CALL = (
    '\n<minimax:tool_call>\n<invoke name="{}">\n<parameter name="q">7</parameter>\n'
    '<parameter name="n">7</parameter>\n</invoke>\n</minimax:tool_call>'
)


def section(*calls):
    return f"<|tool_calls_section_begin|>{''.join(calls)}<|tool_calls_section_end|>"


@pytest.fixture
def leak(server, collect, event):
    async def run(
        text, *, model=KIMI, kind="text", size=3, tools=(LOOK,), stop="end_turn", real=False
    ):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        events = [event("messageStart", {"role": "assistant"})]
        for piece in pieces:
            delta = {"text": piece} if kind == "text" else {"reasoningContent": {"text": piece}}
            events.append(event("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}))
        events.append(event("contentBlockStop", {"contentBlockIndex": 0}))
        if real:
            start = {"toolUse": {"toolUseId": "r", "name": "real"}}
            events += [
                event("contentBlockStart", {"contentBlockIndex": 1, "start": start}),
                event("contentBlockStop", {"contentBlockIndex": 1}),
            ]
        events += [
            event("messageStop", {"stopReason": stop}),
            event("metadata", {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}}),
        ]
        server.answers(events)
        context = Context([UserMessage("go")], tools=[*tools])
        deltas, error = await collect(context, model=model)
        return deltas, error

    return run


def wire_name():

    return legal_name("look.up")


@pytest.mark.parametrize("kind", ["text", "thinking"])
@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("before", ["", "Let me <look> ", "a <| b "])
async def test_kimis_tokens_are_calls(leak, assemble, kind, size, before):
    first = K_CALL.format(wire_name(), '{"q": "x <|y|>"}')
    second = K_CALL.format(wire_name(), "{}").replace(":0", ":1")
    deltas, error = await leak(before + section(first, second), kind=kind, size=size)
    assert error is None
    message = assemble(deltas)
    assert message.stop_reason is StopReason.TOOL_USE
    assert [(c.name, c.arguments) for c in message.tool_calls] == [
        ("look.up", {"q": "x <|y|>"}),
        ("look.up", {}),
    ]
    assert (message.text if kind == "text" else message.thinking) == before
    assert len({call.id for call in message.tool_calls}) == 2
    assert "leaked_tool_calls" in [d.type for d in deltas if isinstance(d, Diagnostic)]


@pytest.mark.parametrize("kind", ["text", "thinking"])
async def test_minimaxs_tags_are_calls(leak, assemble, kind):
    deltas, error = await leak("So." + M_CALL.format(wire_name()), model=MINIMAX, kind=kind)
    assert error is None
    [call] = assemble(deltas).tool_calls
    assert (call.name, call.arguments) == ("look.up", {"q": "7", "n": 7})


@pytest.mark.parametrize(
    ("text", "model"),
    [
        (section(K_CALL.format("unknown", "{}")), KIMI),
        (section(K_CALL.format(wire_name(), "not json")), KIMI),
        (section(K_CALL.format(wire_name(), "[1]")), KIMI),
        ("<|tool_calls_section_begin|><|tool_call_begin|>functions.lo", KIMI),
        ("<|tool_calls_section_begin|>", KIMI),
        (M_CALL.format("unknown"), MINIMAX),
        (M_CALL.format(wire_name())[:60], MINIMAX),
    ],
)
async def test_what_cannot_be_read_is_retried(leak, text, model):
    _, error = await leak(text, model=model)
    assert isinstance(error, MalformedToolCall)
    assert error.retryable


async def test_a_call_that_met_the_limit_is_not_retried(leak):
    _, error = await leak("<|tool_calls_section_begin|><|tool_call_begin|>f", stop="max_tokens")
    assert isinstance(error, MalformedToolCall)
    assert not error.retryable


async def test_beside_real_calls_the_leaked_ones_are_only_noted(leak, assemble):
    text = section(K_CALL.format(wire_name(), "{}"))
    deltas, error = await leak(text, kind="thinking", stop="tool_use", real=True)
    assert error is None
    assert [call.name for call in assemble(deltas).tool_calls] == ["real"]


@pytest.mark.parametrize("text", ["plain", "a < b <|tool", "ends with <", "<minimax:"])
async def test_other_text_is_kept_whole(leak, assemble, text):
    deltas, error = await leak(text, size=2)
    assert error is None
    assert assemble(deltas).text == text


async def test_without_tools_and_from_other_families_it_is_text(leak, assemble):
    text = section(K_CALL.format(wire_name(), "{}"))
    for given in ({"tools": ()}, {"model": CLAUDE}):
        deltas, error = await leak(text, **given)
        assert error is None
        assert assemble(deltas).text == text

"""A plugin of pytest: the scripted model of Strands' own tests, answered over the wire.

Each answer of a script is given to the Bedrock emulator, asked of it by a model of this package, and
handed to the agent as that model read it. What Bedrock has no form for, and what is asked for without
a message, is handed on unchanged.
"""

from replayed_answers import COUNTED, answering
from tests.fixtures import mocked_model_provider as scripted

from modelwire_bedrock.emulator import Answer, Text, Thinking, TokenUsage, ToolUse
from modelwire_strands import ModelwireModel

SONNET = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
MODEL = ModelwireModel(SONNET, config={})


def call(messages, tool_specs=None, system_prompt=None, tool_choice=None, **named):
    """The arguments of a call by name: the scripts of some tests hand them on in their order."""
    return {
        "messages": messages,
        "tool_specs": tool_specs,
        "system_prompt": system_prompt,
        "tool_choice": tool_choice,
        **named,
    }


class ReplayedModel(scripted.MockedModelProvider):
    """A scripted model, whose answers are asked of the emulator."""

    async def stream(self, *arguments, **named):
        at = self.index
        said = [event async for event in super().stream(*arguments, **named)]
        asked, answer = call(*arguments, **named), answer_of(said)
        if answer is None or not asked["messages"]:
            COUNTED["handed on"] += 1
            for event in said:
                yield event
            return
        async with answering(answer) as step:
            stream = MODEL.stream(**asked)
            event = await anext(stream, None)
            COUNTED["replayed"] += step.used
        ended = False
        try:
            while event is not None:
                ended = ended or "messageStop" in event
                yield event
                event = await anext(stream, None)
        finally:
            if not ended:  # cancelled or left, so that the script has not gone on
                self.index = at


def answer_of(events):
    """An answer as the emulator gives it, or `None` where Bedrock has no form for it."""
    content, usage, started, stop = [], TokenUsage(), {}, None
    for event in events:
        if "redactContent" in event:
            return None
        if "contentBlockStart" in event:
            started = event["contentBlockStart"]["start"].get("toolUse", {})
        elif "contentBlockDelta" in event:
            content.append(block(event["contentBlockDelta"]["delta"], started))
        elif "messageStop" in event:
            stop = event["messageStop"]["stopReason"]
        elif "metadata" in event:
            counted = event["metadata"]["usage"]
            usage = TokenUsage(counted["inputTokens"], counted["outputTokens"])
    return None if not content or None in content else Answer(content, stop, usage)


def block(delta, started):
    """A block of an answer by its only delta, or `None` where Bedrock has no form for it."""
    if "toolUse" in delta:
        return ToolUse(started["name"], delta["toolUse"]["input"], started["toolUseId"], pieces=1)
    if "text" in delta:
        return Text(delta["text"], (delta["text"],)) if delta["text"].strip() else None
    thought = delta["reasoningContent"].get("reasoningText")
    return Thinking(thought["text"], thought.get("signature")) if thought else None


def pytest_configure(config):
    """Put the model in the script's place, before any test is imported."""
    del config
    scripted.MockedModelProvider = ReplayedModel

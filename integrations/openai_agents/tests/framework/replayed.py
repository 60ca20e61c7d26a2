"""A plugin of pytest: the scripted model of the Agents SDK's own tests, answered over the wire.

Each answer of a script is given to the Bedrock emulator, asked of it by a model of this package, and
handed to the runner as that model read it. What a script raises is raised; what Bedrock has no form
for, as calls of hosted tools, and what only OpenAI's service can be asked for, is handed on unchanged.
"""

import inspect
from functools import cache
from weakref import WeakKeyDictionary

from agents import testing
from agents.exceptions import UserError
from agents.models.interface import Model, ModelTracing
from agents.testing import model as scripted
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)
from openai.types.responses.response_reasoning_item import ResponseReasoningItem
from replayed_answers import COUNTED, answering

from modelwire import Runtime
from modelwire_bedrock.emulator import Answer, Text, Thinking, TokenUsage, ToolUse
from modelwire_openai_agents import ModelwireProvider

SONNET = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
MODELS = WeakKeyDictionary()
"""The models by their scripts, which are copied with agents and states."""
SIGNATURE = inspect.signature(Model.get_response)


@cache
def runtime():
    """A runtime for all scripts, which finds the emulator in the environment."""
    return Runtime.from_config({})


def replaying(script):
    """The model of ours for a script: a provider keeps the ids of calls apart, as long as it lives."""
    if script not in MODELS:
        MODELS[script] = ModelwireProvider(runtime=runtime()).get_model(SONNET)
    return MODELS[script]


class ReplayedModel(testing.ScriptedModel):
    """A scripted model, whose answers are asked of the emulator."""

    async def get_response(self, *arguments, **named):
        said = await super().get_response(*arguments, **named)
        content = blocks(said.output)
        if content is None:
            COUNTED["handed on"] += 1
            return said
        async with answering(Answer(content, usage=tokens(said.usage))) as step:
            try:
                answer = await replaying(self).get_response(**asked(arguments, named))
            except UserError:
                COUNTED["refused"] += 1
                return said
            COUNTED["replayed"] += step.used
        return answer

    async def stream_response(self, *arguments, **named):
        said = [event async for event in super().stream_response(*arguments, **named)]
        ends = [event for event in said if isinstance(event, ResponseCompletedEvent)]
        content = blocks(ends[0].response.output) if len(ends) == 1 else None
        stream = None
        if content is None:
            COUNTED["handed on"] += 1
        else:
            async with answering(Answer(content, usage=tokens(ends[0].response.usage))) as step:
                stream = replaying(self).stream_response(**asked(arguments, named))
                try:
                    said = [await anext(stream)]
                    COUNTED["replayed"] += step.used
                except UserError:
                    stream = None
                    COUNTED["refused"] += 1
        for event in said:
            yield event
        if stream is not None:
            async for event in stream:
                yield event


def blocks(output):
    """An answer as the emulator gives it, or `None` where Bedrock has no form for it."""
    content = []
    for item in output:
        if isinstance(item, ResponseOutputMessage) and all(
            isinstance(part, ResponseOutputText) and part.text.strip() for part in item.content
        ):
            content += [Text(part.text) for part in item.content]
        elif isinstance(item, ResponseFunctionToolCall):
            content.append(ToolUse(item.name, item.arguments, item.call_id))
        elif isinstance(item, ResponseReasoningItem) and item.summary:
            content.append(Thinking("".join(part.text for part in item.summary), "c2lnbmVk"))
        else:
            return None
    return content or None


def tokens(usage):
    """The usage of a script as Bedrock counts it."""
    return TokenUsage(usage.input_tokens, usage.output_tokens) if usage else TokenUsage()


def asked(arguments, named):
    """The arguments of a call by name, without a span, which the script has where a test wants one."""
    bound = SIGNATURE.bind(None, *arguments, **named).arguments
    del bound["self"]
    return {**bound, "tracing": ModelTracing.DISABLED}


def pytest_configure(config):
    """Put the model in the script's place, before any test is imported."""
    del config
    testing.ScriptedModel = scripted.ScriptedModel = ReplayedModel

"""A provider whose model calls the tools that the prompt lists, one each turn, then says what came out."""

import json

from modelwire.events import ArgumentsDelta, BlockEnd, Stop, TextDelta, ToolCallStart
from modelwire.hookspecs import hookimpl
from modelwire.messages import StopReason, ToolResultMessage


@hookimpl
async def stream_completion(context):
    prompt = next(m for m in context.messages if type(m).__name__ == "UserMessage")
    calls = json.loads(prompt.content[0].text)
    results = [m for m in context.messages if isinstance(m, ToolResultMessage)]
    if len(results) < len(calls):
        name, arguments = calls[len(results)]
        yield ToolCallStart(0, f"c{len(results)}", name)
        yield ArgumentsDelta(0, json.dumps(arguments))
        yield BlockEnd(0)
        yield Stop(StopReason.TOOL_USE)
        return
    yield TextDelta(0, json.dumps([len(m.content) for m in results]))
    yield BlockEnd(0)
    yield Stop(StopReason.STOP)

"""Rules on a provider without a scripted server, whose answers are its own."""

from __future__ import annotations

import json

from modelwire.events import ToolCallEndEvent
from modelwire.hookspecs import ToolChoice
from modelwire.messages import Context, StopReason, Tool, ToolResultMessage, UserMessage
from modelwire.testing.bench import Bench
from modelwire.testing.checks import check
from modelwire.testing.rules.rule import LIVE, Rules, needs

__all__ = ["LiveRules"]

_PLACE = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
_FORECAST = Tool("forecast", "Forecast the weather in a city for some days.", _PLACE)
_ADD = Tool("add", "Add numbers.", {"type": "object", "properties": {}})
_QUESTION = UserMessage("How is the weather in Oslo in the next 3 days?")


class LiveRules(Rules):
    """A provider's handling of tools and schemas, without a scripted server."""

    @needs(LIVE, "tools", "tool_choice")
    def test_a_demanded_tool_is_called(self, bench: Bench) -> None:
        """The call names the tool, has an id, and its arguments fit the tool's schema."""
        choice = ToolChoice("tool", "forecast")
        outcome = bench.ask(
            prompt=Context([_QUESTION]), tools=[_ADD, _FORECAST], tool_choice=choice
        )
        message = outcome.message
        names = [call.name for call in message.tool_calls]
        check(
            bool(names) and set(names) == {"forecast"}, "forecast is called", found=f"found {names}"
        )
        call = message.tool_calls[0]
        check(_is_place(call.arguments), f"the arguments fit the schema: {call.arguments}")
        check(bool(call.id), "the call has an id")
        check(
            message.stop_reason is StopReason.TOOL_USE,
            "the stop reason is toolUse",
            found=f"found {message.stop_reason.value}",
        )
        ended = [event.tool_call for event in outcome.events if isinstance(event, ToolCallEndEvent)]
        check(ended == message.tool_calls, "each call is in the stream as it is in the message")
        result = ToolResultMessage(call.id, call.name, "Sunny.")
        context = Context([_QUESTION, message, result], tools=[_ADD, _FORECAST])
        answer = bench.ask(prompt=context, max_tokens=64).message
        check(bool(answer.content), "the result of the call is answered")

    @needs(LIVE, "tools")
    def test_no_tool_is_called_where_none_may_be(self, bench: Bench) -> None:
        """With `tool_choice="none"` the answer has no calls."""
        message = bench.ask(
            prompt=Context([_QUESTION]),
            tools=[_FORECAST],
            tool_choice=ToolChoice("none"),
            max_tokens=16,
        ).message
        check(not message.tool_calls, "no tool is called", found=f"{message.tool_calls} are")

    @needs(LIVE, "schemas")
    def test_an_answer_follows_its_schema(self, bench: Bench) -> None:
        """The text is JSON that fits the schema."""
        message = bench.ask(prompt=Context([_QUESTION]), response_schema=_PLACE).message
        check(_is_place(json.loads(message.text)), f"the answer fits the schema: {message.text!r}")


def _is_place(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"city", "days"}
        and isinstance(value["city"], str)
        and isinstance(value["days"], int)
    )

"""Rules on tools: definitions, calls with complete arguments, and results."""

from __future__ import annotations

from typing import Any

from modelwire.events import ToolCallEndEvent
from modelwire.messages import (
    AssistantMessage,
    Context,
    StopReason,
    Text,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.testing.bench import PROMPT, Bench
from modelwire.testing.checks import check
from modelwire.testing.rules.rule import WIRE, Rules, needs
from modelwire.testing.wires import ScriptedAnswer

__all__ = ["ToolRules"]

_TOOL = Tool(
    "look_up_weather",
    "Tells the weather of a city.",
    {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Where, in English."}},
        "required": ["city"],
    },
)
_ARGUMENTS: dict[str, Any] = {
    "city": "São Paulo",
    "days": 3,
    "at": {"hours": [6, 12, 18.5], "exact": True, "note": 'a "quoted" \\ path'},
    "nothing": None,
}
_CALL = ToolCall("call_kit_1", _TOOL.name, _ARGUMENTS)


class ToolRules(Rules):
    """A provider's handling of tools."""

    @needs(WIRE, "tools")
    def test_tools_are_offered(self, bench: Bench) -> None:
        """The request holds the tool's name, what it does and its schema."""
        bench.ask(bench.wire.reply(bench.wire.bodies(ScriptedAnswer("No."))), tools=[_TOOL])
        request = bench.requests[-1]
        for part in (_TOOL.name, _TOOL.description, "Where, in English."):
            check(request.says(part), f"the request holds {part!r} of the tool")

    @needs(WIRE, "tools")
    def test_a_call_comes_with_its_arguments(self, bench: Bench) -> None:
        """The name and the arguments are those that the service sent, of any type."""
        message = _called(bench, [Text("I shall look."), _CALL])
        check(
            message.text == "I shall look.", f"the text before the call is kept: {message.text!r}"
        )
        calls = [(call.name, call.arguments) for call in message.tool_calls]
        check(calls == [(_TOOL.name, _ARGUMENTS)], "the call is whole", found=f"found {calls}")
        check(
            message.stop_reason is StopReason.TOOL_USE,
            "the stop reason is toolUse",
            found=f"found {message.stop_reason.value}",
        )

    @needs(WIRE, "tools")
    def test_a_call_without_arguments_is_a_call(self, bench: Bench) -> None:
        """Its arguments are an empty object."""
        message = _called(bench, [ToolCall("call_kit_2", _TOOL.name, {})])
        calls = [(call.name, call.arguments) for call in message.tool_calls]
        check(
            calls == [(_TOOL.name, {})],
            "there is one call without arguments",
            found=f"found {calls}",
        )

    @needs(WIRE, "tools")
    def test_several_calls_are_kept_apart(self, bench: Bench) -> None:
        """Each has its own id and arguments, and they are in order."""
        scripted = [ToolCall(f"call_kit_{n}", _TOOL.name, {"city": f"City {n}"}) for n in range(3)]
        calls = _called(bench, scripted).tool_calls
        cities = [call.arguments.get("city") for call in calls]
        check(
            cities == ["City 0", "City 1", "City 2"],
            "three calls, in order",
            found=f"found {cities}",
        )
        check(len({call.id for call in calls}) == 3, "each call has an id of its own")

    @needs(WIRE, "tools")
    def test_a_result_is_sent_with_the_id_of_its_call(self, bench: Bench) -> None:
        """The next request holds the call, its arguments, and the result."""
        message = _called(bench, [_CALL])
        call = message.tool_calls[0]
        result = ToolResultMessage(call.id, call.name, "Rain, and 12 degrees.")
        context = Context([UserMessage(PROMPT), message, result], tools=[_TOOL])
        reply = bench.wire.reply(bench.wire.bodies(ScriptedAnswer("It rains.")))
        check(bench.ask(reply, prompt=context).message.text == "It rains.", "the answer is read")
        request = bench.requests[-1]
        check(request.says("Rain, and 12 degrees."), "the request holds the tool's result")
        named = [v for v in request.values() if isinstance(v, str) and _CALL.id in v]
        check(len(named) >= 2, f"the call and its result both have the call's id: {named}")
        check(request.says("São Paulo") or request.says("S\\u00e3o"), "and the call's arguments")

    @needs(WIRE, "tools")
    def test_a_call_that_was_cut_is_never_run(self, bench: Bench) -> None:
        """Wherever the stream is cut, no call is reported as complete unless the answer is."""
        bodies = bench.wire.bodies(ScriptedAnswer([_CALL], stop_reason=StopReason.TOOL_USE))
        for kept in range(1, len(bodies)):
            reply = bench.wire.reply(bodies[:kept])
            outcome = bench.ask(reply, tools=[_TOOL])
            if outcome.finished is not None:
                arguments = [call.arguments for call in outcome.finished.tool_calls]
                check(
                    arguments == [_ARGUMENTS],
                    f"a call that was cut after {kept} of {len(bodies)} events is an error, "
                    f"but was taken for a call with {arguments}",
                )
            ended = [event for event in outcome.events if isinstance(event, ToolCallEndEvent)]
            check(
                outcome.finished is not None or not ended,
                "no call is reported as complete in an answer that failed",
            )


def _called(bench: Bench, content: list[Any]) -> AssistantMessage:
    answer = ScriptedAnswer(content, stop_reason=StopReason.TOOL_USE)
    return bench.ask(bench.wire.reply(bench.wire.bodies(answer)), tools=[_TOOL]).message

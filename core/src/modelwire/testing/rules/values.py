"""Rules on values: a service may send values of any type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelwire.errors import PluginError
from modelwire.messages import AssistantContent, StopReason, Text, Thinking, Tool, ToolCall
from modelwire.testing.bench import Bench
from modelwire.testing.checks import check
from modelwire.testing.mutations import WRONG_VALUES, with_wrong_value
from modelwire.testing.rules.rule import WIRE, Rules, needs
from modelwire.testing.wires import ScriptedAnswer

__all__ = ["ValueRules"]

_TOOL = Tool("look_up", "Looks something up.")


class ValueRules(Rules):
    """A provider's handling of values that violate its protocol."""

    @needs(WIRE)
    def test_a_value_of_a_wrong_type_is_the_services_fault(self, bench: Bench) -> None:
        """Each value of an answer in its turn: a typed error, or an answer without it.

        What gets into a delta, or raises in the plugin, is taken for a bug of the plugin.
        """
        answer = _answer(bench)
        events = list(bench.wire.events(answer))
        options: dict[str, Any] = (
            {"tools": [_TOOL]} if answer.stop_reason is StopReason.TOOL_USE else {}
        )
        for name, value in WRONG_VALUES.items():
            bodies = dict(_with_wrong_values(bench, events, value))

            async def work(bodies: dict[str, bytes] = bodies) -> dict[str, BaseException]:
                async with bench.runtime() as runtime:
                    blamed: dict[str, BaseException] = {}
                    for place, body in bodies.items():
                        bench.server.script(bench.wire.reply([body]))
                        outcome = await bench.hear(runtime, **options)
                        if isinstance(outcome.error, PluginError):
                            blamed[place] = outcome.error
                    return blamed

            for place, error in bench.run(work).items():
                cause = error.__cause__ or error
                check(
                    False, f"{place} that is {name} is the service's fault", found=f"gave {cause!r}"
                )


def _answer(bench: Bench) -> ScriptedAnswer:
    """A short answer with everything in it that the provider declares."""
    abilities = bench.subject.abilities
    content: list[AssistantContent] = [Text("Hi")]
    if "thinking" in abilities:
        content.insert(0, Thinking("Hm", "c2lnbmVk" if "signatures" in abilities else None))
    if "tools" not in abilities:
        return ScriptedAnswer(content)
    return ScriptedAnswer(
        [*content, ToolCall("call_kit_1", _TOOL.name, {"a": 1})], stop_reason=StopReason.TOOL_USE
    )


def _with_wrong_values(bench: Bench, events: list[Any], value: Any) -> Iterator[tuple[str, bytes]]:
    """Answers in which one value is another one, each with the place of that."""
    bodies = [bench.wire.encode(event) for event in events]
    for position, event in enumerate(events):
        name, data = event if isinstance(event, tuple) else (None, event)
        for place, wrong in with_wrong_value(data, value):
            changed = wrong if name is None else (name, wrong)
            pieces = [*bodies[:position], bench.wire.encode(changed), *bodies[position + 1 :]]
            yield f"{place} of event {position}", b"".join(pieces)

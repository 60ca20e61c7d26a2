"""Rules on answers: whole, in order, counted, and yielded as soon as they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Delta,
    DoneEvent,
    Event,
    StartEvent,
    Stop,
    TextDelta,
    TextDeltaEvent,
    TextEndEvent,
    TextStartEvent,
    ToolCallStart,
)
from modelwire.messages import Context, StopReason, Text, Usage, UserMessage
from modelwire.testing.bench import PROMPT, Bench
from modelwire.testing.checks import check
from modelwire.testing.rules.rule import WIRE, Rules, needs
from modelwire.testing.server import Gate
from modelwire.testing.wires import ScriptedAnswer, SseWire

__all__ = ["AnswerRules"]

LONG = "The capital of France is Paris, and it has been so for many hundred years."
_MANY = 'Grüße: 日本語, עברית, हिन्दी, 👩‍👩‍👧, "quotes", back\\slash, \u2028 and\nnew lines.\n\n'


class AnswerRules(Rules):
    """A provider's handling of a plain answer."""

    @needs(WIRE)
    def test_text_comes_whole(self, bench: Bench) -> None:
        """Every character that the service sends is in the message, and no other."""
        message = bench.ask(bench.wire.reply(bench.wire.bodies(ScriptedAnswer(LONG)))).message
        check(message.text == LONG, f"the text is {LONG!r}", found=f"found {message.text!r}")
        check(
            [type(block) for block in message.content] == [Text],
            "one text is one block",
            found=f"found {message.content}",
        )

    @needs(WIRE)
    @pytest.mark.parametrize("size", [1, 2, 3, 7])
    def test_text_survives_however_its_bytes_are_split(self, bench: Bench, size: int) -> None:
        """Packets end anywhere: within an event, within a character."""
        whole = b"".join(bench.wire.bodies(ScriptedAnswer(_MANY)))
        split = [whole[at : at + size] for at in range(0, len(whole), size)]
        message = bench.ask(bench.wire.reply(split)).message
        check(message.text == _MANY, f"the text is {_MANY!r}", found=f"found {message.text!r}")

    @needs(WIRE)
    def test_all_in_one_packet_is_read_to_its_end(self, bench: Bench) -> None:
        """A fast service sends many events at once."""
        whole = b"".join(bench.wire.bodies(ScriptedAnswer(LONG)))
        message = bench.ask(bench.wire.reply([whole])).message
        check(message.text == LONG, f"the text is {LONG!r}", found=f"found {message.text!r}")

    @needs(WIRE)
    def test_what_sse_allows_is_understood(self, bench: Bench) -> None:
        """Comments that keep the connection alive, and lines that end with CR LF."""
        if not isinstance(bench.wire, SseWire):
            pytest.skip("the wire does not speak server-sent events")
        plain = bench.wire.bodies(ScriptedAnswer(LONG))
        bodies = [b": keep-alive\r\n\r\n" + body.replace(b"\n", b"\r\n") for body in plain]
        message = bench.ask(bench.wire.reply(bodies)).message
        check(message.text == LONG, f"the text is {LONG!r}", found=f"found {message.text!r}")

    @needs(WIRE)
    def test_text_arrives_while_it_is_sent(self, bench: Bench) -> None:
        """The first text is there before the service has sent the rest."""
        gate = Gate()
        bodies = bench.wire.bodies(ScriptedAnswer(LONG))
        half = len(bodies) // 2
        bench.server.script(bench.wire.reply([*bodies[:half], gate, *bodies[half:]]))

        async def work() -> str:
            async with (
                bench.runtime() as runtime,
                runtime.stream(PROMPT, model=bench.subject.ref) as stream,
            ):
                text = ""
                async for event in stream:
                    if isinstance(event, TextDeltaEvent):
                        text += event.delta
                        gate.open()
                return text

        text = bench.run(work)
        check(not gate.given_up, "text is passed on as it arrives, not held until the end")
        check(text == LONG, f"the text is {LONG!r}", found=f"found {text!r}")

    def test_events_are_in_order(self, bench: Bench) -> None:
        """Start, then each block from its start to its end, then done."""
        events = _events(bench)
        check(
            isinstance(events[0], StartEvent),
            "the first event is StartEvent",
            found=f"found {events[0]}",
        )
        check(
            isinstance(events[-1], DoneEvent),
            "the last event is DoneEvent",
            found=f"found {events[-1]}",
        )
        text = [e for e in events if isinstance(e, TextStartEvent | TextDeltaEvent | TextEndEvent)]
        for position in {event.content_index for event in text}:
            kinds = [type(event) for event in text if event.content_index == position]
            check(
                kinds[0] is TextStartEvent and kinds[-1] is TextEndEvent,
                "a block begins with its start and ends with its end",
                found=f"found {kinds}",
            )

    def test_deltas_follow_the_contract(self, bench: Bench) -> None:
        """The plugin yields only deltas, each where it is allowed."""
        if bench.subject.wire is not None:
            bench.server.script(bench.wire.reply(bench.wire.bodies(ScriptedAnswer(LONG))))

        async def work() -> list[object]:
            async with bench.runtime() as runtime:
                return await bench.deltas(runtime, Context([UserMessage(PROMPT)]))

        problems = list(_misplaced(bench.run(work)))
        check(not problems, "deltas follow the contract", found=f"{'; '.join(problems)}")

    def test_usage_is_counted(self, bench: Bench) -> None:
        """Tokens of the request and of the answer, as the service counts them."""
        if bench.subject.wire is None:
            usage = bench.ask().message.usage
            check(
                usage.input > 0 and usage.output > 0, "tokens are counted", found=f"found {usage}"
            )
            return
        answer = ScriptedAnswer(LONG, usage=Usage(input=1234, output=567))
        usage = bench.ask(bench.wire.reply(bench.wire.bodies(answer))).message.usage
        check(
            (usage.input, usage.output) == (1234, 567),
            "the usage is 1234 tokens in and 567 out",
            found=f"found {usage.input} and {usage.output}",
        )

    @needs(WIRE, "cache_usage")
    def test_cached_tokens_are_counted_apart(self, bench: Bench) -> None:
        """The four counters do not overlap: `input` holds no token that a cache was involved in."""
        scripted = Usage(input=100, output=50, cache_read=2000, cache_write=0)
        usage = bench.ask(
            bench.wire.reply(bench.wire.bodies(ScriptedAnswer(LONG, usage=scripted)))
        ).message.usage
        check(
            (usage.input, usage.cache_read) == (100, 2000),
            "100 new tokens and 2000 from the cache are counted separately, not as "
            f"{usage.input} and {usage.cache_read}",
        )

    @needs(WIRE)
    @pytest.mark.parametrize("reason", [StopReason.STOP, StopReason.LENGTH], ids=str)
    def test_the_stop_reason_is_reported(self, bench: Bench, reason: StopReason) -> None:
        """An answer that met its limit is not taken for one that was done."""
        answer = ScriptedAnswer(LONG, stop_reason=reason)
        message = bench.ask(bench.wire.reply(bench.wire.bodies(answer))).message
        check(
            message.stop_reason is reason,
            f"the stop reason is {reason.value}",
            found=f"found {message.stop_reason.value}",
        )

    @needs(WIRE)
    def test_many_answers_at_once_are_kept_apart(self, bench: Bench) -> None:
        """Twelve streams in one loop, each with a text of its own."""
        texts = [f"{number}: {LONG}" for number in range(12)]
        for text in texts:
            bench.server.script(bench.wire.reply(bench.wire.bodies(ScriptedAnswer(text))))

        async def work() -> list[str]:
            async with bench.runtime() as runtime:
                calls = [bench.hear(runtime) for _ in texts]
                return [outcome.message.text for outcome in await asyncio.gather(*calls)]

        received = bench.run(work)
        check(sorted(received) == sorted(texts), f"every stream has its own text: {received}")


def _events(bench: Bench) -> list[Event]:
    """The events of a good answer."""
    replies = []
    if bench.subject.wire is not None:
        replies.append(bench.wire.reply(bench.wire.bodies(ScriptedAnswer(LONG))))
    outcome = bench.ask(*replies)
    check(outcome.message.content, "the answer says something")
    return outcome.events


def _misplaced(deltas: list[object]) -> Iterator[str]:
    """The mistakes in a stream of deltas."""
    calls: set[int] = set()
    stops = 0
    for delta in deltas:
        if not isinstance(delta, Delta):
            yield f"{type(delta).__name__} is not a delta"
        elif stops and isinstance(delta, TextDelta | ToolCallStart | ArgumentsDelta):
            yield f"{type(delta).__name__} comes after Stop"
        elif isinstance(delta, ToolCallStart):
            calls.add(delta.index)
        elif isinstance(delta, BlockEnd):
            calls.discard(delta.index)
        elif isinstance(delta, ArgumentsDelta) and delta.index not in calls:
            yield "ArgumentsDelta comes outside of a tool call"
        elif isinstance(delta, Stop):
            stops += 1
    if stops != 1:
        yield f"Stop comes {stops} times, not once"

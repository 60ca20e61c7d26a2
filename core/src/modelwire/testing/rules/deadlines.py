"""Rules on deadlines: they hold, and the event loop is not blocked."""

from __future__ import annotations

import asyncio

import pytest

from modelwire.errors import RequestTimeout
from modelwire.testing.audit import blocking_calls
from modelwire.testing.bench import Bench
from modelwire.testing.checks import check, patience
from modelwire.testing.rules.answers import LONG
from modelwire.testing.rules.rule import WIRE, Rules, needs
from modelwire.testing.server import Gate
from modelwire.testing.wires import ScriptedAnswer
from modelwire.transport import Deadlines

__all__ = ["WaitingRules"]

_SOON = 0.3


class WaitingRules(Rules):
    """Deadlines, and the freedom of the event loop."""

    @needs(WIRE)
    def test_a_stall_ends_with_the_deadline_for_idleness(self, bench: Bench) -> None:
        """Nothing more arrives: `RequestTimeout` in the phase `idle`."""
        bodies = bench.wire.bodies(ScriptedAnswer(LONG))
        bench.server.script(bench.wire.reply(bodies[: len(bodies) // 2], end="stall"))
        error = _late(bench, Deadlines(connect=patience(), first_byte=patience(), idle=_SOON))
        check(error.phase == "idle", "the phase is idle", found=f"found {error.phase}")
        partial = error.partial.text if error.partial is not None else ""
        check(partial, "what had arrived is on error.partial")

    @needs(WIRE)
    def test_silence_ends_with_the_deadline_for_the_first_byte(self, bench: Bench) -> None:
        """No answer begins: `RequestTimeout` in the phase `first_byte`."""
        bench.server.script(bench.wire.reply([], hold=Gate(), end="stall"))
        error = _late(bench, Deadlines(connect=patience(), first_byte=_SOON, idle=patience()))
        check(error.phase == "first_byte", "the phase is first_byte", found=f"found {error.phase}")

    @needs(WIRE)
    def test_the_deadline_for_the_whole_answer_is_kept(self, bench: Bench) -> None:
        """However lively the stream is."""
        bodies = bench.wire.bodies(ScriptedAnswer(LONG))
        bench.server.script(bench.wire.reply(bodies[: len(bodies) // 2], end="stall"))
        late = Deadlines(connect=patience(), first_byte=patience(), idle=patience(), total=1.0)
        error = _late(bench, late)
        check(error.phase == "total", "the phase is total", found=f"found {error.phase}")

    @needs(WIRE)
    @pytest.mark.parametrize("where", ["head", "middle"])
    def test_the_loop_is_free_while_the_service_takes_its_time(
        self, bench: Bench, where: str
    ) -> None:
        """Other tasks continue, before the answer begins and in the middle of it."""
        gate = Gate()
        bodies = bench.wire.bodies(ScriptedAnswer(LONG))
        half = len(bodies) // 2
        if where == "head":
            bench.server.script(bench.wire.reply(bodies, hold=gate))
        else:
            bench.server.script(bench.wire.reply([*bodies[:half], gate, *bodies[half:]]))

        async def work() -> str:
            async with bench.runtime() as runtime:
                asking = asyncio.create_task(bench.hear(runtime))
                while not bench.requests and not asking.done():  # noqa: ASYNC110 - it is in a thread
                    await asyncio.sleep(0.001)
                for _ in range(20):
                    await asyncio.sleep(0.001)  # other work, for which the loop has to be free
                gate.open()
                return (await asking).message.text

        text = bench.run(work)
        check(not gate.given_up, "the event loop is free while the provider waits for the service")
        check(text == LONG, f"the text is {LONG!r}", found=f"found {text!r}")

    def test_nothing_in_the_loop_sleeps_or_connects_by_itself(self, bench: Bench) -> None:
        """No `time.sleep`, no blocking look-up of a name, no blocking connection."""
        if bench.subject.wire is not None:
            bench.server.script(bench.wire.reply(bench.wire.bodies(ScriptedAnswer(LONG))))

        async def work() -> list[str]:
            async with bench.runtime() as runtime:
                with blocking_calls() as calls:
                    outcome = await bench.hear(runtime)
                check(outcome.message.text, "the answer says something")
                return calls

        calls = bench.run(work)
        check(not calls, "nothing that blocks runs in the event loop", found=f"{calls} did")


def _late(bench: Bench, deadlines: Deadlines) -> RequestTimeout:
    outcome = bench.ask(deadlines=deadlines)
    if not isinstance(outcome.error, RequestTimeout):
        msg = f"a RequestTimeout is expected, not {outcome.error or outcome.finished!r}"
        raise AssertionError(msg) from outcome.error
    return outcome.error

"""Rules on thinking: separate from the text, and sent back in the provider's form."""

from __future__ import annotations

from modelwire.messages import AssistantMessage, Context, Text, Thinking, UserMessage
from modelwire.testing.bench import PROMPT, Bench
from modelwire.testing.checks import check
from modelwire.testing.rules.rule import WIRE, Rules, needs
from modelwire.testing.wires import ScriptedAnswer

__all__ = ["ThinkingRules"]

_THOUGHT = "France is a country; its capital has a tower."
_SIGNATURE = "c2lnbmVkLWJ5LXRoZS1jb25mb3JtYW5jZS1raXQ="


class ThinkingRules(Rules):
    """A provider's handling of thinking."""

    @needs(WIRE, "thinking")
    def test_thinking_is_kept_apart_from_the_text(self, bench: Bench) -> None:
        """Two blocks, in order, each with its own words."""
        message = _thought(bench, None)
        check(
            message.thinking == _THOUGHT,
            "the thinking is whole",
            found=f"found {message.thinking!r}",
        )
        check(message.text == "Paris.", "the text holds no thinking", found=f"is {message.text!r}")
        kinds = [type(block) for block in message.content]
        check(kinds == [Thinking, Text], f"thinking comes before the text: {kinds}")

    @needs(WIRE, "thinking", "signatures")
    def test_a_signature_is_kept_and_given_back(self, bench: Bench) -> None:
        """The opaque proof is in the message, and in the request of the next turn, unchanged."""
        message = _thought(bench, _SIGNATURE)
        kept = [block.signature for block in message.content if isinstance(block, Thinking)]
        check(kept and _SIGNATURE in (kept[0] or ""), f"the message keeps the signature: {kept}")
        again = Context([UserMessage(PROMPT), message, UserMessage("Are you sure?")])
        reply = bench.wire.reply(bench.wire.bodies(ScriptedAnswer("Yes.")))
        check(
            bench.ask(reply, prompt=again, reasoning="high").message.text, "the next turn answers"
        )
        check(bench.requests[-1].says(_SIGNATURE), "the next request gives the signature back")


def _thought(bench: Bench, signature: str | None) -> AssistantMessage:
    answer = ScriptedAnswer([Thinking(_THOUGHT, signature), Text("Paris.")])
    return bench.ask(bench.wire.reply(bench.wire.bodies(answer))).message

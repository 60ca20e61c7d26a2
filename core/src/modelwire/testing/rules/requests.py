"""Rules on requests: the whole conversation, in order, with the caller's options."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import pytest

from modelwire.hookspecs import ToolChoice
from modelwire.messages import AssistantMessage, Context, Image, Tool, UserMessage
from modelwire.testing.bench import PROMPT, Bench
from modelwire.testing.checks import check
from modelwire.testing.rules.rule import WIRE, Rules, needs, require
from modelwire.testing.server import ReceivedRequest
from modelwire.testing.wires import ScriptedAnswer

__all__ = ["AskingRules"]

_VALUES: dict[str, Any] = {
    "max_tokens": 137,
    "temperature": 0.3125,
    "top_p": 0.8125,
    "stop": ("halt-here",),
}


class AskingRules(Rules):
    """Requests that a provider makes from a context and options."""

    @needs(WIRE)
    def test_the_model_and_the_prompt_are_sent(self, bench: Bench) -> None:
        """One request, with the model's id in it or in its path, and the prompt."""
        request = _request_for(bench)
        model = bench.subject.model
        named = request.says(model) or model in request.target.replace("%3A", ":")
        check(named, f"the request names the model {model!r}")
        check(request.says(PROMPT), "the request holds the prompt")
        check(
            len(bench.requests) == 1,
            "one question is one request",
            found=f"found {len(bench.requests)}",
        )

    @needs(WIRE)
    def test_the_system_prompt_is_sent(self, bench: Bench) -> None:
        """The request contains it."""
        request = _request_for(bench, system="Answer like a pirate.")
        check(request.says("Answer like a pirate."), "the request holds the system prompt")

    @needs(WIRE)
    def test_the_conversation_is_sent_in_order(self, bench: Bench) -> None:
        """All turns, oldest first."""
        turns = ["first question", "first answer", "second question", "second answer", "third one"]
        messages: list[UserMessage | AssistantMessage] = [
            AssistantMessage(text, bench.subject.provider, bench.subject.model)
            if position % 2
            else UserMessage(text)
            for position, text in enumerate(turns)
        ]
        request = _request_for(bench, prompt=Context(list(messages)))
        sent = [text for text in request.values() if text in turns]
        check(sent == turns, f"the turns are {turns}", found=f"found {sent}")

    @needs(WIRE)
    @pytest.mark.parametrize("option", sorted(_VALUES))
    def test_an_option_is_honoured(self, bench: Bench, option: str) -> None:
        """Its value is in the request; where it was not given, it is not."""
        require(self.subject, option)
        value = _VALUES[option]
        given, without = _request_for(bench, **{option: value}), _request_for(bench)
        check(_holds(given, value), f"the request holds {option} = {value}")
        check(not _holds(without, value), f"a request without {option} holds no {value}")

    @needs("max_tokens")
    def test_a_limit_on_tokens_is_kept(self, bench: Bench) -> None:
        """A model that is really there says no more than it may."""
        if bench.subject.wire is not None:
            pytest.skip("the scripted server repeats its script; the request was looked at")
        message = bench.ask(prompt="Count to one hundred.", max_tokens=5).message
        check(message.usage.output <= 5, f"5 tokens are allowed, {message.usage.output} were used")
        check(message.stop_reason.value == "length", "an answer that reached its limit says so")

    @needs(WIRE, "reasoning")
    def test_how_much_to_think_is_honoured(self, bench: Bench) -> None:
        """A request for much thinking differs from one for none."""
        much, none = _request_for(bench, reasoning="high"), _request_for(bench, reasoning="off")
        check(much.data != none.data, "reasoning changes the request")

    @needs(WIRE, "tools", "tool_choice")
    def test_the_choice_of_a_tool_is_honoured(self, bench: Bench) -> None:
        """A demanded tool changes the request."""
        tools = [Tool("look_up", "Looks something up.")]
        demanded = _request_for(bench, tools=tools, tool_choice=ToolChoice("tool", "look_up"))
        free = _request_for(bench, tools=tools)
        check(demanded.data != free.data, "the choice of a tool changes the request")

    @needs(WIRE, "images")
    def test_an_image_is_sent_byte_for_byte(self, bench: Bench) -> None:
        """The request contains its bytes in base64, with its media type."""
        image = Image(_png(), "image/png")
        message = UserMessage("What is this?")
        message.content.append(image)
        request = _request_for(bench, prompt=message)
        check(
            request.says(base64.b64encode(image.data).decode()),
            "the request holds the bytes of the image in base64",
        )
        check(request.says("png"), "the request says that the image is a PNG")


def _request_for(bench: Bench, **options: Any) -> ReceivedRequest:
    """The request made for a question."""
    outcome = bench.ask(bench.wire.reply(bench.wire.bodies(ScriptedAnswer("Yes."))), **options)
    check(outcome.message.text == "Yes.", f"the answer is read: {outcome.message}")
    check(bench.requests, "the provider sends a request to the server")
    return bench.requests[-1]


def _holds(request: ReceivedRequest, value: Any) -> bool:
    if isinstance(value, tuple):
        return all(request.says(text) for text in value)
    return request.holds(value)


def _png() -> bytes:
    """A picture of one red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0\xff\0\0")
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts

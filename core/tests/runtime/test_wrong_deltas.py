"""What a plugin yields is wrong: an error names it, with what came before, also inside middleware."""

import pytest

from modelwire.errors import PluginError
from modelwire.events import TextDeltaEvent

WRONG = {
    "text": "TextDelta(0, 5)",
    "bytes": 'TextDelta(0, b"x")',
    "thinking": "ThinkingDelta(0, 5)",
    "signature": "SignatureDelta(0, 5)",
    "arguments": "ArgumentsDelta(1, 5)",
    "object": "ArgumentsDelta(1, {})",
    "redacted": 'RedactedThinkingDelta(0, "x")',
    "call": "ToolCallStart(2, 5, 5)",
    "name": 'ToolCallStart(2, "c", ["list"])',
    "stop": 'Stop("stop")',
    "no-stop": "Stop(None)",
    "usage": "UsageReport(5)",
    "info": "ResponseInfo(5)",
    "diagnostic": "Diagnostic(5)",
    "index": 'TextDelta(None, "x")',
}
PLUGIN = f"""
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason

    WRONG = {{{", ".join(f"{name!r}: {code}" for name, code in WRONG.items())}}}

    @hookimpl
    async def stream_completion(model):
        how, _, name = model.id.partition(":")
        good = [TextDelta(0, "so far"), ToolCallStart(1, "c", "tool")]
        if how == "together":
            yield [*good, WRONG[name], TextDelta(0, "never")]
        else:
            for delta in good:
                yield delta
            yield WRONG[name]
        yield BlockEnd(1)
        yield Stop(StopReason.STOP)
"""

# It trusts the types of what it reads, as middleware may.
READER = """
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl

    read = []

    @hookimpl(wrapper=True)
    def stream_completion():
        deltas = yield
        return reading(deltas)

    async def reading(deltas):
        async for arrived in deltas:
            for delta in deltas_of(arrived):
                if isinstance(delta, TextDelta | ThinkingDelta):
                    read.append((delta.index + 0, delta.text.upper()))
                elif isinstance(delta, ArgumentsDelta):
                    read.append(delta.fragment.strip())
                elif isinstance(delta, UsageReport):
                    read.append(delta.usage.input)
            yield arrived
"""
TAMPERING = """
    from modelwire.events import TextDelta
    from modelwire.hookspecs import hookimpl

    @hookimpl(wrapper=True)
    def stream_completion():
        deltas = yield
        return tampered(deltas)

    async def tampered(deltas):
        async for arrived in deltas:
            yield arrived
            yield TextDelta(0, 5)
"""


@pytest.mark.parametrize("wrapped", [False, True], ids=["alone", "in middleware"])
@pytest.mark.parametrize("how", ["apart", "together"])
@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_delta_is_named_with_its_plugin(site, make_runtime, name, how, wrapped):
    site.provider("wrong", PLUGIN)
    if wrapped:
        site.install("reader", {"middleware": {"reader": ""}}, READER)
    seen = []
    with pytest.raises(PluginError) as caught:
        async for event in make_runtime().stream("x", model=f"wrong/{how}:{name}"):
            if type(event) is TextDeltaEvent:
                seen.append(event.delta)
    delta = WRONG[name].partition("(")[0]
    said = str(caught.value)
    assert said.startswith(f"modelwire-wrong yielded a wrong delta: {delta}.")
    assert " must be " in said
    assert seen == ["so far"]
    assert caught.value.partial.text == "so far"
    assert caught.value.partial.diagnostics[0]["type"] == "incomplete_tool_calls"
    assert caught.value.hint == "This is a bug in the plugin; tell its author."


async def test_a_fallback_answers_in_place_of_a_plugin_that_yields_nothing_right(
    site, make_runtime
):
    source = PLUGIN.replace("good = [", "good = []; _ = [")
    site.provider("wrong", source)
    site.provider("echo")
    message = await make_runtime().complete("hi", model="wrong/apart:text", fallbacks=["echo/e"])
    assert message.text == "e heard: hi"
    assert [attempt.code for attempt in message.attempts] == ["plugin"]


async def test_a_wrong_delta_of_middleware_is_not_the_owners(site, make_runtime):
    site.provider("echo")
    site.install("tampering", {"middleware": {"tampering": ""}}, TAMPERING)
    with pytest.raises(PluginError, match=r"^Middleware around modelwire-echo yielded a wrong"):
        await make_runtime().complete("hi", model="echo/e")

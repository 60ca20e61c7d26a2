"""Answers of any length in constant memory, for who keeps nothing."""

import tracemalloc

import pytest

from modelwire.events import TextDeltaEvent, TextEndEvent
from modelwire.messages import StopReason, ToolCall, Usage

SOURCE = """
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason, Usage

    @hookimpl
    async def stream_completion(model):
        yield ThinkingDelta(0, "so")
        for number in range(int(model.id)):
            yield TextDelta(1, f"{number:1000d}")
        yield BlockEnd(1)
        yield [ToolCallStart(2, "c", "f"), ArgumentsDelta(2, '{"a": 1}'), BlockEnd(2)]
        yield UsageReport(Usage(1, 2))
        yield Stop(StopReason.TOOL_USE)
"""


async def test_without_its_text_a_message_still_has_everything_else(site, make_runtime):
    site.provider("wordy", source=SOURCE)
    stream = make_runtime().stream("x", model="wordy/3", keep_text=False)
    events = [event async for event in stream]
    assert [int(e.delta) for e in events if type(e) is TextDeltaEvent] == [0, 1, 2]
    assert [e.content for e in events if type(e) is TextEndEvent] == [""]
    assert stream.message.content == [ToolCall("c", "f", {"a": 1})]
    assert stream.message.stop_reason is StopReason.TOOL_USE
    assert stream.message.usage == Usage(1, 2)


async def test_the_text_is_kept_by_default(site, make_runtime):
    site.provider("wordy", source=SOURCE)
    message = await make_runtime().complete("x", model="wordy/3")
    assert len(message.text) == 3000
    assert message.thinking == "so"


@pytest.mark.may_block("the plugin of this test never waits")
async def test_an_answer_takes_no_more_memory_the_longer_it_is(site, make_runtime):
    site.provider("wordy", source=SOURCE)
    runtime = make_runtime()

    async def most(pieces):
        tracemalloc.start()
        try:
            async for _ in runtime.stream("x", model=f"wordy/{pieces}", keep_text=False):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    await most(1)
    # Kept, the text alone would be 1.9 MB more.
    assert await most(2000) - await most(100) < 100_000

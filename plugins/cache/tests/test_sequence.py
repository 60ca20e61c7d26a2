"""Equal requests, failures and answers that were left are replayed as they were recorded."""

import asyncio

import pytest

from modelwire.errors import ContextOverflow, ProviderError, ServerError, StreamTruncated
from modelwire.events import TextDeltaEvent
from modelwire_cache.call import NoRecording

MODEL = "acme/large"


async def ask(runtime, *prompts, **options):
    async with runtime as live:
        return [(await live.complete(text, model=MODEL, **options)).text for text in prompts]


def names(folder):
    return sorted(path.name.rpartition("-")[2] for path in folder.iterdir())


async def test_equal_requests_are_replayed_in_the_order_in_which_they_were_made(
    runtime, service, folder
):
    first = await ask(runtime("record"), "Why?", "Why?", "How?", "Why?")
    assert await ask(runtime("replay"), "Why?", "Why?", "How?", "Why?") == first
    assert [text[:8] for text in first] == ["Answer 1", "Answer 2", "Answer 3", "Answer 4"]
    assert names(folder) == ["1.json", "1.json", "2.json", "3.json"]
    assert service.asked == 4


async def test_one_more_than_were_recorded_is_an_error_that_says_so(runtime):
    await ask(runtime("record"), "Why?", "Why?")
    with pytest.raises(
        NoRecording, match=r"^This is call 3 of .*, which was recorded 2 times in "
    ) as caught:
        await ask(runtime("replay"), "Why?", "Why?", "Why?")
    assert caught.value.nearest.name.endswith("-2.json")


async def test_one_more_may_get_the_last_one_again(runtime, service):
    texts = await ask(runtime("record"), "Why?", "Why?")
    again = await ask(runtime("replay", repeat=True), *["Why?"] * 4)
    assert again == [*texts, texts[1], texts[1]]
    assert await ask(runtime(repeat=True), *["Why?"] * 4) == again
    assert service.asked == 2


async def test_record_missing_adds_what_is_one_more(runtime, service):
    first = await ask(runtime(), "Why?")
    assert await ask(runtime(), "Why?", "Why?") == [*first, "Answer 2 to Why?"]
    assert service.asked == 2


async def test_equal_requests_at_a_time_each_have_a_recording(runtime, folder):
    async def at_once(live):
        async with live:
            asked = (live.complete(f"Why {n % 5}?", model=MODEL) for n in range(50))
            return sorted(message.text for message in await asyncio.gather(*asked))

    answers = await at_once(runtime("record"))
    assert len(set(answers)) == 50
    assert await at_once(runtime("replay")) == answers
    assert len(list(folder.iterdir())) == 50


async def test_a_failed_try_takes_no_place_in_the_sequence(runtime, service, folder):
    service.failures = [500, 503]
    texts = await ask(runtime("record"), "Why?")
    assert (texts, names(folder)) == (["Answer 3 to Why?"], ["1.json"])
    assert await ask(runtime("replay"), "Why?") == texts


async def test_a_lasting_failure_is_replayed_as_the_same_error(runtime, service):
    service.status = 400
    with pytest.raises(ProviderError) as recorded:
        await ask(runtime("record"), "Why?")
    for mode in ("replay", "record-missing"):
        with pytest.raises(ProviderError) as replayed:
            await ask(runtime(mode), "Why?")
        assert type(replayed.value) is type(recorded.value)
        for name in ("message", "code", "status", "retryable", "provider", "model", "hint"):
            assert getattr(replayed.value, name) == getattr(recorded.value, name)
    assert service.asked == 1


async def test_a_passing_failure_is_replayed_and_not_taken_for_a_recording(runtime, service):
    service.failures = [500] * 3
    with pytest.raises(ServerError):
        await ask(runtime("record"), "Why?")
    with pytest.raises(ServerError) as caught:
        await ask(runtime("replay"), "Why?")
    assert len(caught.value.attempts) == 2
    assert service.asked == 3
    assert await ask(runtime(), "Why?") == ["Answer 4 to Why?"]
    assert await ask(runtime("replay"), "Why?") == ["Answer 4 to Why?"]


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_what_is_wrong_with_the_account_is_not_recorded(runtime, service, folder, status):
    service.status = status
    with pytest.raises(ProviderError):
        await ask(runtime("record"), "Why?")
    assert not folder.exists()


async def test_a_fallback_is_replayed(runtime, service, folder):
    service.failures = [500] * 3

    async def fall_back(mode):
        async with runtime(mode) as live:
            message = await live.complete("Why?", model=MODEL, fallbacks=["acme/small"])
            return message.model, message.text, len(message.attempts)

    recorded = await fall_back("record")
    assert recorded == ("small", "Answer 4 to Why?", 3)
    assert await fall_back("replay") == recorded
    assert (service.asked, len(list(folder.iterdir()))) == (4, 2)


async def test_a_cut_answer_is_replayed_with_what_had_arrived(runtime, service):
    service.cut = True
    for mode in ("record", "replay"):
        with pytest.raises(StreamTruncated) as caught:
            await ask(runtime(mode), "Why?")
        assert caught.value.partial.text == "Answer 1 to Why?"
    service.cut = False
    assert await ask(runtime(), "Why?") == ["Answer 2 to Why?"]


async def leave(live):
    async with live, live.stream("Why?", model=MODEL) as stream:
        async for event in stream:
            if isinstance(event, TextDeltaEvent):
                return event.delta
    return None


async def test_an_answer_that_was_left_is_replayed_as_far_as_it_was_read(runtime, service):
    service.go_on.clear()
    first = await leave(runtime("record"))
    service.go_on.set()
    assert await leave(runtime("replay")) == first
    with pytest.raises(NoRecording, match=r"ends here: when it was recorded, its reader left\."):
        await ask(runtime("replay"), "Why?")
    assert service.asked == 1
    assert (await ask(runtime(), "Why?"))[0].startswith("Answer 2")


async def test_a_call_that_was_cancelled_before_anything_came_is_not_recorded(runtime, folder):
    async with runtime("record") as live:
        task = asyncio.create_task(live.complete("Why?", model=MODEL))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not folder.exists()


async def test_an_error_of_a_subclass_is_replayed_as_that(runtime, service):
    service.overflow = True
    for mode in ("record", "replay"):
        with pytest.raises(ContextOverflow):
            await ask(runtime(mode), "Why?")
    assert service.asked == 1

"""Test recordings beside vcrpy: the same programs, recorded and replayed by both.

What the page on recordings says of vcrpy is shown here, so that it is noticed when it is no longer true.
"""

import asyncio
import json
import time

import pytest

from modelwire.errors import PluginError
from modelwire_cache.call import NoRecording

vcr = pytest.importorskip("vcr")

MODEL = "acme/large"
KEY = "sk-marked-key"


@pytest.fixture
def cassette(tmp_path):
    """vcrpy, with a cassette as a context manager."""

    def use(mode, **options):
        return vcr.use_cassette(str(tmp_path / "cassette.yaml"), record_mode=mode, **options)

    return use


async def ask(live, *prompts):
    async with live:
        asked = (live.complete(prompt, model=MODEL) for prompt in prompts)
        return [message.text for message in await asyncio.gather(*asked)]


async def test_another_prompt_gets_the_recording_of_another_one_from_vcrpy(
    runtime, cassette, service
):
    with cassette("once"):
        (recorded,) = await ask(runtime("off"), "Why?")
    with cassette("none"):
        assert await ask(runtime("off"), "Something else?") == [recorded]
    await ask(runtime("record"), "Why?")
    with pytest.raises(NoRecording):
        await ask(runtime("replay"), "Something else?")
    assert service.asked == 2


async def test_a_miss_is_taken_for_a_bug_with_vcrpy_and_is_an_error_of_its_own_here(
    runtime, cassette
):
    compared = {"match_on": ["method", "uri", "body"]}
    with cassette("once", **compared):
        await ask(runtime("off"), "Why?")
    with (
        cassette("none", **compared),
        pytest.raises(PluginError, match="failed while answering for 'acme'") as caught,
    ):
        await ask(runtime("off"), "Why not?")
    assert '"Why not?"' in str(caught.value.__cause__)
    assert '"Why not?"' not in str(caught.value)
    await ask(runtime("record"), "Why?")
    with pytest.raises(NoRecording, match=r'messages\[0\]\.content\[0\] is "Why not\?", and was'):
        await ask(runtime("replay"), "Why not?")


async def test_questions_at_a_time_get_their_own_answers_whatever_their_order(runtime, cassette):
    with cassette("once"):
        first = await ask(runtime("off"), "Why?")
        second = await ask(runtime("off"), "How?")
    with cassette("none"):
        swapped = await ask(runtime("off"), "How?"), await ask(runtime("off"), "Why?")
    assert swapped == (first, second)  # by position: "How?" has the answer to "Why?"
    recorded = await ask(runtime("record"), "Why?", "How?")
    assert await ask(runtime("replay"), "How?", "Why?") == recorded[::-1]


async def test_equal_requests_are_replayed_in_sequence_by_both(runtime, cassette):
    with cassette("once"):
        recorded = [*await ask(runtime("off"), "Why?"), *await ask(runtime("off"), "Why?")]
    with cassette("none"):
        assert [*await ask(runtime("off"), "Why?"), *await ask(runtime("off"), "Why?")] == recorded
    async with runtime("record") as live:
        recorded = [(await live.complete("Why?", model=MODEL)).text for _ in range(2)]
    async with runtime("replay") as live:
        assert [(await live.complete("Why?", model=MODEL)).text for _ in range(2)] == recorded


async def test_the_key_is_in_the_cassette_and_not_in_the_recording(
    runtime, cassette, tmp_path, folder
):
    with cassette("once"):
        await ask(runtime("off"), "Why?")
    assert KEY in (tmp_path / "cassette.yaml").read_text()
    await ask(runtime("record"), "Why?")
    assert not any(KEY in path.read_text() for path in folder.iterdir())


async def test_another_address_is_another_request_for_vcrpy_alone(runtime, document, cassette):
    with cassette("once"):
        await ask(runtime("off"), "Why?")
    (recorded,) = await ask(runtime("record"), "Why?")
    moved = document()["models"]["providers"]["acme"] | {"baseUrl": "http://127.0.0.2:9/v1"}
    with cassette("none"), pytest.raises(PluginError):
        await ask(runtime("off", providers={"acme": moved}), "Why?")
    assert await ask(runtime("replay", providers={"acme": moved}), "Why?") == [recorded]


async def test_both_replay_a_stream_in_its_pieces_and_paced_recordings_in_their_time_too(
    runtime, cassette, folder
):
    async def pieces(live):
        async with live:
            return [text async for text in live.stream("Why?", model=MODEL).texts()]

    with cassette("once"):
        recorded = await pieces(runtime("off"))
    with cassette("none"):
        assert await pieces(runtime("off")) == recorded
    recorded = await pieces(runtime("record"))
    assert await pieces(runtime("replay")) == recorded
    (path,) = folder.iterdir()
    data = json.loads(path.read_text())
    (text,) = [entry for entry in data["response"] if "pieces" in entry]
    text["pieces"] = " ".join(
        f"{piece.partition('@')[0]}@{0.1 * number}"
        for number, piece in enumerate(text["pieces"].split(), 1)
    )
    path.write_text(json.dumps(data))
    began = time.monotonic()
    assert await pieces(runtime("replay", paced=True)) == recorded
    assert time.monotonic() - began >= 0.1 * len(recorded)


@pytest.mark.may_block("vcrpy gives the 2,000 pieces of its answer at once")
async def test_a_long_answer_takes_a_quarter_of_the_space(
    runtime, cassette, service, tmp_path, folder
):
    service.pieces = 2000

    with cassette("once"):
        await ask(runtime("off"), "Why?")
    await ask(runtime("record"), "Why?")
    (path,) = folder.iterdir()
    assert 4 * path.stat().st_size < (tmp_path / "cassette.yaml").stat().st_size

"""The files of recordings: whole, private, readable, and stable."""

import json
import stat
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    RedactedThinkingDelta,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
    UsageReport,
)
from modelwire.messages import StopReason, Usage
from modelwire_cache.call import NoRecording
from modelwire_cache.codec import from_json, to_json


async def ask(runtime, prompt="Why?", **options):
    async with runtime as live:
        return await live.complete(prompt, model="acme/large", **options)


async def test_files_are_for_the_user_alone_and_hold_no_header(runtime, folder):
    await ask(runtime())
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "sk-marked" not in path.read_text()
    assert "req-1" not in path.read_text()


async def test_a_file_can_be_read_and_compared_by_people(runtime, folder):
    await ask(runtime(), "Why is the sky blue?\nSay it in one word.", system="Be brief.")
    (path,) = folder.iterdir()
    assert path.name.startswith("why-is-the-sky-blue-say-it-in-one-word-")
    text = path.read_text()
    assert json.dumps(json.loads(text), sort_keys=True, indent=1, ensure_ascii=False) + "\n" == text
    data = json.loads(text)
    assert data["request"]["messages"][0]["content"] == [
        ["Why is the sky blue?", "Say it in one word."]
    ]
    (said,) = [entry["text"] for entry in data["response"] if "text" in entry]
    assert said == ["Answer 1 to Why is the sky blue?", "Say it in one word."]


async def test_a_text_that_was_edited_is_replayed_in_as_many_pieces(runtime, folder):
    await ask(runtime())
    (path,) = folder.iterdir()
    path.write_text(
        path.read_text().replace("Answer 1 to Why?", "Something quite different, edited")
    )
    async with runtime("replay") as live:
        pieces = [text async for text in live.stream("Why?", model="acme/large").texts()]
    assert "".join(pieces) == "Something quite different, edited"
    assert len(pieces) == 3


async def test_a_renamed_file_is_found_by_its_key(runtime, folder):
    await ask(runtime())
    (path,) = folder.iterdir()
    path.rename(folder / f"the-sky{path.name[path.name.index('-') :]}")
    assert (await ask(runtime("replay"))).text == "Answer 1 to Why?"


async def test_recording_again_changes_no_file_name(runtime, folder):
    await ask(runtime("record"))
    before = list(folder.iterdir())
    await ask(runtime("record"))
    assert list(folder.iterdir()) == before


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff\xfe", b'{"format": 9}\n', b"[]\n", b"null", b'"x"', b"[" * 9999]
)
async def test_a_damaged_file_is_replaced_and_replay_names_it(runtime, folder, damage):
    await ask(runtime())
    (path,) = folder.iterdir()
    path.write_bytes(damage)
    with pytest.raises(NoRecording, match=f"{path.name} is damaged"):
        await ask(runtime("replay"))
    assert (await ask(runtime())).text == "Answer 2 to Why?"
    assert (await ask(runtime("replay"))).text == "Answer 2 to Why?"


BIG = 10**400


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        *[(["recordedAt"], value) for value in (1e300, -1, BIG, "x", "2026-01-01T00:00:00")],
        *[(["response", -1, "at"], value) for value in (float("inf"), float("nan"), 1e300, -1)],
        *[
            (["response", "text", "pieces"], value)
            for value in ("", "x", "-1@0", "1@nan", "0@1", 3)
        ],
        *[(["response", "text", "text"], value) for value in (None, 3, [3], {})],
        (["response", "text", "delta"], "Nothing"),
        (["response"], {}),
        (["response"], [3]),
        (["outcome"], "odd"),
        (["outcome"], "failed"),
        (["kind"], "odd"),
        (["error"], {"code": "provider"}),
        (["request"], 3),
    ],
)
async def test_a_wrong_value_is_damage(runtime, folder, keys, value):
    await ask(runtime())
    (path,) = folder.iterdir()
    data = json.loads(path.read_text())
    text = next(n for n, entry in enumerate(data["response"]) if "pieces" in entry)
    place = data
    for key in keys[:-1]:
        place = place[text if key == "text" else key]
    place[keys[-1]] = value
    path.write_text(json.dumps(data))
    with pytest.raises(NoRecording, match="is damaged"):
        await ask(runtime("replay", paced=True))


async def test_a_folder_that_cannot_be_written_does_not_spoil_the_answer(runtime, folder):
    folder.write_text("a file, not a folder")
    message = await ask(runtime())
    assert message.text == "Answer 1 to Why?"
    assert "not_recorded" in [note["type"] for note in message.diagnostics]


async def test_unusual_texts_are_replayed_as_they_were(runtime, folder):
    prompt = "\ud83d half, \x1b[31mred, \u202eright, \0 nothing, é, 漢字, \r\n \u2028 end\n"
    first = await ask(runtime(), prompt)
    assert (await ask(runtime("replay"), prompt)).text == first.text
    (path,) = folder.iterdir()
    assert path.name.isascii()
    assert path.name.isprintable()


def same(text):
    return text


texts = st.text(max_size=9)
deltas = st.one_of(
    st.builds(TextDelta, st.integers(0, 2), texts),
    st.builds(ThinkingDelta, st.integers(0, 2), texts),
    st.builds(SignatureDelta, st.integers(0, 2), texts),
    st.builds(ArgumentsDelta, st.integers(0, 2), texts),
    st.builds(RedactedThinkingDelta, st.integers(0, 2), st.binary(max_size=9)),
    st.builds(ToolCallStart, st.integers(0, 2), texts, texts),
    st.builds(BlockEnd, st.integers(0, 2)),
    st.builds(UsageReport, st.builds(Usage, st.integers(0, 9), st.integers(0, 9))),
    st.builds(Stop, st.sampled_from([StopReason.STOP, StopReason.TOOL_USE])),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(deltas, max_size=20))
def test_any_deltas_are_read_as_they_were_written(said):
    timed = [(number / 4, delta) for number, delta in enumerate(said)]
    written = json.loads(json.dumps(to_json(timed, same)))
    assert list(from_json(written, same)) == timed


def test_a_text_that_was_changed_is_cut_in_proportion():
    timed = [(0.0, TextDelta(0, "ab")), (1.0, TextDelta(0, "cdef"))]
    written = to_json(timed, lambda text: text.upper() * 2)
    assert [delta.text for _, delta in from_json(written, same)] == ["ABCD", "EFABCDEF"]


def test_a_long_recording_is_one_text(runtime):
    timed = [(n / 1000, TextDelta(0, f"word{n} ")) for n in range(2000)]
    (entry,) = to_json(timed, same)
    assert sys.getsizeof(json.dumps(entry)) < 40_000

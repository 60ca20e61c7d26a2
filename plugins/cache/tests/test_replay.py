"""Answers are kept and given again, through the runtime and over a real server."""

import asyncio
import json
import stat
from pathlib import Path

import pytest

from modelwire.config import Config
from modelwire.errors import ConfigError, ServerError, StreamTruncated
from modelwire.events import TextDeltaEvent
from modelwire.messages import Context, Image, Text, UserMessage
from modelwire_cache.replay import NotCached
from modelwire_cache.settings import Settings


async def ask(runtime, prompt="Why?", **options):
    async with runtime as live:
        return await live.complete(prompt, model="acme/large", **options)


async def test_an_answer_that_is_kept_is_given_again_and_nobody_is_asked(runtime, service):
    first, second = await ask(runtime()), await ask(runtime())
    assert (first.text, second.text, service.asked) == ("Answer 1 to Why?", "Answer 1 to Why?", 1)
    assert second.usage.output == 3
    assert (second.stop_reason, second.response_id) == (first.stop_reason, first.response_id)


async def test_a_kept_answer_says_that_it_is_one(runtime):
    first, second = await ask(runtime()), await ask(runtime())
    assert not [note for note in first.diagnostics if note["type"] == "kept_answer"]
    assert [note["type"] for note in second.diagnostics] == ["kept_answer"]


async def test_it_streams_in_the_same_pieces(runtime):
    async def pieces():
        async with runtime() as live:
            return [text async for text in live.stream("Why?", model="acme/large").texts()]

    assert await pieces() == await pieces() == ["Answer 1", " to ", "Why?"]


async def test_it_is_off_unless_it_is_asked_for(runtime, service, answers):
    for _ in range(2):
        await ask(runtime("off"))
    assert service.asked == 2
    assert not answers.exists()


async def test_record_asks_again_and_keeps_the_newer_answer(runtime, service):
    await ask(runtime("record"))
    assert (await ask(runtime("record"))).text == "Answer 2 to Why?"
    assert (await ask(runtime("replay"))).text == "Answer 2 to Why?"
    assert service.asked == 2


async def test_replay_asks_nobody_and_says_what_to_do(runtime, service):
    with pytest.raises(NotCached, match="acme/large is not asked, and no answer") as caught:
        await ask(runtime("replay"))
    assert "MODELWIRE_ANSWERS=record" in caught.value.hint
    assert service.asked == 0


async def test_the_variables_win_over_the_configuration(runtime, service, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    environ = {"MODELWIRE_ANSWERS": "auto", "MODELWIRE_ANSWERS_DIR": str(elsewhere)}
    await ask(runtime("off", environ))
    assert len(list(elsewhere.glob("*.jsonl"))) == 1


def test_a_folder_of_a_user_who_does_not_exist_is_a_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    for written, meant in (("~/x", "/home/ann/x"), ("~nobody-of-that-name/x",) * 2):
        environ = {"MODELWIRE_ANSWERS_DIR": written}
        assert Settings.of(Config.empty(environ)).directory == Path(meant)


@pytest.mark.parametrize(
    "options",
    [{"system": "Be brief."}, {"max_tokens": 5}, {"temperature": 0.5}, {"params": {"seed": 1}}],
)
async def test_another_request_is_another_answer(runtime, service, options):
    await ask(runtime())
    await ask(runtime(), **options)
    assert service.asked == 2


@pytest.mark.parametrize(
    "options", [{"session_id": "s-1"}, {"metadata": {"team": "a"}}, {"cache_retention": "long"}]
)
async def test_what_does_not_change_an_answer_does_not_count(runtime, service, options):
    await ask(runtime())
    await ask(runtime(), **options)
    assert service.asked == 1


async def test_the_same_words_at_another_time_are_the_same_request(runtime, service):
    await ask(runtime(), Context([UserMessage("Why?", timestamp=1)]))
    await ask(runtime(), Context([UserMessage("Why?", timestamp=2)]))
    assert service.asked == 1


async def test_images_count_by_their_bytes_and_are_not_kept(runtime, service, answers):
    for data in (b"\x89PNG\r\n\x1a\none", b"\x89PNG\r\n\x1a\ntwo", b"\x89PNG\r\n\x1a\none"):
        await ask(runtime(), UserMessage([Text("What?"), Image(data, "image/png")]))
    assert service.asked == 2
    assert all("iVBOR" not in path.read_text() for path in answers.iterdir())


async def test_a_cut_answer_is_not_kept(runtime, service, answers):
    service.cut = True
    with pytest.raises(StreamTruncated):
        await ask(runtime())
    assert not answers.exists()


async def test_a_failure_is_not_kept(runtime, service):
    service.status = 500
    with pytest.raises(ServerError):
        await ask(runtime())
    service.status = 200
    assert (await ask(runtime())).text == "Answer 2 to Why?"


async def test_an_answer_that_the_reader_left_is_not_kept(runtime, answers):
    async with runtime() as live, live.stream("Why?", model="acme/large") as stream:
        async for event in stream:
            if isinstance(event, TextDeltaEvent):
                break
    assert not answers.exists()


async def test_an_old_answer_is_asked_anew(runtime, service, answers):
    await ask(runtime())
    (path,) = answers.iterdir()
    head, *rest = path.read_text().splitlines()
    data = {**json.loads(head), "keptAt": 1_000_000_000}
    path.write_text("\n".join([json.dumps(data), *rest]))
    assert (await ask(runtime(maxAge=60))).text == "Answer 2 to Why?"
    assert (await ask(runtime(maxAge=60))).text == "Answer 2 to Why?"


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b'{"format": 9}\n', b"[]\n"])
async def test_a_damaged_file_is_replaced_and_replay_names_it(runtime, service, answers, damage):
    await ask(runtime())
    (path,) = answers.iterdir()
    path.write_bytes(damage)
    with pytest.raises(NotCached, match=f"{path.name} is damaged"):
        await ask(runtime("replay"))
    assert (await ask(runtime())).text == "Answer 2 to Why?"
    assert (await ask(runtime("replay"))).text == "Answer 2 to Why?"


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        *[(0, "keptAt", value) for value in (1e300, float("inf"), float("nan"), -1, 10**400, "x")],
        *[(1, "at", value) for value in (float("inf"), float("nan"), 1e300, -1)],
    ],
)
async def test_a_time_that_is_none_is_damage(runtime, answers, line, key, value):
    await ask(runtime())
    (path,) = answers.iterdir()
    lines = path.read_text().splitlines()
    lines[line] = json.dumps({**json.loads(lines[line]), key: value})
    path.write_text("\n".join(lines))
    with pytest.raises(NotCached, match="is damaged"):
        await ask(runtime("replay", paced=True))


async def test_a_folder_that_cannot_be_written_does_not_spoil_the_answer(runtime, answers):
    answers.write_text("a file, not a folder")
    message = await ask(runtime())
    assert message.text == "Answer 1 to Why?"
    assert "answer_not_kept" in [note["type"] for note in message.diagnostics]


async def test_files_are_for_the_user_alone_and_hold_no_key(runtime, answers):
    await ask(runtime(), params={"user": "sk-marked-too"})
    (path,) = answers.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(answers.stat().st_mode) == 0o700
    assert "sk-marked" not in path.read_text()
    assert "req-1" not in path.read_text()


async def test_many_at_once_leave_whole_files(runtime, answers):
    async with runtime() as live:
        await asyncio.gather(
            *(live.complete(f"Why {n % 5}?", model="acme/large") for n in range(50))
        )
    async with runtime("replay") as live:
        for n in range(5):
            assert f"to Why {n}?" in (await live.complete(f"Why {n}?", model="acme/large")).text
    assert [path for path in answers.iterdir() if path.suffix != ".jsonl"] == []


async def test_a_wrong_setting_is_named_with_its_place(runtime):
    with pytest.raises(ConfigError) as caught:
        await ask(runtime("sometimes", maxAge="old", paced=1))
    text = str(caught.value)
    assert "plugins.entries.modelwire-cache.config.mode: expected one of off, auto" in text
    assert "maxAge" in text
    assert "paced" in text
    with pytest.raises(ConfigError, match="the variable MODELWIRE_ANSWERS"):
        await ask(runtime("off", {"MODELWIRE_ANSWERS": "yes"}))


async def test_a_paced_answer_comes_as_slowly_as_it_did(runtime, answers):
    await ask(runtime())
    (path,) = answers.iterdir()
    head, *rest = path.read_text().splitlines()
    lines = [json.loads(line) for line in rest]
    lines[-1]["at"] = 0.3
    path.write_text("\n".join([head, *map(json.dumps, lines)]))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await ask(runtime("replay", paced=True))
    assert loop.time() - began >= 0.3

"""Answers are recorded and replayed, through the runtime and over a real server."""

import asyncio
import json
from pathlib import Path

import platformdirs
import pytest

from modelwire.config import Config
from modelwire.errors import ConfigError, InvalidRequest
from modelwire.files import user_path
from modelwire.messages import Context, Image, Text, UserMessage
from modelwire_cache.call import NoRecording
from modelwire_cache.settings import Settings


async def ask(runtime, prompt="Why?", **options):
    async with runtime as live:
        return await live.complete(prompt, model="acme/large", **options)


async def test_a_recording_is_replayed_and_no_model_is_asked(runtime, service):
    first, second = await ask(runtime()), await ask(runtime())
    assert (first.text, second.text, service.asked) == ("Answer 1 to Why?", "Answer 1 to Why?", 1)
    assert second.usage.output == 3
    assert (second.stop_reason, second.response_id) == (first.stop_reason, first.response_id)


async def test_a_replayed_answer_has_a_diagnostic(runtime, folder):
    first, second = await ask(runtime()), await ask(runtime())
    assert first.diagnostics == []
    (note,) = second.diagnostics
    (path,) = folder.iterdir()
    assert (note["type"], note["recording"]) == ("replayed", path.name)


async def test_it_streams_in_the_same_pieces(runtime):
    async def pieces():
        async with runtime() as live:
            return [text async for text in live.stream("Why?", model="acme/large").texts()]

    assert await pieces() == await pieces() == ["Answer 1", " to ", "Why?"]


async def test_it_is_off_by_default(runtime, service, folder):
    for _ in range(2):
        await ask(runtime("off"))
    assert service.asked == 2
    assert not folder.exists()


async def test_record_asks_again_and_replaces_the_recording(runtime, service, folder):
    await ask(runtime("record"))
    assert (await ask(runtime("record"))).text == "Answer 2 to Why?"
    assert (await ask(runtime("replay"))).text == "Answer 2 to Why?"
    assert (service.asked, len(list(folder.iterdir()))) == (2, 1)


async def test_the_variables_win_over_the_configuration(runtime, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    environ = {
        "MODELWIRE_RECORDINGS": "record-missing",
        "MODELWIRE_RECORDINGS_DIR": str(elsewhere),
    }
    await ask(runtime("off", environ))
    assert len(list(elsewhere.glob("*.json"))) == 1


@pytest.mark.parametrize("name", ["recordings", "modelwire-cache"])
@pytest.mark.parametrize("changes", [{"mode": "off"}, {"mode": "record"}])
async def test_the_settings_of_a_call_win_over_all(runtime, service, name, changes):
    await ask(runtime())
    await ask(runtime("replay"), plugins={name: changes})
    assert service.asked == 2
    with pytest.raises(NoRecording):
        await ask(runtime("off"), "What?", plugins={name: {"mode": "replay"}})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mode": "sometimes"}, r"options\.plugins\.recordings\.mode: expected one of off, replay"),
        ({"mode": "new_episodes"}, "new_episodes is called record-missing here"),
        (
            {"pace": True},
            r"options\.plugins\.recordings\.pace: there is no such setting, only mode",
        ),
        ({"paced": 1}, "expected true or false"),
    ],
)
async def test_a_wrong_setting_of_a_call_is_named(runtime, service, settings, words):
    with pytest.raises(InvalidRequest, match=words):
        await ask(runtime(), plugins={"recordings": settings})
    assert service.asked == 0


def test_a_folder_of_a_user_who_does_not_exist_is_a_folder_of_that_name(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    for written, meant in (("~/x", "/home/ann/x"), ("~nobody-of-that-name/x",) * 2):
        environ = {"MODELWIRE_RECORDINGS_DIR": written}
        assert Settings.of(Config.empty(environ)).directory == Path(meant)


@pytest.mark.parametrize("directory", [None, "~/recordings"], ids=["default", "named"])
async def test_no_folder_is_looked_for_while_it_is_off(runtime, service, directory, monkeypatch):
    looked_for = []

    def watched(find):
        return lambda *args: looked_for.append(args) or find(*args)

    live = runtime("off", directory=directory)
    monkeypatch.setattr("platformdirs.user_cache_path", watched(platformdirs.user_cache_path))
    monkeypatch.setattr("modelwire_cache.settings.user_path", watched(user_path))
    await ask(live)
    assert (service.asked, looked_for) == (1, [])


@pytest.mark.parametrize(
    "options",
    [{"system": "Be brief."}, {"max_tokens": 5}, {"temperature": 0.5}, {"params": {"seed": 1}}],
)
async def test_another_request_is_another_recording(runtime, service, options):
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


async def test_images_count_by_their_bytes_and_are_not_recorded(runtime, service, folder):
    for data in (b"\x89PNG\r\n\x1a\none", b"\x89PNG\r\n\x1a\ntwo", b"\x89PNG\r\n\x1a\none"):
        await ask(runtime(), UserMessage([Text("What?"), Image(data, "image/png")]))
    assert service.asked == 2
    assert all("iVBOR" not in path.read_text() for path in folder.iterdir())


async def test_an_old_recording_is_made_again(runtime, service, folder):
    await ask(runtime())
    (path,) = folder.iterdir()
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "recordedAt": "2001-09-09T01:46:40+00:00"}))
    with pytest.raises(NoRecording, match=f"{path.name} is older than 60 seconds"):
        await ask(runtime("replay", maxAge=60))
    assert (await ask(runtime(maxAge=60))).text == "Answer 2 to Why?"
    assert (await ask(runtime(maxAge=60))).text == "Answer 2 to Why?"


async def test_a_wrong_setting_is_named_with_its_place(runtime):
    with pytest.raises(ConfigError) as caught:
        await ask(runtime("sometimes", maxAge="old", paced=1, pace=2))
    text = str(caught.value)
    assert "plugins.entries.recordings.config.mode: expected one of off, replay" in text
    for key in ("maxAge", "paced", "pace: there is no such setting"):
        assert f"plugins.entries.recordings.config.{key}" in text
    with pytest.raises(ConfigError, match="the variable MODELWIRE_RECORDINGS: expected one of off"):
        await ask(runtime("off", {"MODELWIRE_RECORDINGS": "yes"}))


@pytest.mark.parametrize("old", ["MODELWIRE_ANSWERS", "MODELWIRE_ANSWERS_DIR"])
async def test_a_variable_of_another_name_is_answered_with_the_right_one(runtime, old):
    new = old.replace("ANSWERS", "RECORDINGS")
    with pytest.raises(ConfigError, match=f"the variable {old}: it is called {new} now"):
        await ask(runtime("off", {old: "replay"}))


async def test_a_paced_answer_comes_as_slowly_as_it_did(runtime, folder):
    await ask(runtime())
    (path,) = folder.iterdir()
    data = json.loads(path.read_text())
    data["response"][-1]["at"] = 0.3
    path.write_text(json.dumps(data))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await ask(runtime("replay", paced=True))
    assert loop.time() - began >= 0.3

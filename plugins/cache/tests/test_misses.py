"""A request without a recording is reported with the nearest one and the first difference."""

import json

import pytest

from modelwire.hookspecs import ToolChoice
from modelwire.messages import Context, Image, Text, Tool, UserMessage
from modelwire_cache.call import NoRecording
from modelwire_cache.difference import differences

MODEL = "acme/large"
KEYS = [f"sk-{part * 4}" for part in ("Gq5vP7", "Zx8bN2")]
"""Of the shape of keys, and put together here, since tools that look for keys read this file too."""

TOOL = Tool("add", "Adds.", {"type": "object", "properties": {"a": {"type": "number"}}})


async def ask(runtime, prompt="Why?", model=MODEL, **options):
    async with runtime as live:
        return await live.complete(prompt, model=model, **options)


async def missed(runtime, *args, **options):
    with pytest.raises(NoRecording) as caught:
        await ask(runtime("replay"), *args, **options)
    return caught.value


async def test_a_miss_asks_no_model_and_says_how_to_record(runtime, service, folder):
    error = await missed(runtime)
    assert str(error) == (
        f"No recording answers this request to acme/large; there is none in {folder}."
    )
    assert error.hint == "Set MODELWIRE_RECORDINGS=record-missing once."
    assert (service.asked, error.code, error.nearest) == (0, "no_recording", None)


@pytest.mark.parametrize(
    ("asked", "path", "now", "then"),
    [
        ({"prompt": "Why not?"}, "messages[0].content[0]", '"Why not?"', '"Why?"'),
        ({"model": "acme/small"}, "model", '"acme/small"', '"acme/large"'),
        ({"system": "Be brief."}, "system", '"Be brief."', "absent"),
        ({"temperature": 0.5}, "options.temperature", "0.5", "absent"),
        ({"params": {"seed": 2}}, "options.params", '{"seed": 2}', "absent"),
        ({"system": "é\x1b[1m"}, "system", '"é\\u001b[1m"', "absent"),
        ({"tool_choice": ToolChoice("auto")}, "options.toolChoice", '["auto", null]', "absent"),
    ],
)
async def test_the_first_difference_is_named(runtime, asked, path, now, then):
    await ask(runtime())
    error = await missed(runtime, asked.pop("prompt", "Why?"), **asked)
    difference = error.differences[0]
    assert (difference.path, difference.asked, difference.recorded) == (path, now, then)
    assert f"The nearest is {error.nearest}: {difference.path} is {difference.asked}" in str(error)


async def test_of_several_recordings_the_nearest_is_named(runtime):
    for prompt in ("How?", "Where?", "Why?"):
        await ask(runtime(), prompt, temperature=0.1, max_tokens=9)
    error = await missed(runtime, "Where?", temperature=0.2, max_tokens=9)
    assert error.nearest.name.startswith("where-")
    assert (error.differences[0].asked, error.differences[0].recorded) == ("0.2", "0.1")
    assert error.differences[0].path == "options.temperature"


async def test_further_differences_are_counted(runtime):
    await ask(runtime(), system="A.", temperature=0.1)
    error = await missed(runtime, "What?", system="B.", temperature=0.2)
    assert str(error).endswith('"A." when it was recorded, and 2 more places differ.')


async def test_of_a_long_text_the_part_that_differs_is_shown_with_its_line(runtime):
    lines = [f"Line {n} " + "word " * 40 for n in range(50)]
    await ask(runtime(), system="\n".join(lines))
    lines[30] = lines[30][:150] + "HERE" + lines[30][150:]
    difference = (await missed(runtime, system="\n".join(lines))).differences[0]
    assert difference.path == "system[30]"
    assert "HERE" in difference.asked
    assert "HERE" not in difference.recorded
    assert len(difference.asked) < 100


async def test_another_tool_and_another_image_are_named(runtime):
    image = UserMessage([Text("What?"), Image(b"one", "image/png")])
    await ask(runtime(), Context([image], tools=[TOOL]))
    changed = Tool("add", "Adds numbers.", TOOL.parameters)
    error = await missed(runtime, Context([image], tools=[changed]))
    assert error.differences[0].path == "tools[0].description"
    other = UserMessage([Text("What?"), Image(b"two", "image/png")])
    error = await missed(runtime, Context([other], tools=[TOOL]))
    assert error.differences[0].path == "messages[0].content[1].sha256"


@pytest.mark.parametrize("secret", ["sk-marked-key", KEYS[0], "hunter2-hunter2-hunter2"])
async def test_no_secret_is_shown_or_written(runtime, folder, secret):
    environ = {"HOUSE_TOKEN": "hunter2-hunter2-hunter2"}
    prompt = f"My key is {secret} by the way"
    await ask(runtime(environ=environ), prompt, params={"user": secret}, system=f"Use {secret}.")
    with pytest.raises(NoRecording) as caught:
        await ask(runtime("replay", environ), f"{prompt}!", system=f"Use {secret}!")
    assert secret not in str(caught.value)
    for path in folder.iterdir():
        assert secret not in path.read_text()
        assert secret not in path.name


async def test_two_secrets_are_kept_apart_without_being_shown(runtime):
    await ask(runtime(), f"Use {KEYS[0]} now.")
    error = await missed(runtime, f"Use {KEYS[1]} now.")
    assert error.differences[0].path == "messages[0].content[0]"
    assert error.differences[0].asked != error.differences[0].recorded
    assert not any(key in str(error) for key in KEYS)


async def test_a_secret_that_the_model_repeats_is_hidden_and_replayed(runtime, folder):
    prompt = f"token: {KEYS[0]}, and '{KEYS[1]}'."
    first = await ask(runtime(), prompt)
    (path,) = folder.iterdir()
    assert not any(key in path.read_text() for key in KEYS)
    assert all(key in first.text for key in KEYS)
    assert (await ask(runtime("replay"), prompt)).text == first.text


async def test_damaged_recordings_are_not_compared(runtime, folder):
    await ask(runtime())
    (path,) = folder.iterdir()
    path.write_text("{")
    assert (await missed(runtime, "What?")).nearest is None
    assert f"{path} is damaged" in str(await missed(runtime))


def test_true_and_one_are_different():
    (difference,) = differences({"options": {"a": True}}, {"options": {"a": 1}})
    assert (difference.path, difference.asked, difference.recorded) == ("options.a", "true", "1")


def test_keys_that_are_no_identifiers_are_quoted():
    asked, recorded = json.loads('[{"tools": {"a-b": 1}}, {"tools": {"a-b": 2}}]')
    assert differences(asked, recorded)[0].path == 'tools["a-b"]'

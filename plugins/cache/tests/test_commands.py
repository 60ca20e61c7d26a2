"""`modelwire recordings`, as a process of its own."""

import asyncio
import json
import os

import preloaded
import pytest


@pytest.fixture
def program(document, tmp_path):
    """Runs the installed program with the configuration in its working folder."""
    (tmp_path / "modelwire.json5").write_text(json.dumps(document()))
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "MODELWIRE_CACHE_DIR": str(tmp_path / "lists"),
        "MODELWIRE_TRUST": str(tmp_path),
    }

    async def run(*arguments, **variables):
        done = await asyncio.to_thread(
            preloaded.run, arguments, cwd=tmp_path, env=environ | variables, text=True
        )
        return done.returncode, done.stdout, done.stderr

    return run


async def test_what_was_asked_is_replayed_listed_shown_and_removed(program, service, folder):
    question = ("complete", "--model", "acme/large", "Why is the sky blue?")
    first = await program(*question)
    assert first == (0, "Answer 1 to Why is the sky blue?\n", "")
    assert await program(*question) == first
    assert service.asked == 1

    (path,) = folder.iterdir()
    status, listed, _ = await program("recordings", "list")
    assert status == 0
    assert "Mode: record-missing." in listed
    assert path.name in listed
    assert "acme/large  Why is the sky blue?" in listed
    (found,) = json.loads((await program("recordings", "list", "--json"))[1])["recordings"]
    assert (found["model"], found["outcome"]) == ("acme/large", "complete")
    assert found["request"]["messages"][0]["role"] == "user"

    status, shown, _ = await program("recordings", "show", "why-is")
    assert status == 0
    assert "Outcome: complete" in shown
    assert "\nAnswer 1 to Why is the sky blue?\nStop: stop\n" in shown
    data = json.loads((await program("recordings", "show", path.name, "--json"))[1])
    assert data == {"path": str(path), **json.loads(path.read_text())}

    prune = ("recordings", "prune")
    assert (await program(*prune, "--older-than", "1"))[1] == "Removed 0 recordings.\n"
    assert (await program(*prune, "--failed"))[1] == "Removed 0 recordings.\n"
    dry = await program(*prune, "--all", "--dry-run")
    assert dry[1] == f"{path.name}\nWould remove 1 recording.\n"
    assert path.exists()
    removed = json.loads((await program(*prune, "--all", "--json"))[1])
    assert removed == {"removed": [str(path)], "dryRun": False}
    assert "There are no recordings." in (await program("recordings", "list"))[1]


async def test_pruning_asks_for_a_choice(program):
    status, out, err = await program("recordings", "prune")
    assert (status, out) == (2, "")
    assert "Say which: --older-than, --failed, --damaged or --all." in err


async def test_failed_and_damaged_recordings_are_listed_and_removed(program, service, folder):
    service.status = 400
    await program("complete", "--model", "acme/large", "Why?")
    service.status = 200
    await program("complete", "--model", "acme/large", "How?")
    (folder / f"odd-{'0' * 16}-1.json").write_text("{")
    (folder / "package.json").write_text("{}")
    listed = (await program("recordings", "list"))[1]
    assert "acme/large  (failed)  Why?" in listed
    assert f"odd-{'0' * 16}-1.json  damaged" in listed
    assert "Error: invalid_request: No." in (await program("recordings", "show", "why-"))[1]
    status, _, err = await program("recordings", "show", "odd-")
    assert (status, "is not a recording, or it is damaged" in err) == (1, True)
    removed = await program("recordings", "prune", "--failed", "--damaged")
    assert removed[1] == "Removed 2 recordings.\n"
    assert sorted(path.name[:4] for path in folder.iterdir()) == ["how-", "pack"]


async def test_a_folder_of_tests_is_read_with_those_below_it(program, tmp_path):
    below = tmp_path / "tests" / "recordings" / "test_it" / "test_one"
    await program("complete", "--model", "acme/large", "Why?", MODELWIRE_RECORDINGS_DIR=str(below))
    listed = (await program("recordings", "list", "--folder", "tests/recordings"))[1]
    assert "test_it/test_one/why-" in listed
    status, _, err = await program("recordings", "show", "what", "--folder", "tests/recordings")
    assert (status, "No recording in tests/recordings is called 'what'." in err) == (1, True)


async def test_a_replay_without_a_recording_is_one_clear_error(program, service):
    status, out, err = await program(
        "complete", "--model", "acme/large", "Why?", MODELWIRE_RECORDINGS="replay"
    )
    assert (status, out, service.asked) == (1, "", 0)
    assert "Error: No recording answers this request to acme/large; there is none in" in err
    assert "Hint: Set MODELWIRE_RECORDINGS=record-missing once." in err
    assert "Traceback" not in err


async def test_it_is_among_the_installed_plugins(program):
    assert "modelwire-cache" in (await program("plugins", "list", "--plain"))[1].split()

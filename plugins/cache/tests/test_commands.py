"""`modelwire answers`, as a process of its own."""

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


async def test_what_was_asked_is_answered_listed_and_cleared(program, service):
    question = ("complete", "--model", "acme/large", "Why is the sky blue?")
    first = await program(*question)
    assert first == (0, "Answer 1 to Why is the sky blue?\n", "")
    assert await program(*question) == first
    assert service.asked == 1

    status, listed, _ = await program("answers", "list")
    assert status == 0
    assert "Mode: auto." in listed
    assert "acme/large  Why is the sky blue?" in listed
    (kept,) = json.loads((await program("answers", "list", "--json"))[1])["answers"]
    assert (kept["model"], kept["asked"]["messages"][0]["role"]) == ("acme/large", "user")

    assert (await program("answers", "clear", "--older-than", "1"))[1] == "Removed 0 answers.\n"
    assert (await program("answers", "clear"))[1] == "Removed 1 answer.\n"
    assert "No answers are kept." in (await program("answers", "list"))[1]


async def test_a_replay_without_an_answer_is_one_clear_error(program, service):
    status, out, err = await program(
        "complete", "--model", "acme/large", "Why?", MODELWIRE_ANSWERS="replay"
    )
    assert (status, out, service.asked) == (1, "", 0)
    assert "Error: acme/large is not asked, and no answer to this request is kept." in err
    assert "Traceback" not in err


async def test_it_is_among_the_installed_plugins(program):
    assert "modelwire-cache" in (await program("plugins", "list", "--plain"))[1].split()

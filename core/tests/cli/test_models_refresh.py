"""`modelwire models refresh`: every provider is asked again."""

import json


def refreshed(done):
    return {item["provider"]: item for item in json.loads(done.stdout)["providers"]}


def test_a_fresh_list_is_fetched_again(program):
    for asked in (1, 2):
        done = program.run("models", "refresh", ACTOR_KEY="k")
        assert done.returncode == 0
        line = next(x for x in done.stdout.decode().splitlines() if x.startswith("actor"))
        assert "  1 model" in line
        assert (", before 0" in line) == (asked == 1)
        assert len(program.asked.read_text().split()) == asked
    assert b"actor/found" in program.run("models", "list", ACTOR_KEY="k").stdout
    assert len(program.asked.read_text().split()) == 2


def test_a_provider_that_fails_ends_with_1_and_says_what_is_kept(program, site):
    # The key is the same for the cache, as the plugin gives it no identity.
    program.run("models", "refresh", ACTOR_KEY="k")
    done = program.run("models", "refresh", "--provider", "act", ACTOR_KEY="bad")
    assert done.returncode == 1
    assert "failed: Invalid key." in done.stdout.decode()
    assert "fetched before is kept" in done.stdout.decode()
    done = program.run("models", "refresh", "--json", ACTOR_KEY="bad")
    assert done.returncode == 1
    actor = refreshed(done)["actor"]
    assert (actor["error"], actor["code"], actor["stale"]) == ("Invalid key.", "auth", True)
    assert actor["models"] == 1


def test_who_has_no_credentials_is_not_asked(program):
    done = program.run("models", "refresh", "--provider", "actor")
    assert done.returncode == 0
    assert done.stdout.startswith(b"actor  no request was sent: ")
    assert not program.asked.exists()
    assert not refreshed(program.run("models", "refresh", "--json"))["actor"]["asked"]


def test_an_unknown_provider_is_refused(program):
    done = program.run("models", "refresh", "--provider", "ghost")
    assert done.returncode == 2
    assert b'Invalid provider filter "ghost"' in done.stderr


def test_progress_is_shown_on_a_terminal_and_taken_away(program):
    shown = program.show("models", "refresh", "--provider", "actor", ACTOR_KEY="k")
    assert "Querying actor …" in shown
    assert shown.index("\x1b[2K") < shown.index("1 model")
    done = program.run("models", "refresh", ACTOR_KEY="k")
    assert b"Asking" not in done.stdout + done.stderr


def test_an_incomplete_list_says_why(program):
    half = {"ACTOR_KEY": "k", "HALF_A_LIST": "1"}
    done = program.run("models", "refresh", "--provider", "actor", **half)
    assert done.returncode == 0
    assert "\n  Incomplete: Profiles may not be \\x1b[2Jlisted.\n" in done.stdout.decode()
    data = program.run("models", "refresh", "--provider", "actor", "--json", **half)
    (actor,) = json.loads(data.stdout)["providers"]
    assert actor["incomplete"] == ["Profiles may not be \x1b[2Jlisted."]
